"""Ask models whether they answer: requests per kind, pacing, the order of one sweep's probes."""
