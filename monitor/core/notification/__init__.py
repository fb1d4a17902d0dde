"""What is sent now, suppressed, or retried."""
