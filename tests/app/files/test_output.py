"""Where an output goes: whole into a file, packed by its name, through a link, into a device as it is."""

import gzip
from pathlib import Path

import pytest

from monitor.app.files.output import output
from monitor.errors import UsageError


def write(file: Path, data: bytes = b"a,b\n") -> None:
    with output(file) as out:
        out.write(data)


def test_a_file_appears_when_all_is_written(tmp_path: Path) -> None:
    file = tmp_path / "rows.csv"
    with output(file) as out:
        out.write(b"a,")
        assert not file.exists()
        out.write(b"b\n")
    assert file.read_bytes() == b"a,b\n"


def test_after_an_error_there_is_no_file(tmp_path: Path) -> None:
    def fail() -> None:
        with output(tmp_path / "rows.csv") as out:
            out.write(b"half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_the_same_rows_are_the_same_packed_bytes_under_every_name(tmp_path: Path) -> None:
    first, second = tmp_path / "one.csv.gz", tmp_path / "two.csv.gz"
    write(first)
    write(second)
    assert first.read_bytes() == second.read_bytes()
    assert gzip.decompress(first.read_bytes()) == b"a,b\n"


def test_a_link_stays_one_and_its_target_is_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "real.csv", tmp_path / "link.csv"
    target.write_bytes(b"old")
    link.symlink_to(target)
    write(link)
    assert link.is_symlink()
    assert target.read_bytes() == b"a,b\n"


def test_a_device_is_written_to_and_not_replaced() -> None:
    write(Path("/dev/null"))
    assert Path("/dev/null").is_char_device()


def test_a_directory_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="missing"):
        write(tmp_path / "missing" / "rows.csv")
