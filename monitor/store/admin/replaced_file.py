"""What is done with a SQLite file before another one takes its place: it is kept beside, whole."""

import os
import sqlite3
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from shutil import copy2
from typing import Final

from monitor.errors import StoreError, StoreUnavailable
from monitor.store.connection.own_wal import ForeignWal
from monitor.store.connection.sqlite_file import close_alone

_COMPANIONS: Final = ("-wal", "-shm", "-journal")


def set_aside(path: Path, now: datetime) -> tuple[Path | None, Path | None]:
    """Give a file a second name, with everything that its -wal holds, and remove the files beside it.

    Returns that name, and the one of a -wal that was another file's; None where there was none. Raises
    StoreUnavailable where another process has the file open.
    """
    kept, kept_wal = _free_name(path, now), None
    wal = path.with_name(f"{path.name}-wal")
    has_content = path.exists() and path.stat().st_size > 0  # of an emptied file nothing can be put in order
    try:
        if has_content:
            close_alone(path, checkpoints=True)
    except ForeignWal:  # of another file, which the operator may still have
        kept_wal = wal.replace(kept.with_name(f"{kept.name}.foreign-wal"))
    except (sqlite3.Error, StoreError) as error:  # damaged or no database: the two stay together
        if "locked" in str(error):
            raise _in_use(path) from None
        with suppress(FileNotFoundError):
            wal.replace(kept.with_name(f"{kept.name}-wal"))
    if wal.exists() and has_content:
        raise _in_use(path)
    if path.exists():
        _link(path, kept)
    for end in _COMPANIONS:  # SQLite would apply them to the backup
        path.with_name(f"{path.name}{end}").unlink(missing_ok=True)
    return (kept if kept.exists() else None), kept_wal


def _in_use(path: Path) -> StoreUnavailable:
    return StoreUnavailable(
        f"database {path} is in use: another process has it open, such as a SQL client or `monitor events "
        "--follow`. Close it, then restore again"
    )


def _link(path: Path, kept: Path) -> None:
    try:
        kept.hardlink_to(path)
    except OSError:  # a file system without links
        copy2(path, kept)


def _free_name(path: Path, now: datetime) -> Path:
    name = f"{path.name}.before-restore-{now:%Y%m%dT%H%M%SZ}"
    place = 1
    while path.with_name(name).exists():
        place += 1
        name = f"{path.name}.before-restore-{now:%Y%m%dT%H%M%SZ}-{place}"
    return path.with_name(name)


def give_to_owner(draft: Path, path: Path) -> None:
    """Give a new file to the owner of the old one, or of its directory: root may restore for the daemon."""
    owner = (path if path.exists() else path.parent).stat()
    if os.geteuid() == 0:
        os.chown(draft, owner.st_uid, owner.st_gid)
