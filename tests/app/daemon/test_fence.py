"""Two daemons on one Postgres: one is frozen, cut off or without its database in the middle of a sweep."""

import signal
import threading
import time
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, make_url

from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.demo.stories import steady
from tests.support import gateway as g
from tests.support.command import config_file
from tests.support.mailbox import Receiver, receiver
from tests.support.process import Process, wait_for
from tests.support.proxy import PostgresProxy

MODELS = 24
HELD_S, QUICK_S = 20.0, 0.3  # how long an answer takes while a sweep must not end, and else
SILENCE_S = 30.0  # after which the server lets go of a frozen process's locks
CUT = (
    "SELECT pg_terminate_backend(l.pid) FROM pg_locks l WHERE l.locktype = 'advisory'"
    " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
)


def run_sql(url: str, statement: str) -> None:
    """Run one statement, whoever holds a transaction open."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(statement.encode())


def every_row(engine: Engine) -> list[object]:
    """Return what the views that a sweep writes to hold."""
    return [
        g.rows(engine, f"SELECT * FROM {view} ORDER BY 1, 2, 3")  # noqa: S608 - from below
        for view in ("sweep_history", "observation_history", "change_history")
    ]


def telling(config: Path, told: Receiver) -> Path:
    """Let a daemon ping a switch and send summaries, the first one at its start."""
    text = config.read_text("utf-8").replace("[schedule]", '[schedule]\ndaily_summary = "00:00"')
    there = told.base_url
    told_at = f'[heartbeat]\nurl = "{there}/ping"\n[[notify]]\ntype = "webhook"\nurl = "{there}/hook"\n'
    config.write_text(text + told_at + 'name = "hook"\non = ["summary"]\n', "utf-8")
    return config


@g.ON_POSTGRES
def test_a_frozen_leader_is_replaced_and_does_nothing_when_it_wakes_up(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """The standby makes the sweep that was cut, though no slot is due; the old leader stands by.

    A ping and a message of the old leader were under way, and wait for the next try.
    """
    with g.gateway(steady(MODELS), latency_s=QUICK_S) as there, receiver() as told, receiver() as other:
        told.hold, told.refusals = threading.Event(), 99
        configs = (
            config_file(tmp_path, there.base_url, database_url, interval="24h", concurrency=2, name=name)
            for name in ("one.toml", "two.toml")
        )
        config, standby_config = map(telling, configs, (told, other))
        with Process(config, "run") as leader:
            wait_for(lambda: len(there.probes) >= 6, leader)
            there.server.latency_s = HELD_S
            wait_for(lambda: told.begun >= 2, leader)
            with Process(standby_config, "run") as standby:
                wait_for(lambda: "standby" in standby.out, standby)
                leader.send(signal.SIGSTOP)
                frozen_at = time.monotonic()
                there.server.latency_s = QUICK_S
                told.hold.set()
                wait_for(lambda: len(g.finished(engine)) == 2, standby)
                assert time.monotonic() - frozen_at > SILENCE_S / 2, "nothing but the silence made it lose"
                before, requests, sent = every_row(engine), len(there.requests), told.begun
                leader.send(signal.SIGCONT)
                wait_for(lambda: "standby" in leader.out, leader)
                assert "leadership_lost" in leader.err
                assert (every_row(engine), len(there.requests)) == (before, requests)
                for process in (leader, standby):
                    assert "Traceback" not in process.err
                    process.send(signal.SIGTERM)
                    assert process.wait() == 0, process.err
                assert told.begun == sent
    first, latest = g.finished(engine)
    assert (latest.verdict, latest.probed) == (Verdict.CONCLUSIVE, MODELS)
    assert (first.verdict, first.cause) == (Verdict.INCONCLUSIVE, Cause.INTERRUPTED)


@g.ON_POSTGRES
def test_a_frozen_sweep_of_a_person_is_closed_and_does_nothing_when_it_wakes_up(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS), latency_s=QUICK_S) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="24h", concurrency=2)
        with Process(config, "sweep") as frozen:
            wait_for(lambda: len(there.probes) >= 6, frozen)
            there.server.latency_s = HELD_S
            frozen.send(signal.SIGSTOP)
            there.server.latency_s = QUICK_S
            with Process(config, "sweep") as other:
                wait_for(lambda: len(g.finished(engine)) == 2, other)
            before, requests = every_row(engine), len(there.requests)
            frozen.send(signal.SIGCONT)
            assert frozen.wait() == 4, frozen.err
            assert "another process took over" in frozen.err or "by another process" in frozen.err
            assert (every_row(engine), len(there.requests)) == (before, requests)


@g.ON_POSTGRES
@pytest.mark.parametrize("has_standby", [False, True], ids=["alone", "with_standby"])
def test_cut_connections_cost_neither_the_sweep_nor_the_lead(
    engine: Engine, database_url: str, tmp_path: Path, *, has_standby: bool
) -> None:
    with g.gateway(steady(MODELS), latency_s=QUICK_S) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="24h", concurrency=1)
        with Process(config, "run") as leader:
            wait_for(lambda: there.probes, leader)
            there.server.latency_s = HELD_S
            standby = Process(config, "run") if has_standby else None
            try:
                if standby:
                    wait_for(lambda: "standby" in standby.out, standby)
                there.server.latency_s = QUICK_S
                for probes in (6, 12, 18):
                    wait_for(lambda probes=probes: len(there.probes) >= probes, leader)  # type: ignore[misc]
                    run_sql(database_url, CUT)
                (swept,) = wait_for(lambda: g.finished(engine), leader)
            finally:
                if standby:
                    standby.kill()
            assert leader.is_alive
            assert "leadership_lost" not in leader.err
            assert not standby or "status page" not in standby.out
    assert (swept.verdict, swept.probed, swept.available) == (Verdict.CONCLUSIVE, MODELS, MODELS)


@g.ON_POSTGRES
def test_a_database_that_is_away_in_mid_sweep_costs_neither_the_sweep_nor_the_lead(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """With a standby beside it, which leaves the lock to its holder when the database is back."""
    with g.gateway(steady(MODELS), latency_s=QUICK_S) as there, PostgresProxy(database_url) as proxy:
        config = config_file(tmp_path, there.base_url, proxy.url, interval="24h", concurrency=1)
        with Process(config, "run") as leader:
            wait_for(lambda: there.probes, leader)
            there.server.latency_s = HELD_S
            with Process(config, "run") as standby:
                wait_for(lambda: "standby" in standby.out, standby)
                there.server.latency_s = QUICK_S
                proxy.close()
                probes = len(there.probes)
                wait_for(lambda: "database_unreachable" in leader.err, leader)
                wait_for(lambda: "database_unreachable" in standby.err, standby)
                wait_for(lambda: len(there.probes) >= min(probes + 8, MODELS), leader)
                proxy.open()
                (swept,) = wait_for(lambda: g.finished(engine), leader)
                assert "leadership_lost" not in leader.err
                assert "status page" not in standby.out
    assert (swept.verdict, swept.probed, swept.available) == (Verdict.CONCLUSIVE, MODELS, MODELS)
