"""What a sweep costs: looks instead of probes, budgets, gaps, polls; announced ends (rules.md 23, 28)."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Outcome, Reason, Verdict
from monitor.core.planning.inputs import ProviderTraits
from monitor.demo.answers import CannedAnswer, as_json, problem
from monitor.demo.stories import steady
from monitor.probe.gap import Gap
from monitor.sweep import Target
from tests.support import gateway as g
from tests.support import scripted as s

CHAT = "chat/completions"
ENDED = problem(410, "Gone", "The model has reached its end of life on 2026-05-14T00:00:00Z.")
NIM = ProviderTraits(metadata=True, poll_header="NVCF-POLL-SECONDS", status_path="/status/{id}")


def nim(base_url: str, **more: object) -> Target:
    return replace(g.target(base_url), traits=NIM, **more)  # type: ignore[arg-type]


def paths(there: g.Gateway, model: str) -> list[str]:
    """Return how a model was asked, its metadata as `about`."""
    asked = [each for each in there.requests if each.model == model or each.path.endswith(f"/models/{model}")]
    return ["about" if each.method == "GET" else each.path.removeprefix("/v1/") for each in asked]


def retired_world(*, about: CannedAnswer, chat: CannedAnswer = ENDED) -> s.ScriptedWorld:
    return s.scripted({"a/old": {CHAT: chat}, "a/new": {CHAT: s.OK}}, about={"a/old": about})


def test_a_retired_model_is_looked_up_and_asked_every_nth_sweep_only(engine: Engine) -> None:
    """Rule 28."""
    with g.gateway(retired_world(about=ENDED)) as there:
        aim = nim(there.base_url, full_look_every=4)
        asked = []
        for hour in range(10):
            there.forget()
            g.sweep(aim, engine, g.hours(hour))
            asked.append(paths(there, "a/old"))
    look, probe = ["about"], [CHAT]
    assert asked == [probe, look, look, look, probe, look, look, look, probe, look]
    query = "SELECT DISTINCT outcome, reason, http_status FROM observation_history WHERE reason = 'looked_up'"
    assert g.rows(engine, query) == [("unknown", "looked_up", 410)]
    assert g.rows(engine, "SELECT kind FROM change_history WHERE model = 'a/old'") == [("appeared",)]


@g.ON_SQLITE
def test_metadata_that_say_it_is_back_prompt_a_probe_and_never_revive_alone(engine: Engine) -> None:
    """Rule 28."""
    with g.gateway(retired_world(about=ENDED)) as there:
        aim = nim(there.base_url)
        g.sweep(aim, engine, g.NOON)
        g.sweep(aim, engine, g.hours(1))
        there.show(retired_world(about=as_json({"id": "a/old"})))  # listed, but it does not answer
        for hour, expected in ((2, ["about", CHAT]), (3, ["about"]), (4, ["about"])):
            there.forget()
            g.sweep(aim, engine, g.hours(hour))
            assert paths(there, "a/old") == expected
        assert ("a/old", "retired") in g.rows(engine, "SELECT model, status FROM model_status")
        there.show(retired_world(about=ENDED, chat=s.OK))
        g.sweep(aim, engine, g.hours(5))
        there.show(retired_world(about=as_json({"id": "a/old"}), chat=s.OK))
        g.sweep(aim, engine, g.hours(6))
    events = g.rows(
        engine, "SELECT kind, to_status FROM change_history WHERE model = 'a/old' ORDER BY event_id"
    )
    assert events == [("appeared", "retired"), ("reappeared", "available")]


@g.ON_SQLITE
def test_where_there_are_no_metadata_a_retired_model_is_asked_as_before(engine: Engine) -> None:
    with g.gateway(retired_world(about=ENDED)) as there:
        for hour in range(3):
            g.sweep(g.target(there.base_url), engine, g.hours(hour))
        assert paths(there, "a/old") == [CHAT] * 3


def test_a_delisted_model_that_is_listed_again_is_asked_itself(engine: Engine) -> None:
    """Rule 28."""
    full, less = steady(4), replace(steady(4), listed=steady(4).listed[:3])
    with g.gateway(full) as there:
        aim = nim(there.base_url)
        for hour, world in enumerate((full, less, less, less, full)):
            there.show(world)
            there.forget()
            g.sweep(aim, engine, g.hours(hour))
        assert paths(there, full.listed[3]) == [CHAT]
    told = g.rows(engine, "SELECT kind FROM change_history WHERE kind <> 'appeared' ORDER BY event_id")
    assert told == [("retired",), ("reappeared",)]


@g.ON_SQLITE
def test_an_id_that_would_lead_elsewhere_is_never_looked_up(engine: Engine) -> None:
    world = s.scripted({"../../etc": {CHAT: ENDED}, "a/..": {CHAT: ENDED}, "a/fine": {CHAT: ENDED}})
    with g.gateway(world) as there:
        for hour in range(2):
            g.sweep(nim(there.base_url), engine, g.hours(hour))
        got = {each.path for each in there.requests if each.method == "GET"}
    assert got == {"/v1/models", "/v1/models/a/fine"}


# ---- Announced ends --------------------------------------------------------------------


@g.ON_SQLITE
def test_ends_that_the_catalog_names_are_announced_once(engine: Engine) -> None:
    models = {name: {CHAT: s.OK} for name in ("a/dated", "a/parts", "a/old", "a/off", "a/fine")}
    rows: dict[str, dict[str, object]] = {
        "a/dated": {"expiration_date": "2027-01-15"},
        "a/parts": {"deprecationDate": {"year": 2027, "month": 2, "day": 3}},
        "a/old": {"is_deprecated": True},
        "a/off": {"active": False},
        "a/fine": {"active": True, "expiration_date": None, "is_deprecated": False},
    }
    with g.gateway(s.scripted(models, row_of=rows)) as there:
        for hour in range(3):
            g.sweep(g.target(there.base_url), engine, g.hours(hour))
    query = "SELECT model, detail FROM change_history WHERE kind = 'retirement_announced' ORDER BY model"
    assert g.rows(engine, query) == [
        ("a/dated", "2027-01-15T00:00:00Z"),
        ("a/off", "2026-04-06T12:00:00Z"),
        ("a/old", "2026-04-06T12:00:00Z"),
        ("a/parts", "2027-02-03T00:00:00Z"),
    ]


@g.ON_SQLITE
def test_a_silent_model_does_not_take_its_announced_end_back(engine: Engine) -> None:
    """The header comes with answers only, the catalog's date with every reading: they must not alternate."""
    said = s.OK.with_headers(Deprecation="2027-03-01T00:00:00Z")
    world = s.scripted(
        {"a/m": {CHAT: [said, s.BROKEN, s.BROKEN, said]}}, row_of={"a/m": {"expiration_date": "2027-01-15"}}
    )
    with g.gateway(world) as there:
        for hour in range(3):
            g.sweep(g.target(there.base_url), engine, g.hours(hour))
    told = g.rows(engine, "SELECT detail FROM change_history WHERE kind = 'retirement_announced'")
    assert told == [("2027-01-15T00:00:00Z",)]


