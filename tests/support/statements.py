"""Compiled statements that all engines of a test process share; each engine would compile its own."""

from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine.interfaces import Compiled

_MOST = 5000  # far more than the program has; some tests make up statements


class _Statements(dict[Any, Compiled]):
    """By statement and kind of dialect; SQLAlchemy asks for them by statement and dialect of one engine."""

    def get(self, key: tuple[object, ...], default: Any = None) -> Any:  # noqa: ANN401  # as in dict
        return super().get((type(key[0]), *key[1:]), default)

    def __setitem__(self, key: tuple[object, ...], compiled: Compiled) -> None:
        if len(self) > _MOST:
            self.clear()
        super().__setitem__((type(key[0]), *key[1:]), compiled)


def share_compiled_statements() -> None:
    """Let every engine that is opened from now on take statements that another one has compiled."""
    statements = _Statements()

    @event.listens_for(Engine, "engine_connect")
    def _share(connection: Connection) -> None:
        connection.execution_options(compiled_cache=statements)
