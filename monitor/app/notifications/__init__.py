"""Channels, the publisher, summaries, and suppression during maintenance."""
