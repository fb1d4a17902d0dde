"""Delivers messages to channels and pings the heartbeat. It composes no text."""
