"""What people are told of a history, and what is kept from them for a while (rules.md 22, maintenance)."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.core.domain.event import Decision, Event
from monitor.core.domain.state import ProviderState
from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.lifecycle.rules import BASELINE
from monitor.core.notification.suppression import (
    NOTHING_SUPPRESSED,
    Changes,
    Subscription,
    Suppression,
    addressed,
    sendable,
)
from tests.core.histories import START, answer, live, story, sweep
from tests.core.strategies import Past, quiet_pasts, restless_pasts, stormy_pasts, stubborn_pasts

LOUD: Callable[[str | None], bool] = lambda _subject: False  # noqa: E731
FLAPPING = "uudduudduudduudd"  # the tenth change or so is one too many
STATUS_KINDS = frozenset(
    {
        EventKind.APPEARED,
        EventKind.REAPPEARED,
        EventKind.BECAME_AVAILABLE,
        EventKind.BECAME_UNAVAILABLE,
        EventKind.RETIRED,
    }
)
TROUBLES: Mapping[EventKind, tuple[EventKind, bool]] = {
    EventKind.CREDENTIAL_REJECTED: (EventKind.CREDENTIAL_REJECTED, True),
    EventKind.CREDENTIAL_ACCEPTED: (EventKind.CREDENTIAL_REJECTED, False),
    EventKind.QUOTA_EXHAUSTED: (EventKind.QUOTA_EXHAUSTED, True),
    EventKind.QUOTA_RESTORED: (EventKind.QUOTA_EXHAUSTED, False),
    EventKind.PROVIDER_DOWN: (EventKind.PROVIDER_DOWN, True),
    EventKind.PROVIDER_UP: (EventKind.PROVIDER_DOWN, False),
    EventKind.CATALOG_SHRANK: (EventKind.CATALOG_SHRANK, True),
    EventKind.CATALOG_RESTORED: (EventKind.CATALOG_SHRANK, False),
}


def told_of(
    decisions: Iterable[Decision], silent: Callable[[int, str | None], bool] = lambda _place, _subject: False
) -> list[list[Event]]:
    """Return what is told after each sweep; `silent` of a sweep's place and a model or None."""
    suppressed: Suppression = NOTHING_SUPPRESSED
    told = list[list[Event]]()
    for place, decision in enumerate(decisions):
        events, suppressed = sendable(
            suppressed,
            decision,
            lambda subject, place=place: silent(place, subject),  # type: ignore[misc]
        )
        told.append(list(events))
    return told


def lines(told: Sequence[Sequence[Event]], kinds: Iterable[EventKind] = STATUS_KINDS) -> list[str]:
    """Say what is told of `m`: `place kind`, in the order of the sweeps."""
    return [
        f"{place} {event.kind}"
        for place, events in enumerate(told)
        for event in events
        if event.model == "m" and event.kind in kinds
    ]


def during(*places: int) -> Callable[[int, str | None], bool]:
    """Be silent of everything in these sweeps."""
    return lambda place, _subject: place in places


# Flapping


def test_the_baseline_is_no_news_and_what_appears_later_is() -> None:
    assert lines(told_of(live(story("uu")))) == []
    assert lines(told_of(live(story("-u")))) == ["1 appeared"]


def test_ups_and_downs_are_told_one_by_one_while_a_model_is_steady() -> None:
    assert lines(told_of(live(story("uudduu")))) == ["3 became_unavailable", "4 became_available"]


def flapping_story(end: str) -> list[Decision]:
    decisions = live(story(FLAPPING + 25 * end))
    kinds = [event.kind for decision in decisions for event in decision.events if event.model == "m"]
    assert kinds.count(EventKind.FLAPPING_STARTED) == kinds.count(EventKind.FLAPPING_STOPPED) == 1
    return decisions


def place_of(decisions: Sequence[Decision], kind: EventKind) -> int:
    return next(
        place
        for place, decision in enumerate(decisions)
        if any(event.kind is kind and event.model == "m" for event in decision.events)
    )


