"""Channels, the publisher, summaries, and silence during maintenance."""
