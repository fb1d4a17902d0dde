"""Files to import as streams of bytes that can be read twice: plain or gzip, `-` for standard input."""

import gzip
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from monitor.errors import RecordError

STANDARD = Path("-")
_GZIP = b"\x1f\x8b"  # the magic of gzip (RFC 1952)
_LONGEST_LINE = 64 * 1024 * 1024  # bytes; a record of 100,000 models has some 20 MB


@contextmanager
def open_stream(file: Path) -> Iterator[BinaryIO]:
    """Give a file's bytes. Raises RecordError, also for what goes wrong while they are read."""
    try:
        with _spooled() if file == STANDARD else file.open("rb") as stream:
            yield stream
    except OSError as error:
        raise RecordError(f"{file}: cannot be read: {error.strerror or error}") from None


@contextmanager
def _spooled() -> Iterator[BinaryIO]:
    """Keep standard input in a temporary file, because it can be read only once."""
    with tempfile.TemporaryFile() as stream:  # no name: gone with the process
        shutil.copyfileobj(sys.stdin.buffer, stream)
        stream.seek(0)
        yield stream


def lines_of(name: str, stream: BinaryIO) -> Iterator[bytes]:
    """Give a stream's lines from its start on, unpacked where it is gzip. Raises RecordError."""
    stream.seek(0)
    is_packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    source: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=stream) if is_packed else stream
    try:
        while line := source.readline(_LONGEST_LINE):
            yield line
    except (gzip.BadGzipFile, EOFError, OSError) as error:  # EOFError: a file that was cut
        raise RecordError(f"{name}: is damaged: {error}") from None


def decoded(text: bytes, where: str) -> str:
    """Return bytes as text. Raises RecordError."""
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError:
        raise RecordError(f"{where}: is not UTF-8 text") from None
