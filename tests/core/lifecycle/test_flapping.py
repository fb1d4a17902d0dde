"""Flapping: the formula of rules.md 22, and how the fold uses it."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import EventKind, Status
from monitor.core.lifecycle.flapping import flap_percent, is_flapping, remember
from tests.core.histories import USUAL, end_of, events_of, live, story, tell
from tests.core.oracle_flapping import flapping_percent

QUICK = Policy(flap_window=3, flap_high=30.0, flap_low=20.0)
NERVOUS = Policy(flap_window=3, flap_high=100.0, flap_low=0.0)


def flips(count: int) -> tuple[bool, ...]:
    return tuple(place % 2 == 0 for place in range(count + 1))


def changed_at(places: set[int], size: int = 21) -> tuple[bool, ...]:
    """Build a full window whose changes lie at these places."""
    window = [True]
    for place in range(1, size):
        window.append(window[-1] is not (place in places))
    return tuple(window)


@pytest.mark.parametrize(
    ("count", "percent"), [(0, 0), (1, 6.25), (2, 12.37), (3, 18.36), (4, 24.21), (5, 29.93), (6, 35.53)]
)
def test_rule_22_flips_in_a_row_give_the_numbers_of_the_page(count: int, percent: float) -> None:
    assert round(float(flap_percent(flips(count), 21)), 2) == percent


@pytest.mark.parametrize("place", range(1, 21))
def test_rule_22_a_change_at_place_x_weighs_57_and_2_more_for_each_place(place: int) -> None:
    """456 such units are 30 %, 304 are 20 %: one unit is 100 / (20 * 76) %."""
    assert flap_percent(changed_at({place}), 21) == Fraction(57 + 2 * (place - 1), 1520) * 100


@given(st.sets(st.integers(1, 20)))
def test_rule_22_in_whole_numbers_it_starts_at_456_and_stops_at_304(places: set[int]) -> None:
    weight = sum(57 + 2 * (place - 1) for place in places)
    percent = flap_percent(changed_at(places), 21)
    assert is_flapping(percent, USUAL, was_flapping=False) is (weight >= 456)
    assert is_flapping(percent, USUAL, was_flapping=True) is not (weight <= 304)


@pytest.mark.parametrize(
    ("places", "weight", "starts", "stops"),
    [
        ({1, 2, 3, 4, 5, 6, 18}, 463, True, False),
        ({1, 2, 3, 4, 5, 6, 14}, 455, False, False),
        ({1, 3, 4, 5, 6, 7, 11}, 459, True, False),
        ({1, 2, 3, 4, 5, 7, 14}, 457, True, False),
        ({5, 6, 16, 17}, 308, False, False),
        ({3, 6, 15, 16}, 300, False, True),
        ({4, 7, 15, 16}, 304, False, True),
    ],
)
def test_rule_22_windows_near_the_thresholds(
    places: set[int], weight: int, starts: bool, stops: bool
) -> None:
    assert sum(57 + 2 * (place - 1) for place in places) == weight
    percent = flap_percent(changed_at(places), 21)
    assert is_flapping(percent, USUAL, was_flapping=False) is starts
    assert is_flapping(percent, USUAL, was_flapping=True) is not stops


def test_rule_22_with_a_threshold_of_nothing_a_model_that_never_changes_flaps() -> None:
    """0 % is at `flap_high`, and then at `flap_low`: it starts and stops with every clear observation."""
    assert tell("uuu", Policy(flap_high=0.0, flap_low=0.0)) == [
        "0 appeared available from 0 (ok)",
        "0 flapping_started available from 0 (None)",
        "1 flapping_stopped available from 1 (None)",
        "2 flapping_started available from 2 (None)",
    ]


def test_rule_22_windows_lying_exactly_on_a_threshold_are_judged_exactly() -> None:
    on_high = flap_percent(changed_at({3, 6, 9, 12, 15, 18}), 21)
    on_low = flap_percent(changed_at({9, 10, 11, 12}), 21)
    assert on_high == 30
    assert on_low == 20
    assert is_flapping(on_high, USUAL, was_flapping=False)
    assert not is_flapping(on_low, USUAL, was_flapping=True)


@given(st.lists(st.booleans(), max_size=40), st.integers(3, 30))
def test_rule_22_any_window_is_the_sum_over_its_places(ups: list[bool], size: int) -> None:
    window: tuple[bool, ...] = ()
    for up in ups:
        window = remember(window, up=up, size=size)
    assert flap_percent(window, size) == flapping_percent(ups, size)


@given(st.integers(3, 60))
def test_rule_22_a_window_full_of_changes_is_100_percent(size: int) -> None:
    assert flap_percent(flips(size - 1), size) == 100


def test_rule_22_few_observations_fill_the_newest_places() -> None:
    assert flap_percent((True, False), 21) == Fraction(125, 20)
    assert flap_percent((True,), 21) == 0


def test_rule_22_six_flips_start_it_at_the_observation_that_crossed() -> None:
    started = [line for line in tell("udududud") if "flapping" in line]
    assert started == ["6 flapping_started available from 6 (None)"]


def test_rule_22_it_stops_at_the_observation_that_crossed() -> None:
    """Each calm observation moves the changes one place back, until the oldest fall out."""
    letters = "udududu" + "u" * 20
    stops = [line for line in tell(letters) if "stopped" in line]
    kept = [flapping_percent([each == "u" for each in letters[: count + 1]], 21) for count in range(27)]
    first = next(place for place in range(7, 27) if kept[place] <= 20)
    assert stops == [f"{first} flapping_stopped available from {first} (None)"]


def test_rule_22_what_is_not_clear_is_skipped() -> None:
    assert end_of("uqtn.d").memory.window == (True, False)
    assert end_of("uddl").memory.window == (True, False, False)
    assert end_of("uel").memory.window == (True, False)
    assert end_of("ul").memory.window == (True, True)
    assert end_of("ql").memory.window == (True,)


def test_rule_22_the_window_runs_over_raw_observations() -> None:
    """One down in between changes no status, but the window."""
    told = tell("udu", QUICK)
    assert told[1:] == ["1 flapping_started available from 1 (None)"]


def test_rule_22_flapping_changes_no_status_and_keeps_no_event_back() -> None:
    with_it = [line for line in tell("udduudduudduu", QUICK) if "flapping" not in line]
    assert with_it == tell("udduudduudduu", Policy(flap_high=100.0))


def test_rule_22_a_model_may_be_retired_and_flapping() -> None:
    state = end_of("ue", QUICK)
    assert (state.status, state.flapping) == (Status.RETIRED, True)
    assert tell("ue", QUICK)[1:] == [
        "1 retired retired from 1 (end_of_life)",
        "1 flapping_started retired from 1 (None)",
    ]


def test_rule_22_only_rule_18_empties_the_window() -> None:
    assert end_of("udeu-ltqX.ttttu").memory.window == (True, False, False, True, True, True)
    assert end_of("udeu--").memory.window == ()


def test_rule_18_a_confirmed_absence_ends_flapping_at_that_read() -> None:
    assert tell("udu--", NERVOUS)[1:] == [
        "2 flapping_started available from 2 (None)",
        "4* retired retired from 3* (delisted)",
        "4* flapping_stopped retired from 4* (None)",
    ]
    assert not end_of("udu--", NERVOUS).flapping
    assert end_of("udu-", NERVOUS).flapping


def test_rule_18_it_ends_the_flapping_of_a_retired_model_too() -> None:
    assert tell("ue--", QUICK)[-1] == "3* flapping_stopped retired from 3* (None)"


def test_rule_22_flapping_events_carry_the_status_after_the_observation() -> None:
    events = events_of(live(story("udd"), Policy(flap_window=4, flap_high=27.0, confirm_down=1)))
    started = next(event for event in events if event.kind == EventKind.FLAPPING_STARTED)
    assert started.from_status == started.to_status == Status.UNAVAILABLE
