"""What follows from facts: events, states, periods, days; carried forward, rebuilt, compared."""
