"""How long an answer of Postgres is waited for.

A server that is frozen keeps its connections and says nothing: neither TCP nor its own statement_timeout ends
that, so the waiting itself is bounded here. Imported for Postgres alone: a SQLite file never loads psycopg.
"""

import math
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from time import monotonic
from typing import Any, Final

import psycopg
from sqlalchemy import URL, Connection

CONNECT_TIMEOUT_S: Final = 10

_LOCK_WAIT_S: Final = 5.0  # for a row that another transaction holds, such as a rebuild
_UNHURRIED_S: Final = 120.0  # for a statement that goes through a whole history
_OPTIONS_REFUSED: Final = "unsupported startup parameter"
_IN_TRANSACTION_S: Final = 30  # a frozen process must not hold rows for good
_TCP: Final = {  # a host that vanished is noticed within a minute, also while nothing is asked of it
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}


class _Connection(psycopg.Connection[Any]):
    """A connection that is closed when the server has said nothing for too long."""

    answers_within_s: float = float("inf")

    def wait(self, gen: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - psycopg's, which differ by release
        """Wait for a statement as psycopg does, but not without end."""
        return super().wait(self._bounded(gen), *args, **kwargs)

    def _bounded(self, gen: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        said_at = monotonic()
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted  # nothing when no byte came for a tenth of a second
                if ready:
                    said_at = monotonic()
                elif monotonic() - said_at > self.answers_within_s:
                    self.close()  # the answer to this statement would be taken for that to another
                    raise psycopg.OperationalError(f"no answer for {self.answers_within_s:.0f} seconds")
                wanted = gen.send(ready)
        except StopIteration as end:
            return end.value


def connection_arguments(address: URL, answers_within_s: float | None) -> dict[str, object]:
    """Return what libpq gets beside the address, which may say otherwise."""
    options = [*_options_of(address), "-c timezone=UTC"]
    if answers_within_s is not None:
        options += _time_limits(answers_within_s)
    usual = {"connect_timeout": CONNECT_TIMEOUT_S, "application_name": "monitor", **_TCP}
    arguments = {name: value for name, value in usual.items() if name not in address.query}
    return {**arguments, "options": " ".join(options).strip()}


def connector(address: URL, answers_within_s: float | None) -> Callable[..., psycopg.Connection[Any]]:
    """Return what connects; with a limit each statement must be answered within it.

    Of several servers the one that took the last connection is tried first: one that is frozen takes all of
    its time to connect, each time.
    """
    last: tuple[str, int] | None = None

    def connect(_dialect: object, _record: object, arguments: Any, names: Any) -> psycopg.Connection[Any]:  # noqa: ANN401 - SQLAlchemy's
        nonlocal last
        names = {**names, **_with_first(names, last)}
        try:
            connection = _Connection.connect(*arguments, **names)
        except psycopg.OperationalError as error:
            if _OPTIONS_REFUSED not in str(error):
                raise
            connection = _connect_without_options(address, names)
        if answers_within_s is not None:
            connection.answers_within_s = answers_within_s
        last = (connection.info.host, connection.info.port)
        return connection

    return connect


def _with_first(names: Mapping[str, Any], first: tuple[str, int] | None) -> dict[str, str]:
    """Return the lists of hosts and ports of an address with this server in front, if they name it."""
    hosts, ports = (str(names.get(name, "")).split(",") for name in ("host", "port"))
    if first is None or len(hosts) == 1 or "hostaddr" in names:
        return {}
    all_ports = ports if len(ports) == len(hosts) else ports * len(hosts)
    servers = list(zip(hosts, all_ports, strict=False))
    servers.sort(key=lambda server: server[0] != first[0] or server[1] not in {"", str(first[1])})
    return {"host": ",".join(host for host, _ in servers), "port": ",".join(port for _, port in servers)}


def _connect_without_options(address: URL, names: Mapping[str, Any]) -> _Connection:
    """Connect through a pooler that takes no options of ours, as PgBouncer does.

    Time limits would stay with the server's session, which may be another client's next: waiting is bounded
    here alone. PgBouncer knows which time zone is whose.
    """
    others = {name: value for name, value in names.items() if name != "options"}
    if given := _options_of(address):
        others["options"] = " ".join(given)
    connection = _Connection.connect(**others)
    connection.set_autocommit(True)
    connection.execute("SET timezone = 'UTC'")
    connection.set_autocommit(False)
    return connection


def _options_of(address: URL) -> list[str]:
    given = address.query.get("options", "")
    return [part for part in ([given] if isinstance(given, str) else given) if part]


@contextmanager
def longer(connection: Connection) -> Iterator[None]:
    """Give each statement in the block two minutes, where the limit is shorter."""
    driver = connection.connection.driver_connection
    if not isinstance(driver, _Connection) or driver.answers_within_s >= _UNHURRIED_S:
        yield
        return
    with limited(connection, _UNHURRIED_S):
        yield


@contextmanager
def limited(connection: Connection, within_s: float) -> Iterator[None]:
    """Give each statement in the block so many seconds, whatever the limit was."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, _Connection)  # noqa: S101 - every connection of ours comes from `connector`
    usual, driver.answers_within_s = driver.answers_within_s, within_s
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {_server_limit(within_s)}")
    try:
        yield
    finally:
        driver.answers_within_s = usual
    before = 0 if math.isinf(usual) else _server_limit(usual)  # 0: none
    connection.exec_driver_sql(f"SET LOCAL statement_timeout = {before}")


def _time_limits(answers_within_s: float) -> Iterator[str]:
    yield f"-c statement_timeout={_server_limit(answers_within_s)}"
    yield f"-c lock_timeout={int(min(_LOCK_WAIT_S, answers_within_s / 2) * 1000)}"
    yield f"-c idle_in_transaction_session_timeout={_IN_TRANSACTION_S * 1000}"


def _server_limit(answers_within_s: float) -> int:
    """Milliseconds; a little less than is waited here, so that the server says what took too long."""
    return int(answers_within_s * 900)
