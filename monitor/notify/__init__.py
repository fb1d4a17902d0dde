"""Delivers messages to channels, and tells a dead man's switch that we live. It words nothing."""
