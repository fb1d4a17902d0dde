"""What a sweep changed is posted with it: one message a channel, never of an import, never twice."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Cause, EventKind, Verdict
from monitor.core.lifecycle.fold import fold
from monitor.core.notification.suppression import Changes, Subscription
from monitor.errors import Fenced
from monitor.report.message.changes import changes_document, changes_message
from monitor.store.derived.states import load_state
from monitor.store.memory import outbox
from monitor.store.memory.notifications import CHANGES, Outbox, read_changes
from monitor.store.write.fence import OpenedSweep
from monitor.store.write.import_export import add_sweeps
from monitor.store.write.record import add_observations, close_sweep, open_sweep
from tests.store import histories, views

EVERYTHING = frozenset(EventKind)
TEAM = Subscription(channel="team", topics=EVERYTHING)
MAIL = Subscription(channel="mail", topics=frozenset({EventKind.RETIRED, "summary"}))
ELSEWHERE = Subscription(channel="elsewhere", topics=EVERYTHING, providers=("openai",))
LATER = histories.START + timedelta(days=30)


def record(engine: Engine, sweep: Sweep, box: Outbox) -> OpenedSweep:
    """Record a sweep as the daemon does, and tell of it."""
    opened = open_sweep(
        engine,
        provider=sweep.provider,
        vantage=sweep.vantage,
        slot=sweep.slot,
        started_at=sweep.started_at,
        policy=histories.POLICY,
    )
    assert opened
    add_observations(engine, opened, sweep.observations)
    close_sweep(engine, opened, sweep, fold(load_state(engine, sweep.provider), sweep, histories.POLICY), box)
    return opened


def swept(engine: Engine, sweep: Sweep, box: Outbox) -> int:
    """As `record`, and return the sweep's id."""
    return record(engine, sweep, box).id


def story(letters: Iterable[dict[str, histories.Answer]]) -> list[Sweep]:
    return [
        histories.sweep(histories.START + place * timedelta(minutes=15), each)
        for place, each in enumerate(letters)
    ]


def posted(engine: Engine, channel: str) -> list[Changes]:
    waiting = outbox.due(engine, channel, LATER)
    assert all(each.topic == CHANGES for each in waiting)
    return [read_changes(each.document) for each in waiting]


def test_one_message_a_sweep_and_channel_tells_all_that_was_asked_for(engine: Engine) -> None:
    box = Outbox(subscriptions=(TEAM, MAIL, ELSEWHERE))
    models = {"a/one": histories.UP, "b/two": histories.UP, "c/☃": histories.UP}
    sweeps = story(
        [models, {**models, "a/one": histories.ENDED, "c/☃": histories.ENDED}, {**models, "d": histories.UP}]
    )
    numbers = [swept(engine, each, box) for each in sweeps]
    (retired, appeared), (mailed,) = posted(engine, "team"), posted(engine, "mail")
    assert mailed == retired
    assert (retired.sweep_id, retired.swept_at, retired.provider) == (
        numbers[1],
        sweeps[1].started_at,
        "nvidia",
    )
    assert [(event.kind, event.model) for event in retired.events] == [
        (EventKind.RETIRED, "a/one"),
        (EventKind.RETIRED, "c/☃"),
    ]
    assert EventKind.APPEARED in {event.kind for event in appeared.events}
    assert posted(engine, "elsewhere") == []


def test_the_events_that_are_posted_are_those_of_the_history(engine: Engine) -> None:
    for each in story(
        [{"a": histories.UP}, {"a": histories.DOWN}, {"a": histories.DOWN}, {"a": histories.UP}]
    ):
        swept(engine, each, Outbox(subscriptions=(TEAM,)))
    told_kinds = [event.kind for changes in posted(engine, "team") for event in changes.events]
    kept = [kind for _number, _provider, _model, kind, *_ in views.rows(engine, "change_history")]
    assert told_kinds == kept[1:] == [EventKind.BECAME_UNAVAILABLE, EventKind.BECAME_AVAILABLE]


