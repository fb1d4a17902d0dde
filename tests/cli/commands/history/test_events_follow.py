"""`monitor events --follow`: what is new, each once, until nobody wants more."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, make_url

from monitor.app.tasks.follow import Follower
from monitor.clock import utc_now
from monitor.core.domain.policy import Policy
from monitor.core.history.rows import EventRow
from monitor.store.write.import_export import add_sweeps
from monitor.store.write.record import open_sweep
from tests.store import histories
from tests.support.command import config_file, environment, monitor
from tests.support.gateway import ON_POSTGRES, ON_SQLITE
from tests.support.postgres import PostgresServer
from tests.support.process import WAIT_S, Process, wait_for

NOW = histories.START + timedelta(hours=5)


def lived_through(engine: Engine, at: datetime, *models: str, provider: str = "nvidia") -> None:
    """Make a sweep that lists these models, as the daemon does."""
    histories.live(engine, histories.sweep(at, dict.fromkeys(models, histories.UP), provider=provider))


def names(rows: list[EventRow]) -> list[str | None]:
    return [row.model for row in rows]


# ---- What is new ----


@pytest.fixture
def follower(engine: Engine) -> Follower:
    return Follower(engine, now=lambda: NOW)


def test_only_what_comes_after_the_beginning_is_new(engine: Engine, follower: Follower) -> None:
    lived_through(engine, NOW - timedelta(minutes=10), "a")
    assert follower.begin(None) == []
    assert follower.look() == []
    lived_through(engine, NOW, "a", "b")
    assert names(follower.look()) == ["b"]
    assert follower.look() == []


def test_with_a_moment_what_was_confirmed_since_comes_first(engine: Engine, follower: Follower) -> None:
    for hours, models in enumerate(["a", "ab", "abc"]):
        lived_through(engine, histories.START + timedelta(hours=hours), *models)
    assert names(follower.begin(histories.START + timedelta(hours=1))) == ["b", "c"]
    lived_through(engine, NOW, "a", "b", "c", "d")
    assert names(follower.look()) == ["d"]


def test_a_sweep_that_ends_after_one_that_began_later_is_not_missed(
    engine: Engine, follower: Follower
) -> None:
    """Its events take their turn before those that were printed last."""
    for provider in ("long", "short"):
        lived_through(engine, histories.START, "a", provider=provider)
    began = NOW - timedelta(hours=3)  # it has been running for long
    slow = histories.sweep(began, {"a": histories.UP, "late": histories.UP}, provider="long")
    opened = open_sweep(
        engine, provider="long", vantage="default", slot=None, started_at=began, policy=histories.POLICY
    )
    assert opened is not None
    assert follower.begin(None) == []
    lived_through(engine, NOW, "a", "soon", provider="short")
    assert names(follower.look()) == ["soon"]
    histories.close(engine, opened, slow)
    assert names(follower.look()) == ["late"]
    lived_through(engine, NOW + timedelta(minutes=1), "a", "soon", "more", provider="short")
    assert names(follower.look()) == ["more"]


def test_a_sweep_on_a_machine_whose_clock_is_behind_is_not_missed(engine: Engine, follower: Follower) -> None:
    lived_through(engine, histories.START, "a")
    follower.begin(None)
    lived_through(engine, NOW - timedelta(minutes=50), "a", "b")
    assert names(follower.look()) == ["b"]


def test_what_is_imported_into_the_past_is_not_new(engine: Engine, follower: Follower) -> None:
    lived_through(engine, NOW - timedelta(minutes=1), "a", "b")
    follower.begin(None)
    past = histories.sweep(histories.START, {"a": histories.UP})
    add_sweeps(engine, [past], lambda _provider: Policy())
    assert follower.look() == []
    lived_through(engine, NOW, "a", "b", "c")
    assert names(follower.look()) == ["c"]


def test_kinds_and_providers_choose(engine: Engine) -> None:
    for provider in ("mine", "other"):
        lived_through(engine, histories.START, "a", provider=provider)
    follower = Follower(
        engine, kinds=["appeared"], is_wanted=lambda event: event.provider == "mine", now=lambda: NOW
    )
    follower.begin(None)
    lived_through(engine, NOW, "a", "b", provider="other")
    histories.live(engine, histories.sweep(NOW, {"a": histories.ENDED, "c": histories.UP}, provider="mine"))
    assert names(follower.look()) == ["c"]


def test_nothing_comes_twice_and_nothing_is_lost_however_often_one_looks(engine: Engine) -> None:
    follower = Follower(engine, now=lambda: NOW)
    follower.begin(None)
    found = list[EventRow]()
    for step, (sweep, policy) in enumerate(histories.history(7, 30)):
        histories.live(engine, replace(sweep, started_at=NOW + timedelta(minutes=step), slot=None), policy)
        found += follower.look() if step % 3 else []
    found += follower.look()
    everything = Follower(engine).begin(datetime(2000, 1, 1, tzinfo=UTC))
    assert sorted(row.event_id for row in found) == sorted(row.event_id for row in everything)


# ---- As a process ----


@pytest.fixture
def config(database_url: str, engine: Engine, tmp_path: Path) -> Path:
    lived_through(engine, utc_now() - timedelta(hours=2), "a")
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


@pytest.fixture
def process(config: Path) -> Iterator[Process]:
    """Follow as JSON, from a moment on that lets the test see when it has begun."""
    with Process(config, "events", "--follow", "--since", "1d", "--json") as running:
        wait_for(lambda: running.out.count("\n"), running)
        yield running


def models(said: str) -> list[str]:
    return [json.loads(line)["model"] for line in said.splitlines()]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_new_events_are_printed_as_they_come_until_it_is_told_to_stop(
    engine: Engine, process: Process, number: signal.Signals
) -> None:
    lived_through(engine, utc_now(), "a", "b")
    wait_for(lambda: process.out.count("\n") == 2, process)
    lived_through(engine, utc_now() + timedelta(seconds=1), "a", "b", "c")
    wait_for(lambda: process.out.count("\n") == 3, process)
    process.send(number)
    assert (process.wait(), process.err) == (0, "")
    assert models(process.out) == ["a", "b", "c"]
    event = json.loads(process.out.splitlines()[1])
    assert event["kind"] == "appeared"
    assert event["confirmed_at"].endswith("Z")


@ON_SQLITE
def test_an_event_is_a_plain_line(config: Path) -> None:
    followed = monitor(config, "events", "--follow", "--since", "1d", "--for", "10ms")
    (line,) = followed.stdout.splitlines()
    confirmed, began, *rest = line.split("  ")
    assert (confirmed, len(began)) == (began, len("2026-04-06 12:00:00"))
    assert rest == ["nvidia", "a", "appeared in the catalog, available"]


@ON_SQLITE
def test_it_ends_by_itself_after_the_time_it_was_given(config: Path) -> None:
    done = monitor(config, "events", "--follow", "--since", "1d", "--for", "100ms", "--json")
    assert (done.returncode, models(done.stdout), done.stderr) == (0, ["a"], "")
    quiet = monitor(config, "events", "--follow", "--for", "10ms")
    assert (quiet.returncode, quiet.stdout, quiet.stderr) == (0, "", "")


@ON_SQLITE
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--for", "5s"), "--for needs --follow"),
        (("--follow", "--provider", "nobody"), 'no provider "nobody"'),
        (("--follow", "--for", "soon"), "soon"),
        (("--follow", "--since", "tomorrow-ish"), "not a time"),
    ],
)
def test_wrong_usage_is_exit_2(config: Path, arguments: tuple[str, ...], words: str) -> None:
    refused = monitor(config, "events", *arguments)
    assert refused.returncode == 2
    assert words in refused.stderr


@ON_SQLITE
def test_a_watched_provider_without_a_history_can_be_followed(database_url: str, tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)
    assert monitor(config, "db", "upgrade").returncode == 0
    followed = monitor(config, "events", "--follow", "--for", "10ms", "--provider", "nvidia")
    assert (followed.returncode, followed.stderr) == (0, "")


@ON_SQLITE
@pytest.mark.parametrize("more", [(), ("--since", "1d")])
def test_it_ends_when_the_reader_of_its_pipe_has_gone(config: Path, more: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "--config", str(config), "events", "--follow", *more],
        cwd=config.parent,
        env=environment(),
        stdout=writer,
        stderr=subprocess.PIPE,
        timeout=WAIT_S,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@ON_POSTGRES
def test_a_database_that_is_away_for_a_moment_is_waited_for(
    engine: Engine, process: Process, database_url: str, postgres_server: PostgresServer
) -> None:
    name = make_url(database_url).database
    engine.dispose()
    postgres_server.run(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS false')
    postgres_server.run(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"  # noqa: S608
    )
    wait_for(lambda: "waiting for it" in process.err, process)
    postgres_server.run(f'ALTER DATABASE "{name}" WITH ALLOW_CONNECTIONS true')
    wait_for(lambda: "the database is back" in process.err, process)
    lived_through(engine, utc_now(), "a", "b")
    wait_for(lambda: process.out.count("\n") == 2, process)
    process.send(signal.SIGTERM)
    assert process.wait() == 0
    assert process.err.count("\n") == 2
    assert models(process.out) == ["a", "b"]


def test_a_database_that_is_not_there_is_exit_4(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", f"sqlite:///{tmp_path}/none.db")
    refused = monitor(config, "events", "--follow")
    assert refused.returncode == 4
    assert not (tmp_path / "none.db").exists()
