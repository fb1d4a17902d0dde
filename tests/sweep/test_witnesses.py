"""While one provider cannot be reached, another's answer proves that our network works (rules.md 9)."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.demo import World
from monitor.demo.world import CatalogMode
from monitor.http import Endpoint
from monitor.store.derived.rebuild import rebuild
from monitor.sweep import Swept, Target
from monitor.sweep.witnesses import witnesses_of
from tests.support import gateway as g
from tests.support.command import KEY, KEY_VARIABLE, monitor

MODELS = tuple(f"acme/model-{number}" for number in range(8))
WORLD = World(listed=MODELS)
LOGIN = World(listed=MODELS, catalog=CatalogMode.HTML)
AWAY = (Verdict.INCONCLUSIVE, Cause.OUR_NETWORK)
DOWN = (Verdict.INCONCLUSIVE, Cause.PROVIDER_OUTAGE)


@contextmanager
def healthy(engine: Engine) -> Iterator[tuple[g.Gateway, Target]]:
    """Give a provider whose models have answered once."""
    with g.gateway(WORLD) as there:
        aim = g.target(there.base_url)
        assert g.sweep(aim, engine, g.NOON).decision.verdict is Verdict.CONCLUSIVE
        yield there, aim


def beside(aim: Target, *others: Endpoint) -> Target:
    return replace(aim, others=others)


def end_of(swept: Swept) -> tuple[Verdict, str | None]:
    return swept.decision.verdict, swept.decision.cause


def test_rule_9_who_is_away_while_another_answers_has_an_outage(engine: Engine) -> None:
    with healthy(engine) as (_, aim):
        pass
    before = g.statuses(engine)
    with g.gateway(WORLD) as other:
        aim = beside(aim, Endpoint(base_url=other.base_url, api_key=KEY))
        swept = [g.sweep(aim, engine, g.hours(hour)) for hour in (1, 2)]
        assert [request.path for request in other.requests] == ["/v1/models"] * 2
    place = aim.endpoint.base_url.removeprefix("http://").removesuffix("/v1")
    its = other.base_url.removeprefix("http://").removesuffix("/v1")
    assert list(map(end_of, swept)) == [DOWN, DOWN]
    assert g.provider_events(engine) == [("provider_down", Cause.PROVIDER_OUTAGE)]
    assert swept[0].sweep.detail == (
        f"no connection ({place}): refused, or not answered; check host, port, http or https, and firewalls; "
        f"{its} answers at the same time"
    )
    assert g.statuses(engine) == before


@g.ON_SQLITE
def test_rule_9_where_nobody_answers_it_is_our_network_and_nobody_is_accused(engine: Engine) -> None:
    with healthy(engine) as (there, aim):
        port = int(there.base_url.rpartition(":")[2].partition("/")[0])
    before = g.statuses(engine)
    others = [Endpoint(base_url=f"http://127.0.0.1:{g.closed_port()}/v1") for _ in range(3)]
    assert end_of(g.sweep(beside(aim, *others), engine, g.hours(1))) == AWAY
    assert (g.provider_events(engine), g.statuses(engine)) == ([], before)
    with g.gateway(WORLD, port=port):
        back = g.sweep(beside(aim, *others), engine, g.hours(2))
    assert back.decision.verdict is Verdict.CONCLUSIVE
    assert g.provider_events(engine) == []


@g.ON_SQLITE
def test_rule_9_a_refusal_of_another_is_an_answer_too(engine: Engine) -> None:
    with healthy(engine) as (_, aim):
        pass
    with g.gateway(World(listed=MODELS, catalog=CatalogMode.UNAUTHORIZED)) as other:
        swept = g.sweep(beside(aim, Endpoint(base_url=other.base_url)), engine, g.hours(1))
    assert end_of(swept) == DOWN


@g.ON_SQLITE
def test_rule_9_a_page_in_everybodys_place_is_a_log_in_of_our_network(engine: Engine) -> None:
    with healthy(engine) as (there, aim), g.gateway(LOGIN) as other:
        before = g.statuses(engine)
        there.show(LOGIN)
        watched = beside(aim, Endpoint(base_url=other.base_url))
        swept = g.sweep(watched, engine, g.hours(1))
        assert end_of(swept) == AWAY
        assert "a network's log-in page answers in its place" in (swept.sweep.detail or "")
        other.show(WORLD)
        assert end_of(g.sweep(watched, engine, g.hours(2)))[1] == Cause.CATALOG_UNREADABLE
        assert g.statuses(engine) == before


@g.ON_SQLITE
def test_rule_9_a_provider_of_named_models_alone_is_judged_alike(engine: Engine) -> None:
    with g.gateway(WORLD) as there:
        aim = replace(g.target(there.base_url), models=MODELS, has_catalog=False)
        g.sweep(aim, engine, g.NOON)
    assert end_of(g.sweep(aim, engine, g.hours(1))) == AWAY
    with g.gateway(WORLD) as other:
        swept = g.sweep(beside(aim, Endpoint(base_url=other.base_url)), engine, g.hours(2))
    assert end_of(swept) == DOWN
    assert "answers at the same time" in (swept.sweep.detail or "")


@g.ON_SQLITE
def test_rule_9_other_providers_are_asked_in_trouble_alone(engine: Engine) -> None:
    with g.gateway(WORLD) as other, healthy(engine) as (_, aim):
        g.sweep(beside(aim, Endpoint(base_url=other.base_url)), engine, g.hours(1))
        assert other.requests == []


@g.ON_SQLITE
def test_rule_9_a_rebuild_keeps_the_cause_that_another_proved(engine: Engine) -> None:
    with healthy(engine) as (_, aim):
        pass
    with g.gateway(WORLD) as other:
        g.sweep(beside(aim, Endpoint(base_url=other.base_url)), engine, g.hours(1))
    before = g.provider_events(engine)
    rebuild(engine, aim.provider)
    assert g.provider_events(engine) == before
    assert [each.cause for each in g.finished(engine)] == [None, Cause.PROVIDER_OUTAGE]


def test_rule_9_witnesses_use_the_same_proxy_and_are_three_at_most() -> None:
    own = Endpoint(base_url="https://api.own.example/v1", proxy="http://proxy:3128")
    direct = Endpoint(base_url="https://api.other.example/v1")
    through = [replace(own, base_url=f"https://api.{number}.example/v1") for number in range(5)]
    aim = replace(g.target(""), endpoint=own, others=(direct, own, *through))
    assert list(witnesses_of(aim)) == through[:3]


def test_rule_9_so_it_is_with_a_sweep_by_hand_of_one_provider_or_of_all(tmp_path: Path) -> None:
    with ExitStack() as stack:
        there = stack.enter_context(g.gateway(WORLD))
        tables = [
            f'[[providers]]\nname = "{name}"\nbase_url = "{url}"\napi_key_env = "{KEY_VARIABLE}"\n'
            for name, url in (("up", there.base_url), ("down", f"http://127.0.0.1:{g.closed_port()}/v1"))
        ]
        config = tmp_path / "config.toml"
        config.write_text("\n".join(['[database]\nurl = "sqlite:///monitor.db"', *tables]))
        one, both = monitor(config, "sweep", "--provider", "down"), monitor(config, "sweep")
    assert (one.returncode, both.returncode) == (3, 3)
    for done in (one, both):
        assert "provider" in done.stdout + done.stderr
        assert "answers at the same time" in done.stdout + done.stderr


@pytest.mark.parametrize("is_keyed", [True, False])
def test_a_provider_without_its_key_is_no_witness_and_no_hindrance(is_keyed: bool, tmp_path: Path) -> None:
    with g.gateway(WORLD) as there:
        variable = KEY_VARIABLE if is_keyed else "A_KEY_THAT_IS_NOT_SET"
        config = tmp_path / "config.toml"
        config.write_text(
            '[database]\nurl = "sqlite:///monitor.db"\n'
            f'[[providers]]\nname = "up"\nbase_url = "{there.base_url}"\napi_key_env = "{variable}"\n'
            '[[providers]]\nname = "down"\n'
            f'base_url = "http://127.0.0.1:{g.closed_port()}/v1"\napi_key_env = "{KEY_VARIABLE}"\n'
        )
        done = monitor(config, "sweep", "--provider", "down")
    assert done.returncode == 3
    assert ("answers at the same time" in done.stdout + done.stderr) is is_keyed
