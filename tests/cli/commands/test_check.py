"""`monitor check MODEL --live` says what a sweep would: the same words, the same trouble."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from shutil import copy2

import pytest

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Cause
from monitor.core.planning.inputs import ProviderTraits
from monitor.demo import World
from monitor.demo.answers import CannedAnswer, chat
from monitor.http import Endpoint
from monitor.store.connection.engine import Engine, open_engine, sqlite_path
from monitor.store.derived.states import load_state
from monitor.store.memory.knowledge import load_knowledge
from monitor.sweep import Checked, SweepStart, Target, check_now
from tests.support import gateway as g
from tests.support import scripted as s
from tests.support.command import KEY, PROVIDER, config_file, monitor
from tests.support.provider_cases import CASES, CHAT, EMBED, OTHERS, SUBJECT, ProviderCase

INTERVAL_S = 20.0  # what a case may last at most, whoever waits in it
REFUSED = s.complaint("Incorrect API key provided", 401, code="invalid_api_key")
UNKNOWN_MODEL = s.complaint("The model does not exist", 404, code="model_not_found")
LIMIT = s.complaint("Rate limit reached, try again later", 429, code="rate_limit_exceeded")
EMPTY = s.complaint("You exceeded your current quota", 429, code="insufficient_quota")
FIREWALL = CannedAnswer(403, "<!DOCTYPE html><title>Attention Required!</title>", "text/html")


@pytest.fixture
def history(sqlite_url: str, sqlite_template: Path) -> Iterator[Engine]:
    """Give a fresh history."""
    engine = open_engine(sqlite_url)
    sqlite_path(engine).parent.mkdir()
    copy2(sqlite_template, sqlite_path(engine))
    yield engine
    engine.dispose()


def check(aim: Target, engine: Engine, model: str, *, hour: int, is_accepted: bool = False) -> Checked:
    state, knowledge = load_state(engine, PROVIDER), load_knowledge(engine, PROVIDER)
    before = SweepStart(slot=None, state=state, knowledge=knowledge, is_accepted=is_accepted, spent_today=0)
    return g.run_async(lambda: check_now(aim, model, before, g.hours(hour)))


def words(seen: Observation) -> tuple[object, ...]:
    return seen.outcome, seen.reason, seen.kind, seen.http_status, seen.served_as, seen.retires_at


def world(*, subject: s.Says, others: s.Says = s.OK, is_listed: bool = True, **more: object) -> World:
    says: Mapping[str, Mapping[str, s.Says]] = {model: {CHAT: others} for model in OTHERS}
    listed = (*OTHERS, SUBJECT) if is_listed else OTHERS
    return s.ScriptedWorld(listed=listed, says={**says, SUBJECT: {CHAT: subject}}, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", CASES)
def test_a_check_and_a_sweep_of_the_same_moment_agree(name: str, history: Engine) -> None:
    case: ProviderCase = CASES[name]
    last = case.sweeps - 1
    with g.gateway(case.world(0)) as there:
        aim = g.target(there.base_url, interval_s=INTERVAL_S)
        for number in range(last):
            there.show(case.world(number))
            g.sweep(aim, history, g.hours(number))
        there.show(case.world(last))
        checked = check(aim, history, case.subject, hour=last)
        there.show(case.world(last))
        swept = g.sweep(aim, history, g.hours(last)).sweep
    assert checked.is_listed
    assert checked.cause == swept.cause
    if swept.cause is None:
        seen = next(each for each in swept.observations if each.model == case.subject)
        assert words(checked.observation) == words(seen)


@pytest.mark.parametrize("is_known", [True, False], ids=["with a history", "without one"])
@pytest.mark.parametrize(
    ("subject", "others"),
    [
        (REFUSED, s.OK),
        (REFUSED, REFUSED),
        (REFUSED, s.BROKEN),
        (REFUSED, LIMIT),
        (EMPTY, s.OK),
        (EMPTY, EMPTY),
        (LIMIT, s.OK),
        (LIMIT, LIMIT),
        (FIREWALL, s.OK),
        (FIREWALL, FIREWALL),
        (s.BROKEN, s.OK),
        (s.BROKEN, s.BROKEN),
        (UNKNOWN_MODEL, s.OK),
        (UNKNOWN_MODEL, UNKNOWN_MODEL),
        (s.NOT_HERE, s.OK),
        (s.NOT_HERE, s.NOT_HERE),
        (s.OK, s.BROKEN),
    ],
)
def test_whose_trouble_it_is_shows_by_a_few_other_models(
    subject: s.Says, others: s.Says, *, is_known: bool, history: Engine
) -> None:
    """Rules 6 and 8."""
    now = world(subject=subject, others=others)
    with g.gateway(world(subject=s.OK)) as there:
        aim = g.target(there.base_url, interval_s=INTERVAL_S)
        if is_known:
            g.sweep(aim, history, g.hours(0))
        there.show(now)
        checked = check(aim, history, SUBJECT, hour=1)
        there.show(now)
        swept = g.sweep(aim, history, g.hours(1)).sweep
    seen = next(each for each in swept.observations if each.model == SUBJECT)
    is_answer = checked.observation.outcome == "available"
    assert checked.cause == (None if is_answer else swept.cause)
    if checked.cause is None:
        assert words(checked.observation) == words(seen)


def test_a_check_costs_the_catalog_and_one_request_where_the_model_answers(history: Engine) -> None:
    with g.gateway(world(subject=s.OK)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, history, g.hours(0))
        there.forget()
        check(aim, history, SUBJECT, hour=1)
        assert [each.method for each in there.requests] == ["GET", "POST"]


# ---- Ids that the catalog does not have ----


@pytest.mark.parametrize(
    ("says", "outcome", "reason", "probes"),
    [
        ({CHAT: s.OK}, "available", "ok", 1),
        ({CHAT: UNKNOWN_MODEL}, "unavailable", "not_found", 1),
        ({CHAT: s.NOT_HERE}, "unavailable", "not_found", 1),
        ({}, "unavailable", "not_found", 1),
        ({CHAT: REFUSED}, "unavailable", "not_for_account", 1),
        ({CHAT: LIMIT}, "rate_limited", "too_many_requests", 1),
        ({CHAT: s.complaint("This is not a chat model"), EMBED: s.VECTOR}, "available", "ok", 2),
    ],
)
def test_an_id_that_is_not_listed_is_asked_as_such(
    says: Mapping[str, s.Says], outcome: str, reason: str, probes: int, history: Engine
) -> None:
    """Row 13: a bare 404 says of such an id that it is not there; of a listed one, that it is elsewhere."""
    others = {model: {CHAT: s.OK} for model in OTHERS}
    with g.gateway(s.ScriptedWorld(listed=OTHERS, says={**others, SUBJECT: says})) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, history, g.hours(0))
        there.forget()
        checked = check(aim, history, SUBJECT, hour=1)
        asked = [each for each in there.probes if each.model == SUBJECT]
    assert (checked.is_listed, checked.cause) == (False, None)
    assert (checked.observation.outcome, checked.observation.reason) == (outcome, reason)
    assert len(asked) == checked.observation.attempts == probes


def test_an_id_that_only_the_configuration_names_is_listed(history: Engine) -> None:
    with g.gateway(world(subject=s.OK, is_listed=False)) as there:
        aim = replace(g.target(there.base_url), models=(SUBJECT,))
        assert check(aim, history, SUBJECT, hour=0).is_listed


# ---- What a sweep takes from the catalog and the history ----


def test_the_catalogs_word_on_the_kind_and_the_end_counts(history: Engine) -> None:
    row = {"mode": "embedding", "deprecation_date": "2031-05-06"}
    says = {SUBJECT: {EMBED: s.VECTOR, CHAT: s.BROKEN}, **{model: {CHAT: s.OK} for model in OTHERS}}
    with g.gateway(s.scripted(says, row_of={SUBJECT: row})) as there:
        checked = check(g.target(there.base_url), history, SUBJECT, hour=0)
        assert [each.path for each in there.probes] == ["/v1/embeddings"]
    assert checked.observation.kind == "embeddings"


def test_a_kind_that_may_not_be_asked_is_not_asked(history: Engine) -> None:
    """Rule 38."""
    with g.gateway(
        s.scripted({SUBJECT: {CHAT: s.OK}}, row_of={SUBJECT: {"mode": "image_generation"}})
    ) as there:
        checked = check(g.target(there.base_url), history, SUBJECT, hour=0)
        swept = g.sweep(g.target(there.base_url), history, g.hours(0)).sweep
        assert there.probes == []
    assert (words(checked.observation), checked.cause) == (words(swept.observations[0]), swept.cause)
    assert (checked.observation.reason, checked.observation.attempts) == ("not_probed", 0)


def test_the_form_that_worked_is_remembered(history: Engine) -> None:
    picky = s.unless("system", s.complaint("a system message is required"))
    with g.gateway(world(subject=picky)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, history, g.hours(0))
        there.forget()
        assert check(aim, history, SUBJECT, hour=1).observation.attempts == 1


def test_a_catalog_that_cannot_be_read_makes_a_failure_no_verdict_but_an_answer_counts(
    history: Engine,
) -> None:
    with g.gateway(world(subject=s.OK)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, history, g.hours(0))
        there.show(world(subject=s.OK, catalog_says=s.BROKEN))
        answered = check(aim, history, SUBJECT, hour=1)
        there.show(world(subject=UNKNOWN_MODEL, catalog_says=s.BROKEN))
        failed = check(aim, history, SUBJECT, hour=1)
    assert (answered.cause, answered.observation.outcome, answered.is_listed) == (None, "available", True)
    assert failed.cause == "catalog_unreadable"


def test_a_retired_model_is_asked_itself_though_a_sweep_would_only_look_it_up(history: Engine) -> None:
    gone = s.complaint("This model reached its end of life", 410)
    with g.gateway(world(subject=gone)) as there:
        aim = replace(g.target(there.base_url), traits=ProviderTraits(metadata=True))
        g.sweep(aim, history, g.hours(0))
        there.show(world(subject=s.OK, about={SUBJECT: s.NOT_HERE}))
        swept = g.sweep(aim, history, g.hours(1)).sweep
        checked = check(aim, history, SUBJECT, hour=2)
    assert {each.reason for each in swept.observations if each.model == SUBJECT} == {"looked_up"}
    assert checked.observation.outcome == "available"


def test_what_an_operator_accepted_is_believed(history: Engine) -> None:
    with g.gateway(world(subject=s.OK)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, history, g.hours(0))
        there.show(world(subject=UNKNOWN_MODEL, others=UNKNOWN_MODEL))
        assert check(aim, history, SUBJECT, hour=1).cause is not None
        assert check(aim, history, SUBJECT, hour=1, is_accepted=True).cause is None


def test_another_providers_answer_proves_our_network_as_in_a_sweep(history: Engine) -> None:
    with g.gateway(world(subject=s.OK)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, history, g.hours(0))
    assert check(aim, history, SUBJECT, hour=1).cause == Cause.OUR_NETWORK
    with g.gateway(world(subject=s.OK)) as other:
        beside = replace(aim, others=(Endpoint(base_url=other.base_url, api_key=KEY),))
        seen = check(beside, history, SUBJECT, hour=1)
        assert [request.path for request in other.requests] == ["/v1/models"]
        swept = g.sweep(beside, history, g.hours(2))
    assert seen.cause == swept.sweep.cause == Cause.PROVIDER_OUTAGE
    assert seen.detail == swept.sweep.detail
    assert (seen.detail or "").endswith("answers at the same time")


# ---- The command ----


def test_the_command_words_it_and_exits_by_it(history: Engine, sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(world(subject=s.OK)) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url)
        g.sweep(g.target(there.base_url), history, g.hours(0))
        one = monitor(config, "check", "no/such-model", "--live")
        assert (one.returncode, one.stderr) == (1, "")
        assert "unavailable (HTTP 404: not found at the provider), not in the catalog" in one.stdout
        there.show(world(subject=chat("Hello")))
        found = json.loads(monitor(config, "check", SUBJECT, "--live", "--json").stdout)
        assert (found["model"], found["outcome"], found["attempts"]) == (SUBJECT, "available", 1)
        assert (found["provider"], found["listed"], found["verdict"]) == ("nvidia", True, "conclusive")
        wrong = monitor(config, "check", SUBJECT, "--live", key="nvapi-wrong-one")
        assert wrong.returncode == 3
        assert "the key was rejected (credential): Authorization failed" in wrong.stderr
