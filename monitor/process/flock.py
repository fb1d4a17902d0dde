"""The kernel's lock on a whole file, flock(2): it ends with the process that holds it, however that ends."""

import fcntl
import os
from pathlib import Path


def take(descriptor: int) -> bool:
    """Lock an open file for this descriptor alone; False where another one holds it. Does not wait."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_free(path: Path) -> bool:
    """Return whether no descriptor locks a file, without taking it; a file that is not there is free."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        return isinstance(error, FileNotFoundError | NotADirectoryError)
    try:
        # shared, so that two that ask do not take each other for the holder
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
