"""What an answer asks for is done: rests, counting; pauses and slower starts only for the key's limits."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from monitor.core.answer.answer import Answer
from monitor.core.answer.classify import Finding
from monitor.core.domain.vocabulary import Outcome, Reason
from monitor.core.request.forms import PLAIN_CHAT, RequestForm
from monitor.probe.gap import Gap
from monitor.probe.model_probe import ModelProbe
from monitor.probe.pacer import Pacer
from monitor.probe.request_sender import RequestSender
from monitor.probe.round_settings import RoundSettings
from monitor.probe.stopwatch import Stopwatch
from tests.probe.loops import leaping

FINE = Answer(
    form=PLAIN_CHAT,
    finding=Finding(Outcome.AVAILABLE, Reason.OK, "2"),
)
BUSY = replace(FINE, finding=Finding(Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, "22"))


@dataclass
class Asked:
    """What was sent at which second of the sweep."""

    at_s: list[float] = field(default_factory=list)
    forms: list[tuple[str, RequestForm, float]] = field(default_factory=list)
    probes: dict[str, ModelProbe] = field(default_factory=dict)
    sender: RequestSender | None = None


def send(
    answers: Sequence[tuple[str, Answer]],
    *,
    rate: float | None = None,
    deadline_s: float | None = None,
    request_limit: int | None = None,
    begin_at_s: float = 0.0,
    then: Callable[[RequestSender], None] = lambda _sender: None,
) -> Asked:
    """Ask models one after the other, each answering as told."""

    async def run() -> Asked:
        loop = asyncio.get_running_loop()
        stopwatch = Stopwatch(datetime(2026, 11, 21, tzinfo=UTC), loop.time() - begin_at_s, loop.time)
        asked = Asked()
        waiting = list(answers)

        async def ask(model: str, form: RequestForm, timeout_s: float) -> Answer:
            asked.at_s.append(stopwatch.elapsed_s())
            asked.forms.append((model, form, timeout_s))
            await asyncio.sleep(1.0)
            return waiting.pop(0)[1]

        sender = asked.sender = RequestSender(
            ask=ask,
            pacer=Pacer(rate),
            gap=Gap(),
            stopwatch=stopwatch,
            settings=RoundSettings(deadline_s=deadline_s, request_limit=request_limit),
        )
        for model, _ in answers:
            probe = asked.probes.setdefault(model, ModelProbe(model))
            given = await sender.send(probe, PLAIN_CHAT, 20.0)
            assert given in [answer for _, answer in answers]
            then(sender)
        return asked

    return leaping(run())


def test_a_model_is_asked_in_its_form_with_its_time_out() -> None:
    assert send([("m", FINE)]).forms == [("m", PLAIN_CHAT, 20.0)]


def starts_after_limits(
    rests_s: Sequence[float], *, unasked: int = 0, deadline_s: float | None = None, rate: float | None = 600.0
) -> list[float]:
    """Let models be limited one after the other, hold back after the last, and ask one more."""
    limited = [(f"m{number}", replace(BUSY, rest_s=rest_s)) for number, rest_s in enumerate(rests_s)]
    left = iter(limited)

    def hold_back(sender: RequestSender) -> None:
        next(left, None)
        if sender.requests == len(limited):
            sender.hold_back(unasked)

    return send([*limited, ("other", FINE)], deadline_s=deadline_s, rate=rate, then=hold_back).at_s


PAUSES = [
    ("the shortest of the waits", [40.0, 30.0, 20.0], None, 20.0),
    ("what remains of it", [1.5, 300.0, 300.0], None, 0.0),
    ("never longer than a minute", [300.0, 400.0, 500.0], None, 60.0),
    ("no wait was named", [0.0, 0.0, 0.0], None, 0.0),
    ("one of three named a wait", [0.0, 0.0, 25.0], None, 25.0),
    ("within the deadline", [30.0] * 3, 100.0, 28.0),
    ("longer than half of the sweep", [55.0] * 3, 100.0, 0.0),
    ("a wait that the sweep cannot outlast", [3600.0] * 3, 810.0, 0.0),
    ("a long one that it can", [3600.0] * 3, 7200.0, 60.0),
]


@pytest.mark.parametrize(
    ("rests_s", "deadline_s", "pause_s"), [row[1:] for row in PAUSES], ids=[row[0] for row in PAUSES]
)
def test_a_limit_of_the_key_pauses_everybody_for_a_while(
    rests_s: list[float], deadline_s: float | None, pause_s: float
) -> None:
    """Rule 7."""
    starts = starts_after_limits(rests_s, deadline_s=deadline_s)
    assert starts[-1] == pytest.approx(3.0 + pause_s)


@pytest.mark.parametrize(("unasked", "is_paused"), [(0, True), (100, True), (7_000, False)])
def test_a_pause_leaves_the_time_to_ask_everybody(unasked: int, is_paused: bool) -> None:
    starts = starts_after_limits([60.0] * 3, unasked=unasked, deadline_s=810.0)
    assert (starts[-1] > 50.0) is is_paused


def test_pauses_take_at_most_half_of_the_time_and_then_the_round_goes_on() -> None:
    answers = [(f"m{number:02}", replace(BUSY, rest_s=60.0)) for number in range(30)]
    starts = send(answers, rate=600.0, deadline_s=810.0, then=lambda sender: sender.hold_back(0)).at_s
    assert starts[6] == pytest.approx(6 * 61.0)
    assert starts[-1] <= 810.0 / 2 + 30


def test_a_rest_concerns_its_model_alone() -> None:
    """Rule 7."""
    asked = send([("m", replace(FINE, rest_s=300.0)), ("other", FINE)])
    assert asked.at_s == pytest.approx([0.0, 1.0])
    rests = [asked.probes[model].rests_until_s for model in ("m", "other")]
    assert rests == pytest.approx([301.0, 2.0])


def test_polls_count_as_requests_and_attempts() -> None:
    asked = send([("m", replace(FINE, requests=4)), ("m", FINE), ("other", FINE)], request_limit=3)
    assert asked.sender is not None
    assert (asked.sender.requests, asked.sender.reserve()) == (6, False)
    assert [asked.probes[model].attempts for model in ("m", "other")] == [5, 1]


@pytest.mark.parametrize(("deadline_s", "remaining_s"), [(None, None), (10.0, 3.0), (7.0, 0.0), (2.0, 0.0)])
def test_what_remains_is_never_negative(deadline_s: float | None, remaining_s: float | None) -> None:
    async def ask(_model: str, _form: RequestForm, _timeout_s: float) -> Answer:
        return FINE

    stopwatch = Stopwatch(datetime(2026, 11, 21, tzinfo=UTC), 0.0, lambda: 7.0)
    sender = RequestSender(
        ask=ask, pacer=Pacer(), gap=Gap(), stopwatch=stopwatch, settings=RoundSettings(deadline_s=deadline_s)
    )
    assert sender.remaining_s() == remaining_s


def test_without_a_budget_nothing_is_ever_spent() -> None:
    asked = send([("m", FINE)] * 50)
    assert asked.sender is not None
    assert asked.sender.reserve()


@pytest.mark.parametrize(("rate", "is_slowed"), [(None, True), (600.0, False)])
def test_holding_back_slows_down_what_nobody_configured(rate: float | None, is_slowed: bool) -> None:
    intervals: list[float] = []

    def then(sender: RequestSender) -> None:
        intervals.append(sender.pacer.interval_s)
        sender.hold_back(0)

    send([(model, BUSY) for model in "abc"], rate=rate, then=then)
    assert (intervals[-1] > intervals[0]) is is_slowed


def test_limited_answers_alone_slow_nothing_down() -> None:
    asked = send([(model, BUSY) for model in "abcdefgh"])
    assert asked.sender is not None
    assert asked.sender.pacer.interval_s == Pacer().interval_s


def test_slower_starts_leave_the_time_to_ask_everybody() -> None:
    intervals: list[float] = []

    def then(sender: RequestSender) -> None:
        sender.hold_back(600)
        intervals.append(sender.pacer.interval_s)

    send([(f"m{number}", BUSY) for number in range(20)], deadline_s=900.0, then=then)
    assert max(intervals) <= 900.0 / (2 * 600)


def test_slowed_down_the_next_request_waits_twice_as_long() -> None:
    def then(sender: RequestSender) -> None:
        if sender.requests == 3:
            sender.hold_back(0)

    asked = send([*((model, BUSY) for model in "abc"), ("d", FINE), ("e", FINE)], then=then)
    assert [later - sooner for sooner, later in zip(asked.at_s, asked.at_s[1:], strict=False)] == (
        pytest.approx([1.0, 1.0, 3.0, 2.0], abs=0.1)
    )


def test_a_fault_of_asking_counts_as_a_request() -> None:
    """It went out; what came of it is nobody's answer."""

    async def run() -> tuple[int, int]:
        async def ask(_model: str, _form: RequestForm, _timeout_s: float) -> Answer:
            raise RuntimeError

        stopwatch = Stopwatch.start(datetime(2026, 11, 21, tzinfo=UTC))
        sender = RequestSender(ask=ask, pacer=Pacer(), gap=Gap(), stopwatch=stopwatch)
        probe = ModelProbe("m")
        with pytest.raises(RuntimeError):
            await sender.send(probe, PLAIN_CHAT, 20.0)
        return sender.requests, probe.attempts

    assert leaping(run()) == (1, 1)
