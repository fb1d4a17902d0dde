"""The face of the daemon: status page, JSON, health. It reads the history and never writes it.

Nothing here is imported until something is served.
"""
