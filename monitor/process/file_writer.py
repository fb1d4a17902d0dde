"""Which process holds the write lock of a SQLite file: the kernel says it, the file is not touched."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

_LOCKS: Final = Path("/proc/locks")
# bytes that a writer locks: https://sqlite.org/walformat.html (2.3.1), sqlite3's os.h (PENDING_BYTE)
_WRITE_BYTES: Final = {"-shm": range(120, 121), "": range(0x4000_0000, 0x4000_0002)}


def writer_of(path: Path) -> int | None:
    """Return the id of the process that writes a SQLite file; None where there is none, or none is seen."""
    with suppress(OSError):
        lines = _LOCKS.read_text("ascii").splitlines()
        for end, places in _WRITE_BYTES.items():
            if (writer := _writer(path.with_name(f"{path.name}{end}"), places, lines)) is not None:
                return writer
    return None


def process_words(pid: int) -> str:
    """Return how a process is called in a message: by its id, and its name if that can be read."""
    with suppress(OSError, UnicodeDecodeError):
        name = Path(f"/proc/{pid}/comm").read_text("utf-8").strip()
        return f"process {pid}, {name}"
    return f"process {pid}"


def _writer(file: Path, places: range, lines: list[str]) -> int | None:
    try:
        status = file.stat()
    except OSError:
        return None
    wanted = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
    for line in lines:
        words = line.split()  # proc(5): number, POSIX, ADVISORY, WRITE, process, file, first byte, last byte
        if "->" in words or words[1:4:2] != ["POSIX", "WRITE"] or words[5] != wanted:
            continue
        last = float("inf") if words[7] == "EOF" else int(words[7])
        if int(words[6]) < places.stop and places.start <= last and int(words[4]) > 0:
            return int(words[4])
    return None
