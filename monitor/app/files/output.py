"""Output files: written whole or not at all, compressed where they end in `.gz`. `-` is stdout."""

import gzip
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from monitor.app.files.input import STANDARD
from monitor.atomic import whole
from monitor.errors import UsageError, writing_to


@contextmanager
def output(file: Path) -> Iterator[BinaryIO]:
    """Give where the bytes of a file go; it appears when all is written, and not after an error.

    A symbolic link stays one, what is no regular file (a device, a named pipe) is written to as it is, and a
    name that ends in `.gz` packs. Raises UsageError, and BrokenPipeError where the reader of stdout has gone.
    """
    if file == STANDARD:
        with _standard() as out:
            yield out
        return
    with writing_to(file), _raw(file) as raw, _packed(raw, is_packed=file.suffix == ".gz") as out:
        yield out


@contextmanager
def _standard() -> Iterator[BinaryIO]:
    try:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        raise  # the command ends quietly: a reader has seen enough
    except OSError as error:
        raise UsageError(f"cannot write to stdout: {error.strerror}") from None


@contextmanager
def _raw(file: Path) -> Iterator[BinaryIO]:
    if not file.exists() or file.is_file():  # a device or a pipe cannot be replaced
        # resolve: through a symbolic link, which stays one
        with whole(file.resolve()) as temporary, temporary.open("wb") as raw:
            yield raw
        return
    with file.open("wb") as raw:
        yield raw


@contextmanager
def _packed(raw: BinaryIO, *, is_packed: bool) -> Iterator[BinaryIO]:
    if not is_packed:
        yield raw
        raw.flush()
        return
    # without name and time: the same rows are the same bytes
    with gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0) as packed:
        yield cast("BinaryIO", packed)
