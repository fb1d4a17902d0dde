"""The directory of the spool: in order, bounded, private, and shared by several databases and processes."""

import os
import resource
import stat
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.errors import NotSpooled
from monitor.spool.directory import Spool, set_aside_in, started_at
from monitor.spool.home import Home
from monitor.spool.missed import MissedNotes, MissedSlots
from monitor.spool.record import SpoolRecord, parse_spooled
from monitor.spool.report import look_into
from monitor.store.write.replay import LateSweep
from tests.store import histories

HOUR = timedelta(hours=1)


def spool_in(directory: Path, database: str = "../monitor.db", *, max_size: int = 10**6) -> Spool:
    return Spool(directory / "spool", database, max_size=max_size)


def record_of(sweep: Sweep, database: str = "../monitor.db") -> SpoolRecord:
    late = LateSweep(sweep=sweep, policy=Policy(), token="ab")  # noqa: S106 - no secret
    return SpoolRecord(late=late, database=database)


def sweep_at(hours: int, **changes: str) -> Sweep:
    return replace(histories.sweep(histories.START + hours * HOUR, {"m/a": histories.UP}), **changes)  # type: ignore[arg-type]


def test_a_file_that_is_gone_since_it_was_listed_takes_no_room(tmp_path: Path) -> None:
    """As one that a daemon replays, or an operator deletes, while a command looks into the spool."""
    spool = spool_in(tmp_path)
    file = spool.keep(record_of(sweep_at(0)))
    place = spool.set_aside(file)
    place.with_name("gone.jsonl").symlink_to(tmp_path / "nowhere")  # listed, and not there
    report = look_into(spool)
    assert (report.set_aside_sound, report.set_aside_size) == (1, place.stat().st_size)
    spool.set_aside(spool.keep(record_of(sweep_at(1))))
    assert report.faults == ()


