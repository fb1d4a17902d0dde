"""The settings: one frozen model for each table of the configuration."""
