"""`monitor run` as its users meet it: it leads, keeps its schedule, and ends when it is told to."""

import signal
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from monitor.clock import utc_now
from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.core.history.rows import SweepRow
from monitor.demo import Everywhere
from monitor.demo.stories import steady
from monitor.store.connection.engine import open_engine
from monitor.store.connection.locks import sweep_lock
from tests.support import gateway as g
from tests.support.command import KEY, PROVIDER, config_file, monitor
from tests.support.process import WAIT_S, Process, wait_for

MODELS = 24
SLOT_S = 3  # a sweep takes a tenth of a second, and many times that on a busy machine
ENDLESS_S = 100.0  # who waits for that has failed
LISTENING = "0A"


def listening_ports(pid: int) -> set[int]:
    """Return the TCP ports on which a process listens, as the kernel tells it."""
    sockets = {path.readlink().name for path in Path(f"/proc/{pid}/fd").iterdir() if path.is_symlink()}
    inodes = {name[8:-1] for name in sockets if name.startswith("socket:[")}
    lines = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text("ascii").splitlines()[1:]]
    return {
        int(words[1].split(":")[1], 16) for words in lines if words[3] == LISTENING and words[9] in inodes
    }


def spans(sweeps: list[SweepRow]) -> list[tuple[object, object]]:
    return [(each.started_at, each.finished_at) for each in sweeps]


def check_no_overlap(sweeps: list[SweepRow], there: g.Gateway) -> None:
    """No sweep of the provider began before the one before it had ended, by the history and by the server."""
    ordered = sorted(sweeps, key=lambda each: each.started_at)
    for former, later in pairwise(ordered):
        assert former.finished_at is not None
        assert later.started_at >= former.finished_at
    methods = "".join("C" if each.method == "GET" else "p" for each in there.requests)
    # a machine that is too slow for the slot cuts a sweep short: it asked less, and still alone
    asked = [len(part) for part in methods.split("C")[1:]]
    assert asked == [each.requests - 1 for each in ordered], methods


# ---- Told to stop ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("database_url", "number"),
    [("sqlite", signal.SIGTERM), ("postgres", signal.SIGINT)],
    indirect=["database_url"],
)
def test_with_grace_enough_the_running_sweep_ends_well(
    engine: Engine, database_url: str, tmp_path: Path, number: signal.Signals
) -> None:
    with g.gateway(steady(MODELS), latency_s=0.2) as there:
        config = config_file(tmp_path, there.base_url, database_url, concurrency=4, grace="30s")
        with Process(config, "run") as process:
            wait_for(lambda: len(there.probes) >= 5, process)
            process.send(number)
            assert process.wait() == 0, process.err
            assert "Traceback" not in process.err
    (swept,) = g.finished(engine)
    assert (swept.verdict, swept.probed, swept.available) == (Verdict.CONCLUSIVE, MODELS, MODELS)


@g.ON_SQLITE
@pytest.mark.parametrize(("grace", "signals"), [("200ms", 1), ("60s", 2)], ids=["short_grace", "hurried"])
def test_a_sweep_that_may_not_end_is_closed_as_interrupted(
    engine: Engine, database_url: str, tmp_path: Path, grace: str, signals: int
) -> None:
    with g.gateway(steady(MODELS), latency_s=1.0) as there:
        config = config_file(tmp_path, there.base_url, database_url, concurrency=2, grace=grace)
        with Process(config, "run") as process:
            wait_for(lambda: len(there.probes) >= 5, process)
            there.server.latency_s = ENDLESS_S
            process.send(signal.SIGTERM)
            if signals == 2:
                wait_for(lambda: "draining" in process.err, process)
                process.send(signal.SIGTERM)
            assert process.wait() == 0, process.err
            assert "Traceback" not in process.err
    (swept,) = g.finished(engine)
    assert (swept.verdict, swept.cause, swept.listed) == (Verdict.INCONCLUSIVE, Cause.INTERRUPTED, MODELS)
    kept = g.rows(engine, "SELECT count(*) FROM observation_history WHERE outcome = 'available'")
    assert 2 <= kept[0][0] < MODELS
    assert g.statuses(engine) == []


