"""A scheduled availability monitor with a history database for hosted-model catalogs."""

__version__ = "0.1.0"
