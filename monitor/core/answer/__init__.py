"""What one HTTP exchange says of a model."""
