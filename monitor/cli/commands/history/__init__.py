"""Commands that print what the history says: models, figures, events, days."""
