"""One module for each job that a command asks for."""
