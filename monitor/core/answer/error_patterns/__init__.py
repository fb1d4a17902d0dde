"""The words providers use: a table of data by situation, each row with who says so and where it was read."""
