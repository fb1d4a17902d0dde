"""This checkout beside another one, in turns on the same machine, with the same provider and databases."""
