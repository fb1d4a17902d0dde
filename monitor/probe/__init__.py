"""Asks models whether they answer: requests by kind, pacing, the order of one sweep's probes."""
