"""`monitor db`: one module for each of its commands, named as the command."""
