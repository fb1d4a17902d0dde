"""`monitor accept` waits for the next conclusive sweep that was made with it (rules.md 11, 29)."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine, select

from monitor.clock import to_millis
from monitor.core.domain.event import Decision
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Cause, EventKind, Status, Verdict
from monitor.store import schema as t
from monitor.store.connection.engine import reading
from monitor.store.derived.rebuild import rebuild
from monitor.store.derived.states import load_state
from monitor.store.memory.acceptance import accept, is_accepted
from monitor.store.write.import_export import add_sweeps, read_sweeps
from monitor.store.write.record import close_interrupted, open_sweep
from tests.store import histories, views

MODELS = tuple(f"m/{place}" for place in range(8))
STEP = timedelta(minutes=15)
LATER = histories.START + timedelta(days=1)


def good(place: int) -> Sweep:
    """Return a sweep in which every model answers."""
    return histories.sweep(histories.START + place * STEP, dict.fromkeys(MODELS, histories.UP))


def retired_en_masse(place: int, *, accepted: bool = False) -> Sweep:
    """Return a sweep in which all but two of the models are gone for good."""
    answers = {name: histories.ENDED if name in MODELS[2:] else histories.UP for name in MODELS}
    made = histories.sweep(histories.START + place * STEP, answers)
    seen = (
        replace(each, http_status=410) if each.reason == histories.ENDED[1] else each
        for each in made.observations
    )
    return replace(made, observations=tuple(seen), accepted=accepted)


def shrunken(place: int, *, accepted: bool = False) -> Sweep:
    """Return a sweep of a catalog that lost all but two of its models."""
    made = histories.sweep(histories.START + place * STEP, dict.fromkeys(MODELS[:2], histories.UP))
    return replace(made, accepted=accepted)


def unreadable(place: int) -> Sweep:
    """Return an accepted sweep whose catalog could not be read."""
    made = histories.sweep(histories.START + place * STEP, {})
    return replace(
        made, verdict=Verdict.INCONCLUSIVE, cause=Cause.CATALOG_UNREADABLE, detail="HTTP 500", accepted=True
    )


def interrupted(place: int) -> Sweep:
    """Return an accepted sweep that was told to stop."""
    return replace(good(place), verdict=Verdict.INCONCLUSIVE, cause="interrupted", accepted=True)


def live(engine: Engine, sweep: Sweep) -> Decision:
    """Record a sweep as one that closes itself does, an interrupted one too."""
    opened = open_sweep(
        engine,
        provider=sweep.provider,
        vantage=sweep.vantage,
        slot=sweep.slot,
        started_at=sweep.started_at,
        policy=Policy(),
    )
    assert opened is not None
    return histories.close(engine, opened, sweep)


def test_an_acceptance_is_news_once(engine: Engine) -> None:
    assert not is_accepted(engine, "nvidia")
    assert accept(engine, "nvidia", histories.START)
    assert is_accepted(engine, "nvidia")
    assert not accept(engine, "nvidia", LATER)
    with reading(engine) as connection:
        assert list(connection.scalars(select(t.acceptance.c.accepted_at))) == [to_millis(LATER)]


def test_an_acceptance_concerns_one_provider(engine: Engine) -> None:
    accept(engine, "nvidia", histories.START)
    assert not is_accepted(engine, "other")
    assert not is_accepted(engine, "a\0b")
    live(engine, replace(good(0), provider="other", accepted=True))
    assert is_accepted(engine, "nvidia")


def test_a_mass_retirement_is_held_back_until_it_is_accepted(engine: Engine) -> None:
    live(engine, good(0))
    held = live(engine, retired_en_masse(1))
    assert (held.verdict, held.cause) == (Verdict.INCONCLUSIVE, Cause.RULE_CHANGE)
    accept(engine, "nvidia", LATER)
    believed = live(engine, retired_en_masse(2, accepted=is_accepted(engine, "nvidia")))
    assert believed.verdict is Verdict.CONCLUSIVE
    assert [each.kind for each in believed.events].count(EventKind.RETIRED) == len(MODELS) - 2
    state = load_state(engine, "nvidia")
    assert [name for name in MODELS if state.models[name].status is Status.RETIRED] == list(MODELS[2:])
    assert state.held is None
    assert not is_accepted(engine, "nvidia")


def test_a_shrunken_catalog_is_believed_when_it_is_accepted(engine: Engine) -> None:
    live(engine, good(0))
    assert live(engine, shrunken(1)).cause == Cause.CATALOG_SHRANK
    accept(engine, "nvidia", LATER)
    decision = live(engine, shrunken(2, accepted=is_accepted(engine, "nvidia")))
    assert decision.verdict is Verdict.CONCLUSIVE
    assert decision.state.believed == set(MODELS[:2])


@pytest.mark.parametrize("cut", [unreadable, interrupted])
def test_an_acceptance_outlives_a_sweep_that_could_not_use_it(engine: Engine, cut: object) -> None:
    assert callable(cut)
    live(engine, good(0))
    accept(engine, "nvidia", LATER)
    assert live(engine, cut(1)).verdict is Verdict.INCONCLUSIVE
    assert is_accepted(engine, "nvidia")
    live(engine, retired_en_masse(2, accepted=True))
    assert not is_accepted(engine, "nvidia")


def test_an_acceptance_outlives_a_sweep_that_was_killed(engine: Engine) -> None:
    accept(engine, "nvidia", LATER)
    open_sweep(
        engine, provider="nvidia", vantage="default", slot=None, started_at=histories.START, policy=Policy()
    )
    close_interrupted(engine, "nvidia", "default")
    assert is_accepted(engine, "nvidia")


def test_an_acceptance_said_while_a_sweep_runs_waits_for_the_next_one(engine: Engine) -> None:
    live(engine, good(0))
    accept(engine, "nvidia", LATER)
    assert live(engine, good(1)).verdict is Verdict.CONCLUSIVE
    assert is_accepted(engine, "nvidia")


def test_an_acceptance_is_used_up_also_where_the_decision_is_made_anew(engine: Engine) -> None:
    """Another process imports the past while the sweep runs: the decision given is not the one recorded."""
    accept(engine, "nvidia", LATER)
    sweep = retired_en_masse(1, accepted=True)
    opened = open_sweep(
        engine,
        provider="nvidia",
        vantage="default",
        slot=None,
        started_at=sweep.started_at,
        policy=Policy(),
    )
    assert opened is not None
    add_sweeps(engine, [good(0)], lambda _: Policy())
    assert histories.close(engine, opened, sweep).verdict is Verdict.CONCLUSIVE
    assert not is_accepted(engine, "nvidia")


def test_an_acceptance_is_stored_with_its_sweep_so_a_rebuild_believes_it_too(engine: Engine) -> None:
    """Rule 29."""
    live(engine, good(0))
    live(engine, retired_en_masse(1))
    accept(engine, "nvidia", LATER)
    live(engine, retired_en_masse(2, accepted=True))
    assert [each.accepted for each in read_sweeps(engine)] == [False, False, True]
    lived = views.all_rows(engine)
    accept(engine, "nvidia", LATER)
    rebuild(engine, "nvidia")
    assert views.all_rows(engine) == lived
    assert is_accepted(engine, "nvidia")
