"""`monitor check`: by what the history says, or by asking now; several answers become one exit code."""
