"""Words: core values as text, files and documents. Decides nothing, reads no database."""
