"""Reads a provider's model list: shapes of rows, pages, limits. It knows nothing of probes."""