@pytest.mark.parametrize("end", ["u", "d"])
def test_when_flapping_ends_in_another_status_than_was_told_last_that_is_told_once(end: str) -> None:
    """Nagios #91 and Icinga #9449 tell it to nobody."""
    decisions = flapping_story(end)
    began, ended = (
        place_of(decisions, EventKind.FLAPPING_STARTED),
        place_of(decisions, EventKind.FLAPPING_STOPPED),
    )
    told = told_of(decisions)
    before = [line for line in lines(told) if int(line.split()[0]) < began]
    later = [line for line in lines(told) if int(line.split()[0]) >= began]
    last = before[-1].split()[1] if before else "became_available"
    now = {"u": "became_available", "d": "became_unavailable"}[end]
    assert later == ([] if last == now else [f"{ended} {now}"])
    assert decisions[-1].state.models["m"].status == {"u": "available", "d": "unavailable"}[end]


def test_of_two_ends_one_is_told_and_one_is_not() -> None:
    """The two cases above are not the same one twice."""
    tails = [lines(told_of(flapping_story(end))) for end in "ud"]
    assert abs(len(tails[0]) - len(tails[1])) == 1


def test_the_history_keeps_what_is_not_told() -> None:
    decisions = flapping_story("d")
    events = [event for decision in decisions for event in decision.events if event.model == "m"]
    told = [event for events in told_of(decisions) for event in events if event.model == "m"]
    assert len(told) < len(events)
    assert {EventKind.FLAPPING_STARTED, EventKind.FLAPPING_STOPPED} <= {event.kind for event in told}


def test_a_retirement_is_told_though_the_model_flaps() -> None:
    decisions = live(story(f"{FLAPPING}e"))
    assert decisions[-1].state.models["m"].flapping
    assert lines(told_of(decisions))[-1] == f"{len(FLAPPING)} retired"


# Maintenance


def test_what_goes_by_within_a_window_is_never_told() -> None:
    decisions = live(story("uudduuu"))
    assert lines(told_of(decisions, during(3, 4, 5))) == []


def test_what_is_still_so_after_a_window_is_told_then_and_when_it_began() -> None:
    decisions = live(story("uuddddd"))
    told = told_of(decisions, during(2, 3, 4, 5))
    assert lines(told) == ["6 became_unavailable"]
    assert told[6][0].began_at == START + 2 * timedelta(minutes=15) + timedelta(milliseconds=1500)


def test_what_a_window_hid_and_the_first_sweep_after_it_undoes_is_not_told() -> None:
    assert lines(told_of(live(story("uudduu")), during(3))) == []


def test_a_model_that_appeared_in_a_window_is_told_as_having_appeared_with_what_it_is_now() -> None:
    told = told_of(live(story("--ttuu")), during(2, 3, 4))
    assert lines(told) == ["5 appeared"]
    assert told[5][0].to_status == Status.AVAILABLE


def test_a_model_that_came_and_went_in_a_window_is_told_as_retired() -> None:
    assert lines(told_of(live(story("--uenn")), during(2, 3))) == ["4 retired"]


def test_a_window_for_a_model_does_not_silence_its_provider() -> None:
    decisions = live(story("uXXu"))
    told = told_of(decisions, lambda _place, subject: subject is not None)
    assert [[event.kind for event in events] for events in told] == [
        [],
        [EventKind.PROVIDER_DOWN],
        [],
        [EventKind.PROVIDER_UP],
    ]


def test_a_trouble_that_ends_within_its_window_is_not_told_and_one_that_lasts_is() -> None:
    def troubles(letters: str, *silent: int) -> list[list[EventKind]]:
        told = told_of(live(story(letters)), during(*silent))
        return [[event.kind for event in events if event.model is None] for events in told]

    assert troubles("uXXuu", 1, 2, 3) == [[], [], [], [], []]
    assert troubles("uXXXu", 1, 2) == [[], [], [], [EventKind.PROVIDER_DOWN], [EventKind.PROVIDER_UP]]
    assert troubles("uXXu", 1, 2) == [[], [], [], []]
    assert troubles("uXuXu", 2) == [[], [EventKind.PROVIDER_DOWN], [], [], [EventKind.PROVIDER_UP]]


