"""The `monitor` command: parse, call, print. What a command needs is imported when it runs."""
