"""How the process runs and ends: signals, threads that may hang."""