def test_an_announced_end_is_told_after_the_window_that_hid_it() -> None:
    ends_at = START + timedelta(days=30)
    sweeps = [
        sweep(answer("u", "m", retires_at=ends_at if place else None), at=START + place * timedelta(hours=1))
        for place in range(4)
    ]
    announced = {EventKind.RETIREMENT_ANNOUNCED}
    assert lines(told_of(live(sweeps)), announced) == ["1 retirement_announced"]
    assert lines(told_of(live(sweeps), during(1, 2)), announced) == ["3 retirement_announced"]


def test_rule_37_a_swap_that_a_window_hid_is_told_after_it_if_it_lasts() -> None:
    def swaps(names: Sequence[str | None], *silent: int) -> list[str]:
        sweeps = [
            sweep(answer("u", "m", served_as=name), at=START + place * timedelta(hours=1))
            for place, name in enumerate(names)
        ]
        return lines(told_of(live(sweeps), during(*silent)), {EventKind.SERVED_MODEL_CHANGED})

    there, back = ("a", "b", "b", "b", "b"), ("a", "b", "b", "a", "a", "a")
    assert swaps(there) == ["2 served_model_changed"]
    assert swaps(there, 1, 2, 3) == ["4 served_model_changed"]
    assert swaps(back, 1, 2, 3, 4) == []
    assert swaps((None, "b", "b", None, None, None), 1, 2, 3, 4) == []
    assert swaps((None, "b", "b", "c", "c", "c"), 1, 2, 3, 4) == ["5 served_model_changed"]


def test_flapping_that_a_window_hid_is_told_after_it_if_it_lasts() -> None:
    decisions = flapping_story("u")
    began, ended = (
        place_of(decisions, EventKind.FLAPPING_STARTED),
        place_of(decisions, EventKind.FLAPPING_STOPPED),
    )
    flaps = {EventKind.FLAPPING_STARTED, EventKind.FLAPPING_STOPPED}
    assert lines(told_of(decisions, during(*range(ended + 1))), flaps) == []
    assert lines(told_of(decisions, during(began)), flaps) == [
        f"{began + 1} flapping_started",
        f"{ended} flapping_stopped",
    ]


# Random histories, told to a reader who knows nothing of how it is done


@dataclass
class Reader:
    """Somebody who believes what he was told last."""

    statuses: dict[str, Status | None] = field(default_factory=dict)
    open_troubles: set[EventKind] = field(default_factory=set)
    flapping: set[str] = field(default_factory=set)
    ends: dict[str, str | None] = field(default_factory=dict)

    def see(self, decision: Decision) -> None:
        """Take in the baseline, which is on the status page and no news."""
        for event in decision.events:
            if event.kind is EventKind.APPEARED and event.detail == BASELINE and event.model:
                self.statuses[event.model] = event.to_status

    def hear(self, event: Event) -> None:
        """Believe it; nothing is news that was told before."""
        if event.model is None:
            kind, is_open = TROUBLES[event.kind]
            assert (kind in self.open_troubles) is not is_open
            (self.open_troubles.add if is_open else self.open_troubles.remove)(kind)
        elif event.kind in STATUS_KINDS:
            assert self.statuses.get(event.model) != event.to_status
            self.statuses[event.model] = event.to_status
        elif event.kind in {EventKind.FLAPPING_STARTED, EventKind.FLAPPING_STOPPED}:
            is_flapping = event.kind is EventKind.FLAPPING_STARTED
            assert (event.model in self.flapping) is not is_flapping
            (self.flapping.add if is_flapping else self.flapping.remove)(event.model)
        elif event.kind is EventKind.RETIREMENT_ANNOUNCED:
            self.ends[event.model] = event.detail

    def check(self, state: ProviderState, silent: frozenset[str | None], once_retired: set[str]) -> None:
        """Where nothing is silent now, the reader is right."""
        for model, known in state.models.items():
            if model in silent:
                continue
            assert (model in self.flapping) is known.flapping
            if not known.flapping:
                assert self.statuses.get(model) == known.status, model
            if known.retires_at and model not in once_retired:
                assert self.ends.get(model) == f"{known.retires_at:%Y-%m-%dT%H:%M:%SZ}"
        if None not in silent:
            assert self.open_troubles == set(dict(state.open_troubles))


