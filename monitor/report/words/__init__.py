"""Codes, times and numbers in words."""
