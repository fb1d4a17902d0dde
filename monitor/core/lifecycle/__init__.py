"""What a sweep does to what is known: the guard, the rules, flapping, the fold."""
