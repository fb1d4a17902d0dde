"""Rows and figures for readers: uptime, outages, days, latency histograms."""
