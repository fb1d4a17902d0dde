"""From settings to engines and targets."""
