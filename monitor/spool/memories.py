"""What the next sweep of each provider begins with, kept beside the records.

A process that begins while the database is away goes on from it. It is a help and no fact: what cannot be
written or read is done without.
"""

import hashlib
from contextlib import suppress

from monitor.atomic import write_atomically
from monitor.spool.home import Home
from monitor.spool.names import digest

_BEGIN = "memory-"


class MemoryFiles:
    """One checksummed document for each provider of one database."""

    def __init__(self, home: Home, end: str) -> None:
        """Keep the documents in files whose names have this end."""
        self._home, self._end = home, end

    def keep(self, provider: str, document: str) -> None:
        """Write a provider's document over the one before it."""
        content = document.encode("utf-8", "surrogatepass")
        with suppress(OSError):
            write_atomically(self._home.create() / self._name(provider), _seal(content) + b"\n" + content)

    def read(self, provider: str) -> str | None:
        """Return a provider's document; None where there is none, or only a damaged one."""
        with suppress(OSError):
            seal, _, content = (self._home.place() / self._name(provider)).read_bytes().partition(b"\n")
            if seal == _seal(content):
                return content.decode("utf-8", "surrogatepass")
        return None

    def clear(self) -> None:
        """Remove all of this database: it is at hand and knows more."""
        with suppress(OSError):
            for file in self._home.place().glob(f"{_BEGIN}*{self._end}"):
                file.unlink(missing_ok=True)

    def _name(self, provider: str) -> str:
        return f"{_BEGIN}{digest(provider)}{self._end}"


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode("ascii")
