"""A file's lock has one holder, and to ask for it takes it from none."""

import os
from pathlib import Path

from monitor.process import flock


def test_a_lock_has_one_holder_and_asking_does_not_take_it(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    assert flock.is_free(file)
    first, second = (os.open(file, os.O_RDWR | os.O_CREAT) for _ in range(2))
    assert (flock.is_free(file), flock.take(first), flock.take(second)) == (True, True, False)
    assert not flock.is_free(file)
    os.close(first)
    assert (flock.is_free(file), flock.take(second)) == (True, True)
    os.close(second)
