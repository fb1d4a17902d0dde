"""The vocabulary as frozen values: what a sweep saw, what is known, what changed."""
