"""Input and output streams, and files written whole or not at all."""
