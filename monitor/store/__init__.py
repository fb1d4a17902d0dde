"""The history database: rows in, core values out. It remembers and decides nothing.

Tables are private; the views of docs/sql.md are the public interface.
"""
