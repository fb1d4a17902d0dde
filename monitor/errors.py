"""Every error a user can meet, with the exit code it ends a command with.

MonitorError                 1
├── UsageError               2  the command line asks for something impossible
├── ConfigError              2  a configuration file or a secret is wrong or missing
├── RecordError              2  a file of sweep records cannot be read
├── NotDelivered             1  a channel did not take a message
├── NoVerdict                3  the question cannot be answered now
│   └── UnknownModel         3  no such model in the database
└── StoreError               4  the database cannot be used
    ├── StoreUnavailable     4  not reachable, not writable, not a database
    │   └── FileReplaced     4  the open SQLite file was deleted, emptied or replaced
    ├── Fenced               4  another process took the running sweep over
    ├── SchemaOutdated       4  its schema is not this version's
    └── NotSpooled           4  the spool does not take a sweep either

A message names the thing, what is wrong and what to do. It never holds a secret.
An error outside this tree is a fault of the program and ends a command with 3: nothing can be concluded.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import ClassVar


class MonitorError(Exception):
    """Root of the tree: an error whose message is meant for the user."""

    exit_code: ClassVar[int] = 1  # an answer of "no" (db check, db rebuild) ends with 1, too


class UsageError(MonitorError):
    """The command line asks for something impossible."""

    exit_code = 2


class ConfigError(MonitorError):
    """A configuration file or a secret is wrong or missing; `key` is where in the file, if it is known."""

    exit_code = 2

    def __init__(self, words: str, *, key: tuple[str | int, ...] = ()) -> None:
        super().__init__(words)
        self.key = key


class RecordError(MonitorError):
    """A file of sweep records cannot be read."""

    exit_code = 2


class NotDelivered(MonitorError):
    """A channel did not take a message; `retry_after` is how long the channel asked us to wait."""

    def __init__(self, words: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(words)
        self.retry_after = retry_after


class NoVerdict(MonitorError):
    """The question cannot be answered now."""

    exit_code = 3  # apart from 1, so that a script distinguishes "no" from "cannot say" (rules.md 35)


class UnknownModel(NoVerdict):
    """No such model in the database; `nearest` are names that may have been meant."""

    def __init__(self, words: str, *, nearest: tuple[str, ...] = ()) -> None:
        super().__init__(words)
        self.nearest = nearest


class StoreError(MonitorError):
    """The database cannot be used."""

    exit_code = 4


class StoreUnavailable(StoreError):
    """The database is not reachable, not writable or not a database."""


class FileReplaced(StoreUnavailable):
    """The open SQLite file was deleted, emptied or replaced; `brief` says so without its path, for pages."""

    def __init__(self, words: str, *, brief: str) -> None:
        super().__init__(words)
        self.brief = brief


class Fenced(StoreError):
    """Another process took the running sweep over: nothing more of it is written, sent or asked."""


class SweepMissing(StoreError):
    """The database lost a sweep under way: an older copy was restored, or another server took over."""


class SchemaOutdated(StoreError):
    """The database holds data under a schema that is not this version's."""


class NotSpooled(StoreError):
    """The spool does not take a sweep: it is full, or its directory cannot be written."""


@contextmanager
def writing_to(file: Path) -> Iterator[None]:
    """Turn what keeps a file from being written into a UsageError that names it."""
    try:
        yield
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from None
    except RuntimeError as error:  # how Path.resolve of Python 3.11 and 3.12 calls it
        if "loop" not in str(error):
            raise  # every other RuntimeError is a fault of the program and must not read as the user's
        raise UsageError(f"{file}: cannot be written: the symbolic links go in circles") from None
