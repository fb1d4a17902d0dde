"""The spool goes with what is around it: moved away, it is not made anew in the old place."""

import shutil
from pathlib import Path

from monitor.spool.home import Home


def test_a_directory_that_was_moved_away_is_used_where_it_is(tmp_path: Path) -> None:
    data, away = tmp_path / "data", tmp_path / "away"
    data.mkdir()
    home = Home(data / "spool")
    data.rename(away)
    (home.create() / "record").write_text("kept", "ascii")
    assert not data.exists()
    assert (away / "spool" / "record").read_text("ascii") == "kept"
    away.rename(data)
    assert home.place() == data / "spool"
    assert (home.place() / "record").read_text("ascii") == "kept"


def test_a_directory_that_was_removed_is_made_anew(tmp_path: Path) -> None:
    (tmp_path / "data" / "spool").mkdir(parents=True)
    home = Home(tmp_path / "data" / "spool")
    shutil.rmtree(tmp_path / "data")
    assert home.create() == tmp_path / "data" / "spool"
    assert home.place().is_dir()


def test_another_directory_in_the_place_is_not_used_before_it_is_settled(tmp_path: Path) -> None:
    """A volume that is away leaves an empty directory: what is put there is gone when it comes back."""
    data, away = tmp_path / "data", tmp_path / "away"
    data.mkdir()
    home = Home(data / "spool")
    data.rename(away)
    data.mkdir()
    (home.create() / "record").write_text("kept", "ascii")
    assert list(data.iterdir()) == []
    data.rmdir()
    away.rename(data)
    assert (home.place() / "record").read_text("ascii") == "kept"


def test_another_directory_that_is_there_to_stay_is_the_one_to_use(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    home = Home(data / "spool")
    data.rename(tmp_path / "old")
    data.mkdir()
    home.settle()
    assert home.create() == data / "spool"
    data.rename(tmp_path / "new")
    home.settle()  # nothing is there to settle in
    home.create()
    assert (tmp_path / "new" / "spool").is_dir()
    assert not (tmp_path / "old" / "spool").exists()


def test_a_directory_in_the_place_of_one_that_was_removed_is_used_at_once(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    home = Home(data / "spool")
    data.rename(tmp_path / "old")
    data.mkdir()
    (tmp_path / "old").rmdir()
    assert home.create() == data / "spool"


def test_nothing_around_it_yet_is_no_trouble(tmp_path: Path) -> None:
    home = Home(tmp_path / "data" / "spool")
    assert home.place() == tmp_path / "data" / "spool"
    assert not (tmp_path / "data").exists()
    assert home.create().is_dir()


def _descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def test_a_home_that_is_not_needed_any_more_leaves_no_descriptor_open(tmp_path: Path) -> None:
    before = _descriptors()
    homes = [Home(tmp_path / "spool") for _ in range(3)]
    assert _descriptors() == before + len(homes)
    homes.clear()
    assert _descriptors() == before
