"""Monitors of other makes, another build and a bare loop, watching the same models at the same time."""
