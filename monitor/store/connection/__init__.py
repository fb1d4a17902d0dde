"""Opens and locks a database, and translates its errors."""
