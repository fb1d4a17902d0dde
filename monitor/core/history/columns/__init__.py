"""Rows for writers, column by column: what repeats in many rows stands once."""
