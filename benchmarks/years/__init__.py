"""Years of history made up as they might have been, the same in a naive table, and what each then costs."""