def test_records_wait_in_the_order_of_their_start_one_file_for_each_sweep(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    assert (spool.waiting(), spool.count()) == ([], (0, None))
    for hours in (5, 1, 3, 1):
        spool.keep(record_of(sweep_at(hours)))
    files = spool.waiting()
    assert [started_at(file) for file in files] == [histories.START + hours * HOUR for hours in (1, 3, 5)]
    assert spool.count() == (3, histories.START + HOUR)
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert stat.S_IMODE(spool.directory.stat().st_mode) == 0o700
    spool.remove(files[0])
    assert spool.waiting() == files[1:]


def test_other_providers_vantages_and_databases_have_files_of_their_own(tmp_path: Path) -> None:
    spool, other = spool_in(tmp_path), spool_in(tmp_path, "postgresql://u@h/d")
    for sweep in (sweep_at(1), sweep_at(1, provider="a☃/b"), sweep_at(1, vantage="moon")):
        spool.keep(record_of(sweep))
    other.keep(record_of(sweep_at(1), other.database))
    assert (len(spool.waiting()), spool.others()) == (3, 1)
    assert (len(other.waiting()), other.others()) == (1, 3)


def test_a_full_spool_refuses_and_keeps_what_it_has(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    size = spool.keep(record_of(sweep_at(1))).stat().st_size
    small = spool_in(tmp_path, max_size=size + 10)
    small.keep(record_of(sweep_at(1)))  # over itself it needs no more room
    with pytest.raises(NotSpooled, match=r"spool is full: \d+ of \d+ bytes"):
        small.keep(record_of(sweep_at(2)))
    with pytest.raises(NotSpooled, match="is full"):
        small.require_room()
    assert len(small.waiting()) == 1
    spool.require_room()


def test_a_directory_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(NotSpooled, match=r"spool cannot be created: File exists"):
        spool_in(tmp_path).keep(record_of(sweep_at(1)))


def test_the_record_of_a_running_sweep_is_not_ready(tmp_path: Path) -> None:
    spool, sweep = spool_in(tmp_path), sweep_at(1)
    spool.create()
    mark = spool.mark(sweep)
    mark.acquire()
    file = spool.keep(record_of(sweep))
    assert (spool.waiting(), spool.ready(), spool.count()) == ([file], [], (0, None))
    spool.clean()
    assert spool.ready() == []
    mark.release()
    assert (spool.ready(), spool.count()[0]) == ([file], 1)


def test_what_a_crash_left_is_cleaned_but_not_what_others_write_now(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    file = spool.keep(record_of(sweep_at(1)))
    dead = file.with_name(f".{file.name}.live")  # a mark that no process holds any more
    old, new = file.with_name(f".{file.name}.abc"), file.with_name(f".{file.name}.def")
    for each in (dead, old, new):
        each.write_text("")
    os.utime(old, (1, 1))
    spool.clean()
    assert (dead.exists(), old.exists(), new.exists(), file.exists()) == (False, False, True, True)


def test_what_is_set_aside_waits_no_more_and_replaces_nothing(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    for _ in range(2):
        spool.set_aside(spool.keep(record_of(sweep_at(1))))
    assert spool.waiting() == []
    assert len(set_aside_in(spool.directory)) == 2
    for file in set_aside_in(spool.directory):
        assert parse_spooled(file.read_bytes(), file.name) == record_of(sweep_at(1))


def test_what_is_set_aside_is_bounded_and_the_oldest_stay(tmp_path: Path) -> None:
    spool = spool_in(tmp_path, max_size=3 * 4096)
    for hours in range(3):
        spool.set_aside(spool.keep(record_of(sweep_at(hours))))
    file = spool.keep(record_of(sweep_at(3)))
    with pytest.raises(NotSpooled, match=r"removed: .*set-aside is full: .*: import or delete what is there"):
        spool.set_aside(file)
    names = [started_at(each) for each in set_aside_in(spool.directory)]
    assert names == [histories.START + hours * HOUR for hours in range(3)]
    assert spool.waiting() == []


def test_the_report_says_what_of_it_is_sound(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    sound, cut = (spool.set_aside(spool.keep(record_of(sweep_at(hours)))) for hours in (1, 2))
    cut.write_bytes(cut.read_bytes()[:-20])
    report = look_into(spool)
    assert (report.set_aside, report.set_aside_sound) == (2, 1)
    assert report.set_aside_size == sound.stat().st_size * 2 - 20


def test_the_report_counts_what_waits_and_names_what_is_damaged(tmp_path: Path) -> None:
    spool = spool_in(tmp_path)
    assert look_into(spool).waiting == 0
    spool.keep(record_of(sweep_at(2)))
    cut = spool.keep(record_of(sweep_at(1)))
    cut.write_bytes(cut.read_bytes()[:-20])
    report = look_into(spool)
    assert (report.waiting, report.since) == (1, histories.START + 2 * HOUR)
    assert len(report.faults) == 1
    assert report.faults[0].startswith(str(cut))


def test_missed_slots_are_noted_until_they_are_known(tmp_path: Path) -> None:
    notes = MissedNotes(Home(tmp_path / "spool"), "missed.json")
    first = MissedSlots(provider="a", vantage="default", slots=(histories.START,), cause="full")
    second = replace(first, slots=(histories.START + HOUR,), cause=None)
    notes.add(first)
    notes.add(second)
    notes.add(replace(first, slots=()))
    assert MissedNotes(Home(tmp_path / "spool"), "missed.json").read() == [first, second]
    notes.remove([first])
    assert notes.read() == [second]
    notes.remove([second])
    assert not (tmp_path / "spool" / "missed.json").exists()


def test_notes_that_cannot_be_written_stay_in_memory(tmp_path: Path) -> None:
    (tmp_path / "spool").write_text("a file")
    notes = MissedNotes(Home(tmp_path / "spool"), "missed.json")
    note = MissedSlots(provider="a", vantage="default", slots=(histories.START,))
    notes.add(note)
    assert notes.read() == [note]


def test_what_the_next_sweep_begins_with_gives_way_to_a_record(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", "x", max_size=10**6)
    spool.keep_memory("a", "x" * 1000)
    assert spool.memories.read("a") == "x" * 1000
    spool.max_size = 1100
    spool.require_room()
    assert spool.memories.read("a") == "x" * 1000
    spool.max_size = 1000
    spool.require_room()
    assert spool.memories.read("a") is None
    spool.keep_memory("a", "x" * 1000)
    assert spool.memories.read("a") is None


def test_a_damaged_memory_is_none(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool", "x", max_size=10**6)
    spool.keep_memory("a", "what is known")
    (file,) = spool.directory.iterdir()
    file.write_bytes(file.read_bytes()[:-1])
    assert spool.memories.read("a") is None
    assert Spool(tmp_path / "spool", "y", max_size=10**6).memories.read("a") is None


def test_a_full_disk_has_no_room_for_a_sweep(tmp_path: Path) -> None:
    """The limit of a file's size stands for the disk."""
    spool = Spool(tmp_path / "spool", "x", max_size=10**6)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
    try:
        with pytest.raises(NotSpooled, match="cannot be written: File too large"):
            spool.require_room()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    spool.require_room()
    assert list(spool.directory.iterdir()) == []
