"""Slower when told to, faster again once nobody is limited: a multiplicative decrease, a gradual recovery."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from monitor.probe.pacer import SLOWEST_INTERVAL_S, Pacer
from monitor.probe.throttle import Throttle


@dataclass
class Turned:
    """Notes how the pace was turned."""

    turns: list[float | str] = field(default_factory=list)

    def slow_down(self, interval_s: float, *, at_most_s: float) -> None:
        assert at_most_s == SLOWEST_INTERVAL_S
        self.turns.append(interval_s)

    def speed_up(self) -> None:
        self.turns.append("faster")


def turns_after(answers: str, *, every_s: float = 1.0) -> list[float | str]:
    """Return how the pace is turned by answers: x is a limited one, ! the word to slow down."""
    turned = Turned()
    throttle = Throttle(turned)
    for number, letter in enumerate(answers):
        if letter == "!":
            throttle.slow_down(at_most_s=SLOWEST_INTERVAL_S)
        else:
            throttle.add(at_s=number * every_s, is_limited=letter == "x")
    return turned.turns


CASES = [
    ("limited answers alone", "xxxxxxxx", []),
    ("told to", "xxx!", [pytest.approx(1.0)]),
    ("told to before anybody answered", "!", [0.0]),
    ("nineteen clean answers", "." * 19, []),
    ("twenty clean answers", "." * 20, ["faster"]),
    ("forty clean answers", "." * 40, ["faster"] * 2),
    ("a limited one among the clean ones", "." * 10 + "x" + "." * 19, []),
    ("slower, then faster", "xxx!" + "." * 20, [pytest.approx(1.0), "faster"]),
    ("nothing", "", []),
]


@pytest.mark.parametrize(("answers", "turns"), [row[1:] for row in CASES], ids=[row[0] for row in CASES])
def test_the_pace_follows_what_is_told(answers: str, turns: list[float | str]) -> None:
    assert turns_after(answers) == turns


@pytest.mark.parametrize("every_s", [0.01, 0.5, 7.0])
def test_the_pace_of_the_latest_answers_is_what_is_slowed_down(every_s: float) -> None:
    assert turns_after("....xxx!", every_s=every_s) == [pytest.approx(every_s)]


def test_answers_that_come_at_once_still_slow_down() -> None:
    pacer = Pacer(now=lambda: 0.0)
    before_s = pacer.interval_s
    throttle = Throttle(pacer)
    for _ in range(3):
        throttle.add(at_s=5.0, is_limited=True)
    throttle.slow_down(at_most_s=SLOWEST_INTERVAL_S)
    assert pacer.interval_s == pytest.approx(2 * before_s)


ANSWERS = st.lists(st.tuples(st.sampled_from("x!........."), st.floats(0.0, 100.0)), max_size=120)


@settings(max_examples=100)
@given(answers=ANSWERS, rate=st.one_of(st.none(), st.floats(1.0, 600.0)), at_most_s=st.floats(0.0, 20.0))
def test_the_interval_stays_between_the_configured_one_and_the_slowest(
    answers: list[tuple[str, float]], rate: float | None, at_most_s: float
) -> None:
    """A configured rate that is slower than the slowest stays as it is."""
    pacer = Pacer(rate, now=lambda: 0.0)
    least_s = pacer.interval_s
    throttle = Throttle(pacer)
    at_s = 0.0
    for letter, later_s in answers:
        at_s += later_s
        if letter == "!":
            throttle.slow_down(at_most_s=at_most_s)
            assert least_s <= pacer.interval_s <= max(SLOWEST_INTERVAL_S, least_s)
            assert pacer.interval_s <= max(at_most_s, least_s)
        else:
            throttle.add(at_s=at_s, is_limited=letter == "x")


def test_it_recovers_wholly_once_nobody_is_limited_any_more() -> None:
    pacer = Pacer(now=lambda: 0.0)
    least_s = pacer.interval_s
    throttle = Throttle(pacer)
    for number in range(15):
        throttle.add(at_s=10.0 * number, is_limited=True)
        throttle.slow_down(at_most_s=SLOWEST_INTERVAL_S)
    assert pacer.interval_s == SLOWEST_INTERVAL_S
    for number in range(20 * 30):
        throttle.add(at_s=200.0 + number, is_limited=False)
    assert pacer.interval_s == least_s
