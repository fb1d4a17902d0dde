"""Where a sweep is kept: in its row, or in the spool while the database is away, to be replayed."""
