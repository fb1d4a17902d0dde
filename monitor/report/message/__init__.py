"""Notifications laid out as text, Markdown and HTML."""
