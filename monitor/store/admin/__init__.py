"""Migrate, check, prune, back up and copy a database."""
