"""The words of providers as data, by situation: each row with who says so and where it was read."""