# ---- Budget ----------------------------------------------------------------------------


@g.ON_SQLITE
def test_a_sweep_beyond_its_share_of_the_day_asks_the_most_informative_first(engine: Engine) -> None:
    world = s.scripted({f"a/m{number}": {CHAT: s.OK} for number in range(10)})
    doubtful = s.scripted({**world.says, "a/m7": {CHAT: s.BROKEN}})
    with g.gateway(world) as there:
        free = g.target(there.base_url)
        g.sweep(free, engine, g.NOON)
        there.show(doubtful)
        g.sweep(free, engine, g.hours(1))
        spent = sum(sweep.requests for sweep in g.finished(engine))
        there.forget()
        budgeted = replace(free, requests_per_day=spent + 12, sweeps_left=lambda _now: 2)
        swept = g.sweep(budgeted, engine, g.hours(2))
        asked = [each.model for each in there.probes]
    assert swept.sweep.requests == 6
    assert "a/m7" in asked
    reasons = Counter(each.reason for each in swept.sweep.observations)
    assert reasons[Reason.NOT_PROBED] == 10 - len(set(asked))
    assert len(swept.sweep.observations) == 10
    assert swept.decision.verdict is Verdict.CONCLUSIVE


@g.ON_SQLITE
def test_over_a_day_the_budget_is_kept_and_every_model_gets_its_turn(engine: Engine) -> None:
    world = s.scripted({f"a/m{number}": {CHAT: s.OK} for number in range(12)})
    midnight = datetime(2026, 4, 6, tzinfo=UTC)
    with g.gateway(world) as there:
        for number in range(24):
            aim = replace(
                g.target(there.base_url), requests_per_day=120, sweeps_left=lambda now: 24 - now.hour
            )
            g.sweep(aim, engine, midnight + timedelta(hours=number))
        assert len(there.requests) <= 120
        asked = [each.model for each in there.probes]
    assert len(asked) == 24 * 4
    assert set(asked[:36]) == set(world.listed)
    in_turn = Counter(asked[48:])
    assert set(in_turn.values()) == {4}