def test_rule_21_a_recovery_says_since_when_it_was_down_as_the_history_does(engine: Engine) -> None:
    letters = [histories.UP, histories.DOWN, histories.DOWN, histories.DOWN, histories.UP]
    for each in story([{"a": letter, "b": histories.UP} for letter in letters]):
        swept(engine, each, Outbox(subscriptions=(TEAM,)))
    _, told = posted(engine, "team")
    ((_, _, began_at, ended_at, seconds, *_),) = views.rows(engine, "outage_history")
    (up,) = told.events
    since = told.since(up)
    assert since is not None
    message = changes_message(told, id="x", links=None)
    events = changes_document(told, None)["events"]
    assert isinstance(events, list)
    assert events[0]["duration_s"] == seconds == 45 * 60
    assert f"{since:%Y-%m-%d %H:%M:%S}" in str(began_at)
    assert f"{up.began_at:%Y-%m-%d %H:%M:%S}" in str(ended_at)
    assert message.title == "nvidia: a became available after 45 min down"


def test_a_first_answer_ends_no_outage(engine: Engine) -> None:
    sweeps = story(
        [
            {"b": histories.UP},
            *({"a": letter, "b": histories.UP} for letter in (histories.DOWN, histories.UP)),
        ]
    )
    for each in sweeps:
        swept(engine, each, Outbox(subscriptions=(TEAM,)))
    assert [dict(told.ended) for told in posted(engine, "team")] == [{}, {}]


def test_a_trouble_of_the_provider_that_ends_says_since_when_it_lasted(engine: Engine) -> None:
    first, *troubled, last = story([{"a": histories.UP}] * 5)
    unread = [
        replace(
            each, verdict=Verdict.INCONCLUSIVE, cause=Cause.CATALOG_UNREADABLE, listed=(), observations=()
        )
        for each in troubled
    ]
    for each in (first, *unread, last):
        swept(engine, each, Outbox(subscriptions=(TEAM,)))
    _, told = posted(engine, "team")
    assert [(event.kind, told.since(event)) for event in told.events] == [
        (EventKind.PROVIDER_UP, unread[0].started_at)
    ]


def test_what_comes_back_from_retirement_says_since_when_it_was_retired(engine: Engine) -> None:
    letters = [histories.UP, histories.ENDED, histories.ENDED, histories.UP]
    for each in story([{"a": letter, "b": histories.UP} for letter in letters]):
        swept(engine, each, Outbox(subscriptions=(TEAM,)))
    retired, back = posted(engine, "team")
    assert [(event.kind, back.since(event)) for event in back.events] == [
        (EventKind.REAPPEARED, retired.events[0].confirmed_at)
    ]


def test_flapping_that_stops_says_since_when_it_lasted(engine: Engine) -> None:
    letters = [histories.UP if letter == "u" else histories.DOWN for letter in "uudduudduudd" + "u" * 24]
    for each in story([{"a": letter, "b": histories.UP} for letter in letters]):
        swept(engine, each, Outbox(subscriptions=(TEAM,)))
    events = [(event, told.since(event)) for told in posted(engine, "team") for event in told.events]
    (started,) = [event for event, _ in events if event.kind is EventKind.FLAPPING_STARTED]
    (since,) = [since for event, since in events if event.kind is EventKind.FLAPPING_STOPPED]
    assert since == started.began_at


def test_a_recovery_that_a_window_held_back_says_it_too(engine: Engine) -> None:
    sweeps = story(
        [
            {"a": letter, "b": histories.UP}
            for letter in (histories.UP, histories.DOWN, histories.DOWN, histories.UP, histories.UP)
        ]
    )
    held = sweeps[3].started_at
    box = Outbox(
        subscriptions=(TEAM,),
        is_silent=lambda _provider, _model, moment: held <= moment < sweeps[4].started_at,
    )
    for each in sweeps:
        swept(engine, each, box)
    down, up = posted(engine, "team")
    assert [(event.kind, up.since(event)) for event in up.events] == [
        (EventKind.BECAME_AVAILABLE, down.events[0].began_at)
    ]


