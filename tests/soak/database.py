"""What happens to the file of a running daemon's history: for a few sweeps, then it is undone."""

import resource
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager, suppress
from pathlib import Path
from random import Random
from types import MappingProxyType

_MOST_SWEEPS = 6
_FULL_BYTES = (
    1_000_000  # no file grows beyond it: less than a history and its log, more than a sweep's record
)


@contextmanager
def _away(file: Path) -> Iterator[None]:
    elsewhere = file.with_name("elsewhere")
    file.rename(elsewhere)
    yield
    elsewhere.rename(file)


@contextmanager
def _replaced(file: Path) -> Iterator[None]:
    elsewhere = file.with_name("elsewhere")
    file.rename(elsewhere)
    file.write_bytes(b"what another program wrote\n" * 100)
    yield
    elsewhere.replace(file)


@contextmanager
def _restored(file: Path) -> Iterator[None]:
    """Put a copy in its place; that one stays."""
    copy = file.with_name("copy")
    with closing(sqlite3.connect(file)) as own, closing(sqlite3.connect(copy)) as other:
        own.backup(other)
    copy.replace(file)
    yield


@contextmanager
def _without_log(file: Path) -> Iterator[None]:
    file.with_name(f"{file.name}-wal").unlink(missing_ok=True)
    yield


@contextmanager
def _locked(file: Path) -> Iterator[None]:
    with closing(sqlite3.connect(file, isolation_level=None, timeout=5, check_same_thread=False)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


@contextmanager
def _upgraded(file: Path) -> Iterator[None]:
    """Give the schema the revision of another version."""
    with closing(sqlite3.connect(file, isolation_level=None, timeout=5)) as other:
        (revision,) = other.execute("SELECT version_num FROM schema_version").fetchone()
        other.execute("UPDATE schema_version SET version_num = '9999'")
    yield
    with closing(sqlite3.connect(file, isolation_level=None, timeout=5)) as other:
        other.execute("UPDATE schema_version SET version_num = ?", (revision,))


@contextmanager
def _full(_file: Path) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FULL_BYTES, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


KINDS: Mapping[str, Callable[[Path], AbstractContextManager[None]]] = MappingProxyType(
    {
        "away": _away,
        "replaced": _replaced,
        "restored": _restored,
        "without its log": _without_log,
        "locked": _locked,
        "upgraded": _upgraded,
        "full": _full,
    }
)


class DatabaseFaults:
    """One fault at a time, each for one to six sweeps."""

    def __init__(self, file: Path, chance: Random) -> None:
        """Do it to this file."""
        self.file, self._chance = file, chance
        self._undoing = ExitStack()
        self._left = 0

    @property
    def is_on(self) -> bool:
        """Whether something is wrong now."""
        return self._left > 0

    def begin(self, kind: str = "") -> str:
        """Begin this fault, or any; returns what it is called."""
        kind = kind or self._chance.choice(tuple(KINDS))
        with suppress(sqlite3.OperationalError):  # a page still reads it
            self._undoing.enter_context(KINDS[kind](self.file))
        self._left = self._chance.randint(1, _MOST_SWEEPS)
        return kind

    def pass_sweep(self) -> None:
        """Count a sweep; after the last one the fault is undone."""
        if self._left:
            self._left -= 1
            if not self._left:
                self._undoing.close()

    def end(self) -> None:
        """Undo what is wrong now."""
        self._left = 0
        self._undoing.close()
