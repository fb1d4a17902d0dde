"""The daemon as a process, and whom it tells: channels, a dead man's switch, a directory of summaries."""

import json
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from monitor.clock import utc_now
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Outcome, Verdict
from monitor.demo import Delist
from monitor.demo.stories import steady
from monitor.store.write.import_export import add_sweeps
from tests.support import gateway as g
from tests.support.command import KEY_VARIABLE, PROVIDER, config_file, monitor
from tests.support.mailbox import Mailbox, Receiver, mailbox, receiver
from tests.support.process import WAIT_S, Process, wait_for

MODELS = 6


@dataclass
class Stage:
    """A provider, its daemon's configuration, and everything that is told."""

    there: g.Gateway
    config: Path
    mails: Mailbox
    hook: Receiver
    pings: Receiver

    @property
    def leaves(self) -> str:
        """The model that will leave the catalog."""
        return self.there.world.listed[0]

    def told(self) -> list[dict[str, Any]]:
        """Return what the receiver of webhooks was told of changes."""
        return [each.document for each in self.hook.taken if each.document["topic"] == "changes"]

    def summaries(self) -> list[Path]:
        """Return the files of daily summaries."""
        return sorted((self.config.parent / "summaries").glob("[!.]*"))


@pytest.fixture
def stage(database_url: str, tmp_path: Path) -> Iterator[Stage]:
    with ExitStack() as all_of:
        there = all_of.enter_context(g.gateway(steady(MODELS)))
        mails = all_of.enter_context(mailbox())
        hook, pings = all_of.enter_context(receiver()), all_of.enter_context(receiver())
        config = config_file(tmp_path, there.base_url, database_url, interval="6s")
        topics = json.dumps(["summary", "retired", "appeared"])
        more = f"""
[summary]
directory = {json.dumps(str(tmp_path / "summaries"))}
[heartbeat]
url = "{pings.base_url}/ping/abc"
[[notify]]
name = "mail"
url = "{mails.url}"
on = {topics}
[[notify]]
name = "hook"
type = "webhook"
url = "{hook.base_url}/hook"
on = {topics}
"""
        text = config.read_text("utf-8")
        # at midnight: a test made before 06:00 would wait for yesterday's summary until then
        text = text.replace("[schedule]", '[schedule]\ndaily_summary = "00:00"')
        config.write_text(text + more, "utf-8")
        yield Stage(there, config, mails, hook, pings)


def run(stage: Stage) -> Process:
    return Process(stage.config, "run")


def test_a_retirement_is_told_once_to_every_channel_and_every_sweep_to_the_switch(stage: Stage) -> None:
    with run(stage) as daemon:
        wait_for(lambda: len(stage.pings.taken) >= 2, daemon)
        gone = stage.leaves
        stage.there.change(Delist((gone,)))
        wait_for(lambda: stage.mails.letters and stage.told(), daemon)
        daemon.send(signal.SIGTERM)
        assert daemon.wait() == 0
    assert gone in stage.mails.text_of()
    (told,) = stage.told()
    assert [(each["kind"], each["model"]) for each in told["events"]] == [("retired", gone)]
    assert len(stage.mails.letters) == 1
    paths = [each.path.split("?")[0] for each in stage.pings.taken]
    assert paths[:2] == ["/ping/abc/start", "/ping/abc"]
    assert "/ping/abc/fail" not in paths


def test_a_daemon_killed_while_it_delivers_delivers_again_under_the_same_id(stage: Stage) -> None:
    stage.hook.hold = threading.Event()
    with run(stage) as daemon:
        wait_for(lambda: len(stage.pings.taken) >= 2, daemon)
        stage.there.change(Delist((stage.leaves,)))
        wait_for(lambda: stage.mails.letters, daemon)  # the webhook is being delivered beside it
        daemon.kill()
    stage.hook.hold.set()
    stage.hook.hold = None
    with run(stage) as daemon:
        wait_for(stage.told, daemon)
        wait_for(lambda: len(stage.pings.taken) >= 6, daemon)
    assert len({each["id"] for each in stage.told()}) == 1
    assert len(stage.told()) <= 2
    assert len({each["X-Message-Id"] for each in stage.mails.letters if each["X-Message-Id"]}) <= 1
    assert len(stage.mails.letters) <= 2


def test_the_summary_of_a_day_whose_hour_was_missed_is_written_and_sent_once(
    stage: Stage, engine: Engine
) -> None:
    yesterday = utc_now() - timedelta(days=1)
    add_sweeps(engine, [_past(yesterday, stage.there)], lambda _name: Policy())
    with run(stage) as daemon:
        wait_for(lambda: stage.summaries() and stage.mails.letters and stage.hook.taken, daemon)
        daemon.send(signal.SIGTERM)
        assert daemon.wait() == 0
    (file,) = stage.summaries()
    assert file.name == f"{yesterday:%Y-%m-%d}.md"
    file.unlink()
    with run(stage) as daemon:
        wait_for(stage.summaries, daemon)
        wait_for(lambda: len(stage.pings.taken) >= 6, daemon)
    assert [each.document["topic"] for each in stage.hook.taken].count("summary") == 1
    assert sum(each["Subject"].startswith(f"{yesterday:%Y-%m-%d} ") for each in stage.mails.letters) == 1