PASTS = st.one_of(quiet_pasts(), restless_pasts(), stormy_pasts(), stubborn_pasts())
SUBJECTS: tuple[str | None, ...] = (None, *"abcdefghijkl", "Zé")


@pytest.mark.thorough
@pytest.mark.parametrize("_part", range(2))
@settings(max_examples=200)
@given(PASTS, st.data())
def test_whenever_nothing_is_silent_the_reader_is_right_and_hears_nothing_twice(
    _part: int, past: Past, data: st.DataObject
) -> None:
    silences = st.one_of(
        st.just(frozenset[str | None]()),
        st.just(frozenset(SUBJECTS)),
        st.frozensets(st.sampled_from(SUBJECTS)),
    )
    reader, suppressed, once_retired = Reader(), NOTHING_SUPPRESSED, set[str]()
    for decision in live(past.sweeps, past.policies):
        silent = data.draw(silences)
        reader.see(decision)
        events, suppressed = sendable(suppressed, decision, lambda subject, silent=silent: subject in silent)  # type: ignore[misc]
        for event in events:
            assert event.model not in silent
            reader.hear(event)
        damped = {model for model, known in decision.state.models.items() if known.flapping}
        ups_and_downs = {EventKind.BECAME_AVAILABLE, EventKind.BECAME_UNAVAILABLE}
        assert not any(event.model in damped and event.kind in ups_and_downs for event in events)
        once_retired |= {
            model for model, known in decision.state.models.items() if known.status == Status.RETIRED
        }
        reader.check(decision.state, silent, once_retired)


@pytest.mark.thorough
@settings(max_examples=200)
@given(PASTS)
def test_nothing_stays_untold_of_what_neither_flaps_nor_is_silenced(past: Past) -> None:
    suppressed: Suppression = NOTHING_SUPPRESSED
    for decision in live(past.sweeps, past.policies):
        _, suppressed = sendable(suppressed, decision, LOUD)
        assert {each.event.model for each in suppressed.values()} <= {
            model for model, known in decision.state.models.items() if known.flapping
        }


# Audiences


def changes(*kinds: EventKind) -> Changes:
    events = tuple(
        Event(kind=kind, model=f"{place}", began_at=START, confirmed_at=START)
        for place, kind in enumerate(kinds)
    )
    return Changes(provider="nvidia", sweep_id=7, swept_at=START, events=events)


def test_an_audience_gets_what_it_asked_for_in_the_order_of_what_happened() -> None:
    told = changes(EventKind.RETIRED, EventKind.APPEARED, EventKind.RETIRED)
    retired = Subscription(channel="a", topics=frozenset({"retired", "summary"}))
    assert addressed(told, retired) == replace(told, events=(told.events[0], told.events[2]))
    assert addressed(told, Subscription(channel="a", topics=frozenset({"summary"}))) is None


@pytest.mark.parametrize(
    ("providers", "hears"),
    [
        (("*",), True),
        (("nvidia",), True),
        (("openai", "nv*"), True),
        (("openai",), False),
        (("NVIDIA",), False),
    ],
)
def test_an_audience_hears_of_its_providers_only(providers: tuple[str, ...], *, hears: bool) -> None:
    subscription = Subscription(channel="a", topics=frozenset({"retired"}), providers=providers)
    assert (addressed(changes(EventKind.RETIRED), subscription) is not None) is hears
