"""A file appears whole or not at all, with the mode that is wanted, and leaves no draft behind."""

import os
from pathlib import Path

import pytest

from monitor.atomic import whole, write_atomically


@pytest.mark.parametrize("mode", [0o600, 0o644])
def test_a_file_appears_with_its_bytes_and_its_mode_whatever_the_umask(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "day.txt"
    former = os.umask(0o077)
    try:
        assert write_atomically(file, b"one", mode=mode)
    finally:
        os.umask(former)
    assert (file.read_bytes(), file.stat().st_mode & 0o777) == (b"one", mode)
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize(("replaces", "content"), [(True, b"new"), (False, b"old")])
def test_what_is_there_is_replaced_only_where_that_is_wanted(
    tmp_path: Path, replaces: bool, content: bytes
) -> None:
    file = tmp_path / "day.txt"
    file.write_bytes(b"old")
    assert write_atomically(file, b"new", replaces=replaces) is replaces
    assert file.read_bytes() == content
    assert list(tmp_path.iterdir()) == [file]


def test_a_file_system_without_links_keeps_what_is_there_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_file: Path, _target: Path) -> None:
        raise PermissionError

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    file = tmp_path / "day.txt"
    assert write_atomically(file, b"first", replaces=False)
    assert not write_atomically(file, b"second", replaces=False)
    assert file.read_bytes() == b"first"


def test_a_link_that_leads_nowhere_is_there_and_stays(tmp_path: Path) -> None:
    file = tmp_path / "day.txt"
    file.symlink_to(tmp_path / "gone")
    assert not write_atomically(file, b"new", replaces=False)
    assert file.is_symlink()


def test_nothing_is_written_into_a_directory_that_is_missing(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_atomically(tmp_path / "missing" / "day.txt", b"")


def test_a_draft_takes_its_place_at_the_end_and_not_before(tmp_path: Path) -> None:
    file = tmp_path / "copy.db"
    file.write_bytes(b"old")
    with whole(file) as draft:
        draft.write_bytes(b"new")
        assert file.read_bytes() == b"old"
        assert draft.parent == file.parent, "a rename must not cross file systems"
    assert file.read_bytes() == b"new"


def test_after_an_error_the_draft_is_gone_and_the_file_is_as_it_was(tmp_path: Path) -> None:
    def fail() -> None:
        with whole(file) as draft:
            draft.write_bytes(b"half")
            raise InterruptedError

    file = tmp_path / "copy.db"
    file.write_bytes(b"old")
    with pytest.raises(InterruptedError):
        fail()
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
