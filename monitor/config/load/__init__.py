"""Finds, reads and explains a configuration, resolves its secrets, prints it."""
