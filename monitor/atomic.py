"""Files that appear whole or not at all: written beside their place, then given their name."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

_PRIVATE: Final = 0o600


def write_atomically(file: Path, data: bytes, *, mode: int = _PRIVATE, replaces: bool = True) -> bool:
    """Let a file with these bytes and permission bits appear, safe on disk; says whether it did.

    Without `replaces` a file that is there by then stays as it is. Raises OSError.
    """
    with _draft(file, mode) as draft:
        with draft.open("wb") as out:
            out.write(data)
            out.flush()
            os.fsync(out.fileno())  # before the rename: a crash could leave the name without the content
        is_placed = _place(draft, file, replaces=replaces)
    with suppress(OSError):  # the name itself shall last; not every file system can
        directory = os.open(file.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
    return is_placed


@contextmanager
def whole(file: Path) -> Iterator[Path]:
    """Give a new, empty file beside this one; at the end it takes its place, after an error it is gone."""
    with _draft(file, _PRIVATE) as draft:
        yield draft
        draft.replace(file)


@contextmanager
def _draft(file: Path, mode: int) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}.")
    draft = Path(name)
    try:
        os.fchmod(descriptor, mode)  # mkstemp ignores the mode that is wanted
        os.close(descriptor)
        yield draft
    finally:
        draft.unlink(missing_ok=True)  # after the rename there is nothing left to remove


def _place(draft: Path, file: Path, *, replaces: bool) -> bool:
    """Give a draft its name; where it replaces nothing by a link, which is refused in one step."""
    if not replaces:
        try:
            file.hardlink_to(draft)  # rename replaces, link does not
        except FileExistsError:
            return False
        except OSError:  # a file system without links
            if file.exists():
                return False
        else:
            return True
    draft.replace(file)
    return True