MISSED = {"slots_missed", "run_skipped"}  # a busy machine may be too slow for slots this close


def test_a_normal_start_and_a_normal_day_write_no_warning(stage: Stage, engine: Engine) -> None:
    """Libraries included: the scheduler, the web server, HTTP, migrations and the channels."""
    text = stage.config.read_text("utf-8")
    stage.config.write_text(text.replace('interval = "6s"', 'interval = "10s"'), "utf-8")
    add_sweeps(engine, [_past(utc_now() - timedelta(days=1), stage.there)], lambda _name: Policy())
    words = ""
    for sweeps in (1, 4):  # each start goes on with a history
        with Process(stage.config, "--log-format", "json", "run") as daemon:
            enough = len(stage.pings.taken) + 2 * sweeps
            wait_for(lambda enough=enough: len(stage.pings.taken) >= enough, daemon)  # type: ignore[misc]
            for path in ("/", "/readyz", "/feed.atom", "/v1/models", "/nothing"):
                httpx.get(daemon.page + path, trust_env=False, timeout=WAIT_S)
            with socket.create_connection(("127.0.0.1", int(daemon.page.rpartition(":")[2]))) as stranger:
                stranger.sendall(b"\x16\x03\x01 no HTTP at all\r\n\r\n")
                stranger.recv(1000)
            if sweeps > 1:
                wait_for(lambda: stage.summaries() and stage.mails.letters and stage.told(), daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0
            words += daemon.err
        stage.there.change(Delist((stage.leaves,)))
    records = [json.loads(line) for line in words.splitlines()]
    assert [each for each in records if each["level"] != "info" and each["event"] not in MISSED] == []
    names = {record["event"] for record in records}
    assert {"leading", "sweep_finished", "retired", "delivered", "summary_written", "stopped"} <= names


def _past(at: datetime, there: g.Gateway) -> Sweep:
    return Sweep(
        provider=PROVIDER,
        started_at=at,
        finished_at=at,
        listed=there.world.listed,
        observations=tuple(Observation(model, Outcome.AVAILABLE, "ok", 0) for model in there.world.listed),
        verdict=Verdict.CONCLUSIVE,
    )


def test_a_sweep_by_hand_tells_the_channels_too(stage: Stage) -> None:
    text = stage.config.read_text("utf-8")  # no daemon to wait for: a sweep may take its time
    stage.config.write_text(text.replace('interval = "6s"', 'interval = "1h"'), "utf-8")
    assert monitor(stage.config, "sweep").returncode == 0
    stage.there.change(Delist((stage.leaves,)))
    for _ in range(2):
        assert monitor(stage.config, "sweep").returncode == 0
    assert len(stage.told()) == len(stage.mails.letters) == 1
    assert stage.pings.taken == []  # the switch is to notice that no daemon runs


@g.ON_SQLITE
def test_a_rejected_key_is_one_failure_of_the_common_switch_also_after_a_restart(
    database_url: str, tmp_path: Path
) -> None:
    def ends(there: Receiver) -> list[str]:
        paths = [each.path.split("?")[0].removeprefix("/ping") for each in there.taken]
        return [path for path in paths if path != "/start"]

    with ExitStack() as all_of:
        good = all_of.enter_context(g.gateway(steady(MODELS)))
        bad = all_of.enter_context(g.gateway(steady(MODELS), api_key="another"))
        common, own, other = (all_of.enter_context(receiver()) for _ in range(3))
        config = config_file(
            tmp_path, good.base_url, database_url, interval="8s", heartbeat=f"{own.base_url}/ping"
        )
        with config.open("a", encoding="utf-8") as out:
            out.write(
                f'[[providers]]\nname = "bad"\nbase_url = "{bad.base_url}"\napi_key_env = "{KEY_VARIABLE}"\n'
                f'heartbeat = "{other.base_url}/ping"\n[heartbeat]\nurl = "{common.base_url}/ping"\n'
            )
        with Process(config, "run") as daemon:
            wait_for(lambda: ends(common).count("/fail") >= 6 and len(ends(own)) >= 4, daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0
            assert "WARNING sweep_finished provider=bad " in daemon.err
            assert "WARNING credential_rejected provider=bad " in daemon.err
            assert "WARNING sweep_finished provider=nvidia " not in daemon.err
        with Process(config, "run") as daemon:
            before = len(ends(common))
            wait_for(lambda: len(ends(common)) >= before + 3, daemon)
    state = ends(common)
    begun = state.index("/fail")
    assert set(state[begun:]) == {"/fail"}
    assert set(state[:begun]) <= {""}
    assert set(ends(own)) == {""}
    assert set(ends(other)) == {"/fail"}
