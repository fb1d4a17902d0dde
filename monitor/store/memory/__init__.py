"""Neither facts nor derived: the outbox, suppressed notices, the prober's knowledge, acceptance."""
