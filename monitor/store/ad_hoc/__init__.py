"""Runs one SELECT of a user's own on the history, which can change nothing."""
