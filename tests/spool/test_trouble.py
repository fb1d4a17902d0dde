"""A spool that takes nothing says why and what to do, and a trial of its disk leaves nothing."""

import errno
import os
from pathlib import Path

import pytest

from monitor.spool.directory import Spool
from monitor.spool.trouble import not_spooled, try_to_write


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "cannot be written: No space left on device: free some on its disk"),
        (errno.EDQUOT, "cannot be written: Disk quota exceeded: free some of this user's quota, or raise it"),
        (errno.EXDEV, "cannot be written: Invalid cross-device link"),
    ],
)
def test_every_trouble_of_a_disk_has_its_remedy(number: int, words: str) -> None:
    error = OSError(number, os.strerror(number))
    assert str(not_spooled(Path("/data/spool"), "written", error)) == f"/data/spool {words}"


def test_a_trial_needs_the_room_and_leaves_nothing(tmp_path: Path) -> None:
    try_to_write(tmp_path, 60_000)
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(OSError, match=r"File too large|No space left"):
        try_to_write(tmp_path, 2**62)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_a_directory_of_another_user_is_named_with_the_right_to_give(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", "x", max_size=10**6)
    spool.create()
    os.seteuid(65534)  # a user without rights
    try:
        with pytest.raises(Exception, match="Permission denied: give the daemon's user the right") as refused:
            spool.require_room()
    finally:
        os.seteuid(0)
    assert type(refused.value).__name__ == "NotSpooled"
