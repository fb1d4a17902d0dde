"""Which models to ask, in what form and order, and what to try next."""
