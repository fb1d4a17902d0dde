"""Sweeps that wait for the database: one checksummed file each, replayed when it can be written again."""
