"""A process that is frozen in the middle of a transaction must not hold up the one that takes over."""

from sqlalchemy import Engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection

_IDLE_S = 25  # seconds; less than the silence after which its locks are free


def end_frozen_transactions(engine: Engine) -> None:
    """Let Postgres end a transaction of these connections that says nothing for 25 seconds.

    For what computes little between two statements, as a sweep does and a rebuild does not. On SQLite the
    file stays locked for as long as the process is frozen.
    """
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", _bound_transactions)


def _bound_transactions(connection: DBAPIConnection, _record: object) -> None:
    connection.cursor().execute(f"SET idle_in_transaction_session_timeout = '{_IDLE_S}s'")
    connection.commit()