@g.ON_SQLITE
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 3)])
def test_a_sweep_by_hand_told_to_stop_is_interrupted_and_says_so_without_a_traceback(
    engine: Engine, database_url: str, tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with g.gateway(steady(MODELS), latency_s=0.5) as there:
        config = config_file(tmp_path, there.base_url, database_url, concurrency=2)
        with Process(config, "sweep") as process:
            wait_for(lambda: len(there.probes) >= 5, process)
            there.server.latency_s = ENDLESS_S
            process.send(number)
            ended = process.wait()
            assert "Traceback" not in process.err
    assert ended == code
    (swept,) = g.finished(engine)
    assert swept.cause == Cause.INTERRUPTED


# ---- Two on one database ---------------------------------------------------------------


def test_a_second_daemon_says_who_leads_binds_no_port_and_takes_over(
    database_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS), latency_s=0.05) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="1h", concurrency=2)
        with Process(config, "run") as first:
            page = first.page
            wait_for(lambda: there.probes, first)
            with Process(config, "run") as second:
                said = wait_for(lambda: [x for x in second.out.splitlines() if "standby" in x], second)
                who = f"process {first.pid} on " if "sqlite" in database_url else "monitor at "
                assert who in said[0]
                assert "since" in said[0]
                assert listening_ports(second.pid) == set()
                assert listening_ports(first.pid) == {int(page.rpartition(":")[2])}
                assert "status page" not in second.out
                first.kill()
                wait_for(lambda: "status page: " in second.out, second)
                assert httpx.get(f"{second.page}/healthz", trust_env=False, timeout=WAIT_S).status_code == 200
                second.send(signal.SIGTERM)
                assert second.wait() == 0, second.err


