"""Whether a SQLite file lies on a disk of another machine, where its locks do not work."""

import os
import re
from pathlib import Path
from typing import Final

_MOUNTS: Final = Path("/proc/self/mountinfo")
_NETWORK: Final = frozenset(
    {"9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "lustre", "ncpfs"}
    | {"nfs", "nfs4", "ocfs2", "smb3", "smbfs", "vboxsf"}
)
_MOUNT: Final = re.compile(
    r"(?:\S+ ){4}(?P<point>\S+) .*? - (?P<type>\S+)"
)  # id parent device root point ...
_FUSE: Final = "fuse."  # sshfs, glusterfs, s3fs, rclone; a local disk of FUSE is `fuseblk`


def network_disk(path: Path) -> str | None:
    """Return the type of the network file system that a path lies on, such as `nfs4`; None for a local one.

    None also where the kernel does not say.
    """
    try:
        mounts = _MOUNTS.read_text("utf-8", "surrogateescape")
    except OSError:
        return None
    return network_disk_in(Path(os.path.realpath(path)), mounts)


def network_disk_in(path: Path, mounts: str) -> str | None:
    """Do the same for an absolute path without links and the text of /proc/PID/mountinfo (proc(5))."""
    kind = ""
    longest = -1
    for line in mounts.splitlines():
        match = _MOUNT.match(line)
        if match is None:
            continue
        point = _unescaped(match["point"])
        if path.is_relative_to(point) and len(point) >= longest:  # the last one mounted there covers others
            kind, longest = match["type"], len(point)
    return kind if kind in _NETWORK or kind.startswith(_FUSE) else None


def _unescaped(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), field)
