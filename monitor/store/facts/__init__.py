"""Writes what sweeps saw, and reads it back unchanged."""
