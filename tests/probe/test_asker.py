"""What an answer asks for is done: pauses within the deadline, rests, counting, slowing down."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from monitor.core.classify import Finding
from monitor.core.forms import PLAIN_CHAT, Form
from monitor.core.model import Observation, Outcome, Reason
from monitor.probe.asker import Asker
from monitor.probe.course import Course
from monitor.probe.gap import Gap
from monitor.probe.pacer import Pacer
from monitor.probe.probe import Answer
from monitor.probe.stopwatch import Stopwatch
from tests.probe.loops import leaping

FINE = Answer(
    form=PLAIN_CHAT,
    finding=Finding(Outcome.AVAILABLE, Reason.OK, "2"),
    observation=Observation("m", Outcome.AVAILABLE, Reason.OK, 0),
)
BUSY = replace(FINE, finding=Finding(Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, "22"))


@dataclass
class Asked:
    """What was sent at which second of the sweep."""

    at_s: list[float] = field(default_factory=list)
    forms: list[tuple[str, Form, float]] = field(default_factory=list)
    courses: dict[str, Course] = field(default_factory=dict)
    asker: Asker | None = None


def send(
    answers: Sequence[tuple[str, Answer]],
    *,
    rate: float | None = None,
    deadline_s: float | None = None,
    request_limit: int | None = None,
    begin_at_s: float = 0.0,
    then: Callable[[Asker], None] = lambda _asker: None,
) -> Asked:
    """Ask models one after the other, each answering as told."""

    async def run() -> Asked:
        loop = asyncio.get_running_loop()
        stopwatch = Stopwatch(datetime(2026, 11, 21, tzinfo=UTC), loop.time() - begin_at_s, loop.time)
        asked = Asked()
        waiting = list(answers)

        async def ask(model: str, form: Form, timeout_s: float) -> Answer:
            asked.at_s.append(stopwatch.elapsed_s())
            asked.forms.append((model, form, timeout_s))
            await asyncio.sleep(1.0)
            return waiting.pop(0)[1]

        asker = asked.asker = Asker(
            ask=ask,
            pacer=Pacer(rate),
            gap=Gap(),
            stopwatch=stopwatch,
            deadline_s=deadline_s,
            request_limit=request_limit,
        )
        for model, _ in answers:
            course = asked.courses.setdefault(model, Course(model))
            given = await asker.send(course, PLAIN_CHAT, 20.0)
            assert given in [answer for _, answer in answers] or asker.is_over
            then(asker)
        return asked

    return leaping(run())


def test_a_model_is_asked_in_its_form_with_its_time_out() -> None:
    assert send([("m", FINE)]).forms == [("m", PLAIN_CHAT, 20.0)]


@pytest.mark.parametrize(
    ("pause_s", "deadline_s", "next_at_s"),
    [
        (30.0, None, 31.0),
        (30.0, 100.0, 31.0),
        (3600.0, 100.0, None),
        (86_400.0, 100.0, None),
        (86_400.0, None, 86_401.0),
        (None, 100.0, 1.0),
        (0.0, 100.0, 1.0),
    ],
)
@pytest.mark.parametrize("rate", [None, 600.0])
def test_a_pause_holds_all_and_one_beyond_the_deadline_ends_the_round_at_once(
    pause_s: float | None, deadline_s: float | None, next_at_s: float | None, rate: float | None
) -> None:
    """Rule 7: never beyond the sweep's deadline. Nobody sits out what nobody can outlast."""
    asked = send([("m", replace(BUSY, pause_s=pause_s)), ("other", FINE)], deadline_s=deadline_s, rate=rate)
    assert asked.at_s == pytest.approx([0.0] if next_at_s is None else [0.0, next_at_s])


def test_after_the_deadline_any_pause_ends_the_round() -> None:
    asked = send([("m", replace(BUSY, pause_s=3600.0)), ("other", FINE)], deadline_s=5.0, begin_at_s=9.0)
    assert asked.at_s == pytest.approx([9.0])


def test_a_rest_concerns_its_model_alone() -> None:
    """Rule 7."""
    asked = send([("m", replace(FINE, rest_s=300.0)), ("other", FINE)])
    assert asked.at_s == pytest.approx([0.0, 1.0])
    rests = [asked.courses[model].rests_until_s for model in ("m", "other")]
    assert rests == pytest.approx([301.0, 2.0])


def test_polls_count_as_requests_and_attempts() -> None:
    asked = send([("m", replace(FINE, requests=4)), ("m", FINE), ("other", FINE)], request_limit=3)
    assert asked.asker is not None
    assert (asked.asker.requests, asked.asker.promise()) == (6, False)
    assert [asked.courses[model].attempts for model in ("m", "other")] == [5, 1]


@pytest.mark.parametrize(("deadline_s", "remaining_s"), [(None, None), (10.0, 3.0), (7.0, 0.0), (2.0, 0.0)])
def test_what_remains_is_never_negative(deadline_s: float | None, remaining_s: float | None) -> None:
    async def ask(_model: str, _form: Form, _timeout_s: float) -> Answer:
        return FINE

    stopwatch = Stopwatch(datetime(2026, 11, 21, tzinfo=UTC), 0.0, lambda: 7.0)
    asker = Asker(ask=ask, pacer=Pacer(), gap=Gap(), stopwatch=stopwatch, deadline_s=deadline_s)
    assert asker.remaining_s() == remaining_s


def test_without_a_budget_nothing_is_ever_spent() -> None:
    asked = send([("m", FINE)] * 50)
    assert asked.asker is not None
    assert asked.asker.promise()


@pytest.mark.parametrize(("rate", "is_slowed"), [(None, True), (600.0, False)])
def test_refusals_of_several_models_slow_down_what_nobody_configured(
    rate: float | None, is_slowed: bool
) -> None:
    intervals: list[float] = []
    send(
        [(model, BUSY) for model in "abc"],
        rate=rate,
        then=lambda asker: intervals.append(asker.pacer.interval_s),
    )
    assert (intervals[-1] > intervals[0]) is is_slowed
    assert intervals[0] == intervals[1]


def test_slowed_down_the_next_request_waits_twice_as_long() -> None:
    asked = send([*((model, BUSY) for model in "abc"), ("d", FINE), ("e", FINE)])
    assert [later - sooner for sooner, later in zip(asked.at_s, asked.at_s[1:], strict=False)] == (
        pytest.approx([1.0, 1.0, 3.0, 2.0], abs=0.1)
    )


def test_a_fault_of_asking_counts_as_a_request() -> None:
    """It went out; what came of it is nobody's answer."""

    async def run() -> tuple[int, int]:
        async def ask(_model: str, _form: Form, _timeout_s: float) -> Answer:
            raise RuntimeError

        stopwatch = Stopwatch.start(datetime(2026, 11, 21, tzinfo=UTC))
        asker = Asker(ask=ask, pacer=Pacer(), gap=Gap(), stopwatch=stopwatch)
        course = Course("m")
        with pytest.raises(RuntimeError):
            await asker.send(course, PLAIN_CHAT, 20.0)
        return asker.requests, course.attempts

    assert leaping(run()) == (1, 1)