@g.ON_SQLITE
def test_a_sweep_cut_by_a_kill_is_closed_at_the_next_start_not_at_the_next_slot(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """Rule 32: the next start closes it as interrupted, keeping what was observed."""
    with g.gateway(steady(MODELS), latency_s=0.3) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="1h", concurrency=2)
        with Process(config, "run") as first:
            wait_for(lambda: len(there.probes) > MODELS // 2, first)
            first.kill()
        with Process(config, "run") as second:
            closed = wait_for(lambda: g.finished(engine), second)
            second.send(signal.SIGTERM)
            assert second.wait() == 0, second.err
    assert closed[0].cause == Cause.INTERRUPTED


@g.ON_SQLITE
def test_a_standby_that_is_told_to_stop_ends_at_once_and_leaves_the_leader_alone(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url)
        with Process(config, "run") as first, Process(config, "run") as second:
            wait_for(lambda: g.finished(engine) and "standby" in first.out + second.out)
            standby, leader = (second, first) if "standby" in second.out else (first, second)
            standby.send(signal.SIGTERM)
            assert standby.wait() == 0, standby.err
            assert leader.is_alive
            leader.send(signal.SIGTERM)
            assert leader.wait() == 0
    assert len(g.finished(engine)) == 1


def test_sweeps_by_hand_beside_a_daemon_are_recorded_and_overlap_nothing(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    # 20 s: a sweep that takes nine tenths of its interval on a busy machine would be cut
    with g.gateway(steady(MODELS), latency_s=0.1) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="20s", concurrency=8)
        with Process(config, "run") as daemon:
            wait_for(lambda: len(g.finished(engine)) >= 1, daemon)
            with Process(config, "sweep") as one, Process(config, "sweep") as two:
                assert [one.wait(), two.wait()] == [0, 0], f"{one.err}\n{two.err}"
                assert len(one.out.splitlines()) == MODELS
            told = len(g.finished(engine))
            wait_for(lambda: len(g.finished(engine)) > told, daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err
        sweeps = g.finished(engine)
        check_no_overlap(sweeps, there)
    assert {each.verdict for each in sweeps} == {Verdict.CONCLUSIVE}
    assert sum(each.slot is None for each in sweeps) >= 2, "a sweep by hand has no slot"
    check_every_slot_is_accounted_for(engine, timedelta(seconds=20))


def test_two_first_sweeps_at_once_on_an_empty_database_both_succeed(
    database_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url)
        with Process(config, "sweep") as one, Process(config, "sweep") as two:
            assert [one.wait(), two.wait()] == [0, 0], f"{one.err}\n{two.err}"
        assert len(there.probes) == 2 * MODELS
    history = open_engine(database_url)
    assert [each.verdict for each in g.finished(history)] == [Verdict.CONCLUSIVE] * 2
    history.dispose()


@g.ON_SQLITE
def test_a_sweep_by_hand_that_waits_in_vain_says_why(database_url: str, tmp_path: Path) -> None:
    """Beside a sweep that lasts longer than anybody waits: exit 3 and words, never an internal error."""
    with g.gateway(steady(MODELS), latency_s=ENDLESS_S) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="1s")
        with Process(config, "sweep") as first:
            wait_for(lambda: there.requests, first)
            second = monitor(config, "sweep")
            assert "internal error" not in second.stderr
            assert "another sweep of nvidia" in second.stderr
            assert second.returncode == 3


# ---- The schedule ----------------------------------------------------------------------


def check_every_slot_is_accounted_for(engine: Engine, interval: timedelta) -> None:
    """Slots lie on the grid, each has one sweep at most, and what has none is recorded as missed."""
    claimed = [each.slot for each in g.finished(engine) if each.slot is not None]
    assert len(set(claimed)) == len(claimed)
    assert all((slot - g.NOON) % interval == timedelta(0) for slot in claimed)
    due = round((max(claimed) - min(claimed)) / interval) + 1
    missed = sum(count for (count,) in g.rows(engine, "SELECT missed FROM provider_uptime_daily"))
    before_the_first = sum(
        1
        for (slot,) in g.rows(engine, "SELECT slot FROM missed_slot")
        if slot < min(claimed).timestamp() * 1000
    )
    assert len(claimed) + missed - before_the_first == due


@g.ON_SQLITE
def test_slots_are_aligned_and_unique(engine: Engine, database_url: str, tmp_path: Path) -> None:
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval=f"{SLOT_S}s")
        with Process(config, "run") as daemon:
            wait_for(lambda: len(g.finished(engine)) >= 4, daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err
        sweeps = g.finished(engine)
        check_no_overlap(sweeps, there)
    check_every_slot_is_accounted_for(engine, timedelta(seconds=SLOT_S))
    for each in sweeps:
        if each.slot is not None:
            assert each.started_at >= each.slot


@g.ON_SQLITE
def test_a_sweep_longer_than_its_interval_overlaps_nothing_and_its_slots_are_missed(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS), latency_s=1.2 * SLOT_S) as there:  # the catalog outlasts a slot
        config = config_file(tmp_path, there.base_url, database_url, interval=f"{SLOT_S}s")
        with Process(config, "run") as daemon:
            wait_for(lambda: len(g.finished(engine)) >= 3, daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err
    ordered = g.finished(engine)
    for former, later in pairwise(ordered):
        assert former.finished_at is not None
        assert later.started_at >= former.finished_at
    missed = g.rows(engine, "SELECT sum(missed) FROM provider_uptime_daily")
    assert missed[0][0] >= 1
    check_every_slot_is_accounted_for(engine, timedelta(seconds=SLOT_S))


@g.ON_SQLITE
def test_a_restart_catches_up_with_one_sweep_and_names_the_slots_it_missed(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval=f"{SLOT_S}s")
        with Process(config, "run") as daemon:
            wait_for(lambda: len(g.finished(engine)) >= 2, daemon)
            daemon.kill()
        left = utc_now() + timedelta(seconds=3.2 * SLOT_S)  # one slot is caught up with, two are missed
        wait_for(lambda: utc_now() >= left)
        with Process(config, "run") as daemon:
            sweeps = len(g.finished(engine))
            wait_for(lambda: len(g.finished(engine)) >= sweeps + 2, daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0
            assert "WARNING slots_missed provider=nvidia slots=" in daemon.err
    assert g.rows(engine, "SELECT sum(missed) FROM provider_uptime_daily")[0][0] >= 2
    check_every_slot_is_accounted_for(engine, timedelta(seconds=SLOT_S))


@g.ON_SQLITE
def test_slots_that_pass_while_another_sweep_goes_on_are_recorded_as_missed(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """A sweep by hand that lasts for several intervals: each slot has its sweep, or is told as missed."""
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval=f"{SLOT_S}s")
        with Process(config, "run") as daemon:
            wait_for(lambda: len(g.finished(engine)) >= 2, daemon)
            by_hand = sweep_lock(engine, PROVIDER, "default")
            wait_for(by_hand.try_acquire)
            wait_for(lambda: daemon.err.count("another sweep of nvidia") >= 2, daemon)
            by_hand.release()
            sweeps = len(g.finished(engine))
            wait_for(lambda: len(g.finished(engine)) >= sweeps + 2, daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err
    check_every_slot_is_accounted_for(engine, timedelta(seconds=SLOT_S))


# ---- What may never be seen ------------------------------------------------------------


def test_a_daemon_that_talks_of_everything_never_tells_the_key(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url, interval=f"{SLOT_S}s")
        with Process(config, "--log-level", "debug", "run") as daemon:
            page = daemon.page
            there.change(Everywhere("payment_required"))
            wait_for(lambda: daemon.err.count("sweep_finished") >= 2, daemon)
            face = httpx.get(page, trust_env=False, timeout=WAIT_S).text
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0
        texts = {"out": daemon.out, "err": daemon.err, "face": face}
    for secret in (KEY, g.ACCOUNT):
        assert [name for name, text in texts.items() if secret in text] == []
        files = [path for path in tmp_path.rglob("*") if path.is_file()]
        assert [path for path in files if secret.encode() in path.read_bytes()] == []