# ---- Gaps and polls --------------------------------------------------------------------


@g.ON_SQLITE
def test_the_gap_of_a_model_is_kept_in_every_look_and_from_sweep_to_sweep(engine: Engine) -> None:
    gap_s = 0.3
    says = {"a/ok": {CHAT: s.OK}, "a/broken": {CHAT: s.BROKEN}, "a/embed": {"completions": s.TEXT}}
    with g.gateway(s.scripted(says)) as there:
        aim = replace(g.target(there.base_url), gap=Gap(gap_s))
        g.sweep(aim, engine)
        g.sweep(replace(aim, gap=Gap(gap_s)), engine)
        for model in says:
            times = [each.at_s for each in there.requests if each.model == model]
            assert len(times) >= 2
            assert all(later - former >= gap_s - 0.005 for former, later in pairwise(times))


QUEUED = CannedAnswer(202, headers={"NVCF-REQID": "r-7", "NVCF-STATUS": "pending-evaluation"})


@g.ON_SQLITE
@pytest.mark.parametrize(
    ("polled", "polls", "outcome", "reason"),
    [
        ([QUEUED, s.OK], 2, Outcome.AVAILABLE, Reason.OK),
        ([ENDED], 1, Outcome.UNAVAILABLE, Reason.END_OF_LIFE),
        ([], 1, Outcome.RATE_LIMITED, Reason.QUEUED),  # nobody knows of it there
    ],
)
def test_an_accepted_request_is_asked_for_until_it_is_there(
    engine: Engine, polled: list[CannedAnswer], polls: int, outcome: Outcome, reason: Reason
) -> None:
    world = s.scripted({"a/slow": {CHAT: QUEUED}}, polled=list(polled))
    with g.gateway(world) as there:
        swept = g.sweep(nim(there.base_url), engine, g.NOON)
        assert {each.headers["nvcf-poll-seconds"] for each in there.probes} == {"28"}
    (seen,) = swept.sweep.observations
    assert (seen.outcome, seen.reason) == (outcome, reason)
    assert (seen.attempts, swept.sweep.requests) == (1 + polls, 2 + polls)


@g.ON_SQLITE
def test_an_accepted_request_that_never_ends_is_asked_for_while_there_is_time(engine: Engine) -> None:
    with g.gateway(s.scripted({"a/slow": {CHAT: QUEUED}}, polled=[QUEUED])) as there:
        swept = g.sweep(replace(nim(there.base_url), timeout=timedelta(seconds=8)), engine, g.NOON)
        polls = sum(each.path.endswith("/status/r-7") for each in there.requests)
    (seen,) = swept.sweep.observations
    assert (seen.outcome, seen.reason, seen.attempts) == (Outcome.RATE_LIMITED, Reason.QUEUED, 1 + polls)
    assert 1 <= polls <= 7, "one a second, and none that could not end in time"
