"""What summaries and notifications say, as one value, and that value as text, Markdown and HTML."""
