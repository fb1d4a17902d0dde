"""What the project's own checks run beside the linters; none of it is installed with the monitor."""
