"""SIGHUP: a configuration that can be used is taken over between sweeps; any other changes nothing."""

import json
import signal
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from monitor.app.daemon.reload import ignored_keys, with_kept
from monitor.config import Settings, parse_settings
from monitor.demo.stories import steady
from tests.support import gateway as g
from tests.support.command import KEY, KEY_VARIABLE, PROVIDER, config_file
from tests.support.process import WAIT_S, Process, wait_for

MODELS = 6


def settings(text: str) -> Settings:
    return parse_settings(f'{text}\n[[providers]]\nname = "a"\nbase_url = "https://a.test/v1"\n', "file")


def test_what_is_open_or_recorded_stays_and_is_named() -> None:
    old = settings("")
    new = settings(
        '[database]\nurl = "sqlite:///other.db"\n[web]\nlisten = "127.0.0.1:1"\npublic_url = "https://x.test"\n'
        '[schedule]\nvantage = "home"\ninterval = "1m"'
    )
    assert [*ignored_keys(old, new)] == ["database.url", "web.listen", "schedule.vantage"]
    kept = with_kept(old, new)
    assert (kept.database, kept.web.listen, kept.schedule.vantage) == (
        old.database,
        old.web.listen,
        old.schedule.vantage,
    )
    assert (kept.web.public_url, kept.schedule.cadence) == (new.web.public_url, new.schedule.cadence)
    assert [*ignored_keys(old, kept)] == []


def slots(engine: Engine, provider: str) -> list[object]:
    query = "SELECT slot FROM sweep_history WHERE provider = :provider AND slot IS NOT NULL ORDER BY slot"
    return [slot for (slot,) in g.rows(engine, query, provider=provider)]


def hang_up(daemon: Process, said: str) -> None:
    """Send SIGHUP and wait until the log has one more line of it."""
    lines = daemon.err.count(said)
    daemon.send(signal.SIGHUP)
    wait_for(lambda: daemon.err.count(said) > lines, daemon)


@g.ON_SQLITE
def test_providers_intervals_and_the_page_follow_and_no_slot_is_lost(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS)) as there, g.gateway(steady(MODELS), latency_s=0.2) as other:
        config = config_file(tmp_path, there.base_url, database_url, interval="3s")
        alone = config.read_text("utf-8")
        second = (
            f'[[providers]]\nname = "second"\nbase_url = "{other.base_url}"\napi_key_env = "{KEY_VARIABLE}"\n'
        )
        with Process(config, "run") as daemon:
            wait_for(lambda: len(slots(engine, PROVIDER)) >= 1, daemon)
            config.write_text(alone + second, "utf-8")
            hang_up(daemon, "INFO    reloaded providers=nvidia,second added=second")
            wait_for(lambda: len(slots(engine, "second")) >= 2, daemon)
            assert "second" in httpx.get(daemon.page, trust_env=False, timeout=WAIT_S).text
            window = '[[maintenance]]\nfrom = 2020-01-01\nto = 2020-01-02\nprovider = "elsewhere"\n'
            config.write_text(alone + window, "utf-8")
            hang_up(daemon, "removed=second")
            hang_up(daemon, "WARNING pattern_without_match")  # at each reading, until it is mended
            assert daemon.err.count("pattern_without_match") == 2
            swept = daemon.err.count("sweep_finished provider=second")
            before = len(slots(engine, PROVIDER))
            wait_for(lambda: len(slots(engine, PROVIDER)) >= before + 2, daemon)
            assert daemon.err.count("sweep_finished provider=second") <= swept + 1, (
                "one may have been under way"
            )
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err
            assert "Traceback" not in daemon.err
    made = slots(engine, PROVIDER)
    assert len(set(made)) == len(made)


@g.ON_SQLITE
@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("[policy]\nconfirm_dwon = 3\n", "confirm_dwon"),
        ("[[providers]\n", "not valid TOML"),
        ('[[notify]]\nname = "hook"\ntype = "webhook"\nurl = "env:NO_SUCH_ADDRESS"\n', "NO_SUCH_ADDRESS"),
    ],
    ids=["a_key", "no_toml", "a_secret"],
)
def test_a_wrong_file_changes_nothing_and_one_line_says_why(
    engine: Engine, database_url: str, tmp_path: Path, wrong: str, why: str
) -> None:
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="1s")
        with Process(config, "run") as daemon:
            wait_for(lambda: slots(engine, PROVIDER), daemon)
            config.write_text(config.read_text("utf-8") + wrong, "utf-8")
            hang_up(daemon, "ERROR   reload_failed")
            (line,) = (line for line in daemon.err.splitlines() if "reload_failed" in line)
            assert why in line
            before = len(slots(engine, PROVIDER))
            wait_for(lambda: len(slots(engine, PROVIDER)) >= before + 2, daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err


@g.ON_SQLITE
def test_a_sweep_under_way_ends_with_the_old_key_and_the_next_has_the_new_one(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    key = tmp_path / "key"
    key.write_text(KEY, "utf-8")
    with g.gateway(steady(MODELS), latency_s=0.3) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="10s", concurrency=1)
        text = config.read_text("utf-8")
        config.write_text(
            text.replace(f'api_key_env = "{KEY_VARIABLE}"', f"api_key_file = {json.dumps(str(key))}")
        )
        with Process(config, "run") as daemon:
            wait_for(lambda: len(there.probes) >= 2, daemon)
            key.write_text("another-key-that-the-provider-does-not-know-4x", "utf-8")
            hang_up(daemon, "INFO    reloaded")
            wait_for(lambda: "WARNING credential_rejected" in daemon.err, daemon)
            key.write_text(KEY, "utf-8")
            hang_up(daemon, "INFO    reloaded")
            wait_for(lambda: "INFO    credential_accepted" in daemon.err, daemon)
            assert "another-key" not in daemon.err
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err
    first, *_ = g.finished(engine)
    assert first.verdict == "conclusive", "it was under way when the key changed"


def test_a_process_that_has_not_begun_to_listen_is_not_ended(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url)
        with Process(config, "run") as daemon:
            wait_for(lambda: _catches(daemon.pid, signal.SIGHUP), daemon)
            daemon.send(signal.SIGHUP)
            wait_for(lambda: "INFO    reloaded" in daemon.err, daemon)
            daemon.send(signal.SIGTERM)
            assert daemon.wait() == 0, daemon.err


def _catches(pid: int, number: signal.Signals) -> bool:
    words = Path(f"/proc/{pid}/status").read_text("ascii").split()
    return bool(int(words[words.index("SigCgt:") + 1], 16) >> (number - 1) & 1)
