"""Figures over a window, as known at its end."""
