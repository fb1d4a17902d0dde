"""Migrate, check, prune, back up, restore and copy a database."""
