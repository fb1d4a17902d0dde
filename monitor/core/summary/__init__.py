"""What a span of days was, for people."""
