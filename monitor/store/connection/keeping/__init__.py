"""Keeps a lock alive beside what runs under it, and says whether that may go on."""
