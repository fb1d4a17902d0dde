"""The daemon's web server: status page, feeds, JSON, health. It only reads the history.

Nothing here is imported until something is served.
"""
