"""The same question has the same answer wherever it is asked: commands, JSON, OpenAI's list, the page."""

import json
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from monitor.clock import utc_now
from monitor.core.domain.policy import Policy
from monitor.web.app import create_app
from tests.store import histories
from tests.support.command import config_file, monitor
from tests.support.gateway import ON_SQLITE
from tests.support.process import WAIT_S
from tests.web.history import INTERVAL
from tests.web.served import served

PROVIDERS = ("alpha", "beta", "gamma", "delta")
# some repeat, and some read like a model of another provider
IDS = ("x", "y", "m/x", "m/y", "beta/x", "alpha/m/x", "test/one", "test/two", "Zeta")
MOODS = (histories.UP, histories.UP, histories.DOWN, histories.ENDED, histories.SLOW, histories.BUSY)
Key = tuple[str, str]


def live(engine: Engine, chance: Random) -> None:
    """Let each provider have some of the ids, in three sweeps that end now."""
    for provider in PROVIDERS:
        ids = chance.sample(IDS, chance.randint(1, len(IDS)))
        moods = {model: chance.choice(MOODS) for model in ids}
        for ago in (30, 20, 10):
            moods[chance.choice(ids)] = chance.choice(MOODS)
            at = utc_now() - timedelta(minutes=ago)
            histories.live(engine, histories.sweep(at, moods, provider=provider))


def configured(chance: Random, directory: Path, database_url: str) -> tuple[Path, dict[str, Policy]]:
    """Return a configuration that watches some providers, and of them some models; the same as policies."""
    policies = {
        name: Policy(
            include=chance.choice([("*",), ("m/*", "test/*"), ("x", "y")]),
            exclude=chance.choice([(), ("test/*",), ("*/x",)]),
        )
        for name in chance.sample(PROVIDERS, chance.randint(1, 3))
    }
    tables = [
        f'[[providers]]\nname = "{name}"\nbase_url = "http://127.0.0.1:1/v1"\n'
        f"include = {json.dumps(policy.include)}\nexclude = {json.dumps(policy.exclude)}\n"
        for name, policy in policies.items()
    ]
    file = config_file(directory, "http://127.0.0.1:1/v1", database_url)
    head = file.read_text(encoding="utf-8").partition("[[providers]]")[0]
    file.write_text(head + "".join(tables), encoding="utf-8")
    return file, policies


def keys(rows: list[dict[str, Any]]) -> set[Key]:
    return {(row["provider"], row["model"]) for row in rows if row["model"] is not None}


def answered(body: dict[str, Any]) -> set[Key]:
    return {(provider, model["id"]) for model in body["data"] for provider in model["providers"]}


def on_page(page: str) -> set[Key]:
    links = re.findall(r'<a [^>]*href="/models/([^/"]+)/([^"]+)"', page.partition('class="changes"')[0])
    return {(provider, model) for provider, model in links}


@ON_SQLITE
@pytest.mark.parametrize("seed", range(6))
def test_every_face_names_the_same_models(
    seed: int, engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """Rule 34, on a random history and configuration."""
    chance = Random(seed)  # noqa: S311  # chance, not a secret
    live(engine, chance)
    config, policies = configured(chance, tmp_path, database_url)
    app = create_app(engine, watched=dict.fromkeys(policies, INTERVAL), policies=policies, now=utc_now)
    with served(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S) as client:
        for more in ((), ("--all",)):
            said = _sayer(config, more)
            query = "?all=true" if more else ""
            every = keys(said("status"))
            assert every == keys(said("list", "--status", "all"))
            assert every == keys(said("uptime")["models"])
            assert every == keys(said("events"))
            assert every == keys(client.get(f"/api/v1/models{query}").json()["models"])
            callable_ = keys(said("list"))
            assert callable_ == answered(client.get(f"/v1/models{query}").json())
            assert callable_ == {
                (row["provider"], row["model"]) for row in said("status") if row["status"] == "available"
            }
            _every_printed_name_is_accepted(config, more, len(callable_))
        assert {key for key in on_page(client.get("/").text) if key[0] in policies} == keys(
            _sayer(config, ())("status")
        )


def _sayer(config: Path, more: tuple[str, ...]) -> Callable[..., Any]:
    def said(*command: str) -> Any:  # noqa: ANN401 - JSON
        return json.loads(monitor(config, *command, *more, "--json").stdout)

    return said


def _every_printed_name_is_accepted(config: Path, more: tuple[str, ...], count: int) -> None:
    names = monitor(config, "list", *more).stdout.splitlines()
    assert len(names) == len({*names}) == count
    if names:
        assert monitor(config, "check", *names, *more).returncode == 0
