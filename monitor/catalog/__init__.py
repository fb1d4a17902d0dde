"""Read a provider's model list: row shapes, pagination, limits. It knows nothing of probes."""
