"""The stories: their counts are exact, and they are the same every time."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, EventKind, Kind, Outcome, Reason, Verdict
from monitor.core.lifecycle.fold import fold
from monitor.demo import Behave, Delist, Everywhere, Paging, Script, Show, World
from monitor.demo.stories import (
    DELISTED,
    ENDED,
    FAILING,
    FLAPPING,
    NEWCOMERS,
    blog_day,
    demo_story,
    nim_ids,
    steady,
)
from tests.support.weeks import two_weeks

COUNTED = ("ok", "ok_reasoning", "too_many_requests")


def test_the_real_list_has_188_rows_and_186_ids() -> None:
    assert (len(nim_ids()), len(set(nim_ids()))) == (188, 186)
    assert list(nim_ids()) == sorted(nim_ids())


def test_the_blogs_day_has_its_counts() -> None:
    day = blog_day()
    assert (len(day.listed), len(set(day.listed))) == (191, 189)
    twice = {model for model, rows in Counter(day.listed).items() if rows > 1}
    assert twice == {"nvidia/nemotron-3-super-120b-a12b", "openai/gpt-oss-120b"}
    counts = Counter(day.behaviour_of(model) for model in set(day.listed))
    assert sum(counts[name] for name in COUNTED) == 101
    assert counts["too_many_requests"] == 10
    assert (counts["not_for_account"], counts["server_error"]) == (62, 6)
    assert (counts["hang"], counts["bad_request"]) == (10, 10)
    assert sum(counts.values()) == 189


@pytest.mark.parametrize(
    ("model", "behaviour"),
    [
        ("meta/llama2-70b", "not_for_account"),
        ("databricks/dbrx-instruct", "not_for_account"),
        ("adept/fuyu-8b", "not_for_account"),
        ("nvidia/nv-embed-v1", "not_for_account"),
        ("baai/bge-m3", "not_for_account"),
        ("nvidia/llama-3.1-nemotron-ultra-253b-v1", "hang"),
        ("qwen/qwen3.5-397b-a17b", "hang"),
    ],
)
def test_the_blogs_day_agrees_with_what_the_blog_names(model: str, behaviour: str) -> None:
    assert blog_day().behaviour_of(model) == behaviour


def test_a_steady_catalog_has_as_many_models_as_asked_for() -> None:
    for models in (0, 5, 186, 200, 5_000):
        assert len(set(steady(models).listed)) == models


def test_the_demo_story_tells_its_events() -> None:
    story = demo_story()
    worlds = [story.world_at(step) for step in range(story.last_step + 2)]
    assert story.last_step == 12
    assert len(worlds[0].listed) == 80
    assert [world.behaviour_of(FAILING[0]) for world in worlds[:4]] == [
        "ok",
        "server_error",
        "server_error",
        "ok",
    ]
    ways = [world.behaviours.get(FLAPPING, "ok") for world in worlds[:8]]
    assert sum(before != after for before, after in pairwise(ways)) == 6
    assert [DELISTED in world.listed for world in worlds[3:9]] == [True, False, False, False, False, True]
    assert str(worlds[5].behaviour_of(ENDED)).startswith("end_of_life:")
    assert set(NEWCOMERS) <= set(worlds[3].listed) - set(worlds[2].listed)
    assert [world.everywhere for world in worlds[7:11]] == ["key_rejected", None, "server_error", None]
    assert len(worlds[11].listed) * 2 < len(worlds[10].listed)
    assert set(worlds[12].listed) == set(worlds[10].listed)
    assert worlds[13] == worlds[12]


def test_the_demo_story_never_hangs() -> None:
    story = demo_story()
    for step in range(story.last_step + 1):
        assert not {"hang", "drip", "flood", "slow"} & set(story.world_at(step).behaviours.values())


def test_changes_make_a_new_world() -> None:
    first = World(listed=("a", "b"))
    changes = (
        (1, Show(("c", "a"))),
        (2, Delist(("b",))),
        (2, Behave(("c",), "html")),
        (3, Everywhere("server_error")),
        (4, Everywhere(None)),
        (5, Paging(1)),
    )
    script = Script(first, changes)
    assert script.world_at(0) == first
    assert script.world_at(1).listed == ("a", "b", "c")
    assert script.world_at(2).listed == ("a", "c")
    assert script.world_at(2).behaviour_of("c") == "html"
    assert script.world_at(3).behaviour_of("a") == "server_error"
    assert script.world_at(4) == script.world_at(2)
    assert script.world_at(9) == replace(script.world_at(4), page_size=1)


def test_two_weeks_are_the_same_for_the_same_seed() -> None:
    assert two_weeks(7) == two_weeks(7)
    assert two_weeks(7) != two_weeks(8)


@pytest.mark.parametrize("seed", range(5))
def test_two_weeks_are_proper_sweeps(seed: int) -> None:
    sweeps = two_weeks(seed)
    assert len(sweeps) == 14 * 24
    for before, after in pairwise(sweeps):
        assert before.started_at < before.finished_at < after.started_at
    for sweep in sweeps:
        models = [observation.model for observation in sweep.observations]
        assert len(models) == len(set(models))
        assert set(models) <= set(sweep.listed)
        assert (sweep.cause is None) is (sweep.verdict is not Verdict.INCONCLUSIVE)
        assert sweep.started_at.microsecond % 1_000 == sweep.finished_at.microsecond % 1_000 == 0


def test_two_weeks_hold_every_kind_of_trouble() -> None:
    sweeps = [sweep for seed in range(5) for sweep in two_weeks(seed)]
    observations = [observation for sweep in sweeps for observation in sweep.observations]
    assert {sweep.cause for sweep in sweeps} == {
        None, Cause.INTERRUPTED, Cause.CATALOG_UNREADABLE, Cause.OUR_NETWORK, Cause.CREDENTIAL
    }  # fmt: skip
    assert {sweep.verdict for sweep in sweeps} == {None, *Verdict}
    assert {observation.outcome for observation in observations} == set(Outcome)
    assert {Reason.END_OF_LIFE, Reason.TIMEOUT, Reason.DEGRADED} <= {each.reason for each in observations}
    assert any(observation.retires_at for observation in observations)
    assert any(0 < len(sweep.observations) < len(sweep.listed) for sweep in sweeps)
    assert len({sweep.listed for sweep in sweeps}) > 20


OUTCOMES = {
    "ok": (Outcome.AVAILABLE, Reason.OK),
    "ok_reasoning": (Outcome.AVAILABLE, Reason.OK),
    "retiring": (Outcome.AVAILABLE, Reason.OK),
    "served_as": (Outcome.AVAILABLE, Reason.OK),
    "embedding": (Outcome.AVAILABLE, Reason.OK),
    "completions_only": (Outcome.AVAILABLE, Reason.OK),
    "responses_only": (Outcome.AVAILABLE, Reason.OK),
    "wants_completion_tokens": (Outcome.AVAILABLE, Reason.OK),
    "wants_image": (Outcome.AVAILABLE, Reason.OK),
    "needs_image": (Outcome.UNKNOWN, Reason.NEEDS_OTHER_REQUEST),
    "too_many_requests": (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS),
    "saturated": (Outcome.RATE_LIMITED, Reason.SATURATED),
}
KINDS = {"embedding": Kind.EMBEDDINGS, "completions_only": Kind.COMPLETIONS}
FAREWELL = datetime(2027, 1, 15, tzinfo=UTC)


def observed(model: str, behaviour: str) -> Observation:
    name, _, argument = behaviour.partition(":")
    outcome, reason = OUTCOMES.get(name, (Outcome.UNAVAILABLE, Reason.SERVER_ERROR))
    reason = Reason.END_OF_LIFE if name == "end_of_life" else reason
    kind = KINDS.get(name, Kind.CHAT) if outcome is Outcome.AVAILABLE else Kind.UNKNOWN
    retires_at = FAREWELL if name == "retiring" else None
    served_as = argument if name == "served_as" else None
    return Observation(model, outcome, reason, 0, kind=kind, retires_at=retires_at, served_as=served_as)


def story_sweep(world: World, number: int) -> Sweep:
    """Return what a sweep of that step finds; a rejected key is the sweep's own finding."""
    started_at = FAREWELL + timedelta(minutes=number)
    is_refused = world.everywhere == "key_rejected"
    found = tuple(observed(model, world.behaviour_of(model) or "") for model in world.listed)
    return Sweep(
        provider="demo",
        started_at=started_at,
        finished_at=started_at + timedelta(seconds=2),
        listed=world.listed,
        observations=() if is_refused else found,
        verdict=Verdict.INCONCLUSIVE if is_refused else None,
        cause=Cause.CREDENTIAL if is_refused else None,
    )


def test_the_demo_story_makes_every_kind_of_event_but_those_of_a_quota() -> None:
    story, state, kinds = demo_story(), ProviderState(), Counter[str]()
    for number in range(story.last_step + 20):
        decision = fold(state, story_sweep(story.world_at(number), number), Policy())
        state = decision.state
        kinds.update(event.kind for event in decision.events)
    untold = {EventKind.QUOTA_EXHAUSTED, EventKind.QUOTA_RESTORED}
    assert set(kinds) == set(EventKind) - untold
    assert kinds[EventKind.APPEARED] == 82
    assert kinds[EventKind.BECAME_UNAVAILABLE] == kinds[EventKind.BECAME_AVAILABLE] == 2
