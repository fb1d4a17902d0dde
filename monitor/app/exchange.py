"""Files of sweep records: one JSON object a line, gzip or plain, `-` for the standard streams."""

import codecs
import gzip
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, BinaryIO

from monitor.core.model import Sweep
from monitor.errors import RecordError, UsageError
from monitor.report.records import format_record, parse_record

_GZIP = b"\x1f\x8b"
_STANDARD = Path("-")
_LONGEST_LINE = 64 * 1024 * 1024


def write_records(sweeps: Iterable[Sweep], file: Path) -> int:
    """Write records to a file, which appears whole or not at all; returns how many.

    A symbolic link stays one, and what is no regular file (a device, a named pipe) is written to. Raises
    UsageError, and BrokenPipeError where nobody reads stdout any more.
    """
    if file == _STANDARD:
        return _write_standard(sweeps)
    is_packed = file.suffix == ".gz"
    try:
        if not file.exists() or file.is_file():
            return _write_whole(sweeps, file.resolve(), is_packed)
        with file.open("wb") as raw:
            return _write_packed(sweeps, raw, is_packed)
    except OSError as error:
        raise UsageError(f"{file}: cannot be written: {error.strerror}") from None
    except RuntimeError:  # how Path.resolve of Python 3.11 and 3.12 calls it
        raise UsageError(f"{file}: cannot be written: the symbolic links go in circles") from None


def _write_standard(sweeps: Iterable[Sweep]) -> int:
    try:
        return _write_lines(sweeps, sys.stdout.buffer)
    except BrokenPipeError:
        raise
    except OSError as error:
        raise UsageError(f"cannot write to stdout: {error.strerror}") from None


def _write_whole(sweeps: Iterable[Sweep], file: Path, is_packed: bool) -> int:  # noqa: FBT001
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as raw:
            count = _write_packed(sweeps, raw, is_packed)
        temporary.replace(file)
    finally:
        temporary.unlink(missing_ok=True)
    return count


def _write_packed(sweeps: Iterable[Sweep], raw: BinaryIO, is_packed: bool) -> int:  # noqa: FBT001
    if not is_packed:
        return _write_lines(sweeps, raw)
    with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed:
        return _write_lines(sweeps, packed)


def _write_lines(sweeps: Iterable[Sweep], out: "IO[bytes] | gzip.GzipFile") -> int:
    count = 0
    for count, sweep in enumerate(sweeps, start=1):  # noqa: B007 - the last number is the count
        out.write(format_record(sweep).encode() + b"\n")
    out.flush()
    return count


@contextmanager
def checked_records(files: Sequence[Path]) -> Iterator[Iterator[Sweep]]:
    """Give the records of files after every line of every file was checked.

    The files are read twice, so memory does not grow with them. Raises RecordError naming file and line.
    """
    with ExitStack() as stack:
        opened = [(str(file), stack.enter_context(_open(file))) for file in files]
        for name, stream in opened:
            for _ in _records(name, stream):
                pass
            stream.seek(0)
        yield (sweep for name, stream in opened for sweep in _records(name, stream))


@contextmanager
def _open(file: Path) -> Iterator[BinaryIO]:
    try:
        with _spooled() if file == _STANDARD else file.open("rb") as stream:
            yield stream
    except OSError as error:
        raise RecordError(f"{file}: cannot be read: {error.strerror or error}") from None


@contextmanager
def _spooled() -> Iterator[BinaryIO]:
    """Keep standard input in a temporary file, because it can be read only once."""
    with tempfile.TemporaryFile() as stream:
        shutil.copyfileobj(sys.stdin.buffer, stream)
        stream.seek(0)
        yield stream


def _records(name: str, stream: BinaryIO) -> Iterator[Sweep]:
    for number, line in enumerate(_lines(name, stream), start=1):
        if line.strip():
            plain = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
            yield parse_record(_decoded(plain, f"{name}:{number}"), f"{name}:{number}")


def _lines(name: str, stream: BinaryIO) -> Iterator[bytes]:
    is_packed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    source: IO[bytes] | gzip.GzipFile = gzip.GzipFile(fileobj=stream) if is_packed else stream
    try:
        while line := source.readline(_LONGEST_LINE):
            yield line
    except (gzip.BadGzipFile, EOFError, OSError) as error:
        raise RecordError(f"{name}: is damaged: {error}") from None


def _decoded(line: bytes, where: str) -> str:
    try:
        return line.decode("utf-8")
    except UnicodeDecodeError:
        raise RecordError(f"{where}: is not UTF-8 text") from None
