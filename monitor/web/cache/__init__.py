"""Answers made once for each state of the history, beside the loop that sends them."""