def test_a_message_of_an_older_version_knows_of_no_beginnings() -> None:
    old = (
        '{"provider": "nvidia", "sweep_id": 7, "swept_at": "2026-04-06T12:00:00Z", "events": [{"kind": '
        '"became_available", "model": "a", "began_at": "2026-04-06T12:00:00Z", "confirmed_at": '
        '"2026-04-06T12:00:00Z"}]}'
    )
    told = read_changes(old)
    assert told.since(told.events[0]) is None


def test_nobody_is_told_of_what_is_imported(engine: Engine) -> None:
    sweeps = story([{"a": histories.UP}, {"a": histories.ENDED}])
    add_sweeps(engine, sweeps, lambda _provider: histories.POLICY)
    assert len(views.rows(engine, "change_history")) == 2
    assert posted(engine, "team") == []


def test_a_sweep_that_is_closed_twice_or_by_two_sends_once(engine: Engine) -> None:
    (first, second) = story([{"a": histories.UP}, {"a": histories.ENDED}])
    swept(engine, first, Outbox(subscriptions=(TEAM,)))
    opened = record(engine, second, Outbox(subscriptions=(TEAM,)))
    decision = fold(load_state(engine, "nvidia"), second, histories.POLICY)
    close_sweep(engine, opened, second, decision, Outbox(subscriptions=(TEAM,)))
    other = replace(opened, token="another")  # noqa: S106 - as of another process
    with pytest.raises(Fenced, match="closed"):
        close_sweep(engine, other, second, decision, Outbox(subscriptions=(TEAM,)))
    assert len(posted(engine, "team")) == 1


def test_what_a_window_hid_is_remembered_by_the_database_until_it_may_be_told(engine: Engine) -> None:
    sweeps = story([{"a": histories.UP}, {"a": histories.DOWN}, {"a": histories.DOWN}, {"a": histories.DOWN}])
    silent_until = sweeps[3].started_at
    box = Outbox(subscriptions=(TEAM,), is_silent=lambda _provider, _model, moment: moment < silent_until)
    for each in sweeps[:3]:
        swept(engine, each, box)
    assert posted(engine, "team") == []
    number = swept(engine, sweeps[3], box)
    (changes,) = posted(engine, "team")
    assert (changes.sweep_id, changes.events[0].kind) == (number, EventKind.BECAME_UNAVAILABLE)
    assert changes.events[0].began_at == sweeps[1].moment(sweeps[1].observations[0])


def test_a_window_that_closes_over_nothing_new_leaves_nothing_to_tell(engine: Engine) -> None:
    sweeps = story(
        [
            {"a": histories.UP},
            {"a": histories.DOWN},
            {"a": histories.DOWN},
            {"a": histories.UP},
            {"a": histories.UP},
        ]
    )
    box = Outbox(
        subscriptions=(TEAM,), is_silent=lambda _provider, _model, moment: moment < sweeps[3].started_at
    )
    for each in sweeps:
        swept(engine, each, box)
    assert posted(engine, "team") == []


def test_providers_keep_what_they_hide_apart(engine: Engine) -> None:
    box = Outbox(subscriptions=(TEAM,), is_silent=lambda provider, _model, _moment: provider == "quiet")
    for provider in ("quiet", "loud"):
        for each in story([{"a": histories.UP}, {"a": histories.ENDED}]):
            swept(engine, histories.sweep(each.started_at, _answers(each), provider=provider), box)
    assert [changes.provider for changes in posted(engine, "team")] == ["loud"]


def _answers(sweep: Sweep) -> dict[str, histories.Answer]:
    return {
        each.model: histories.ENDED if each.reason == "end_of_life" else histories.UP
        for each in sweep.observations
    }
