"""Sends the questions of one round: spaced, within the models' own gaps, counted, slower when refused."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from monitor.core.forms import Form
from monitor.core.model import Reason
from monitor.probe.course import Course
from monitor.probe.gap import Gap
from monitor.probe.pacer import Pacer
from monitor.probe.probe import Answer
from monitor.probe.stopwatch import Stopwatch
from monitor.probe.throttle import Throttle

Ask = Callable[[str, Form, float], Awaitable[Answer]]  # model, form, seconds it may take


@dataclass(slots=True, kw_only=True)
class Asker:
    """One for each round. `deadline_s` counts on the stopwatch, `request_limit` is all the round may send.

    Who wants to send waits for its turn with a promise, so that the limit is never passed.
    """

    ask: Ask
    pacer: Pacer
    gap: Gap
    stopwatch: Stopwatch
    deadline_s: float | None = None
    request_limit: int | None = None
    requests: int = 0
    promised: int = 0
    owed_s: float = 0.0
    is_over: bool = False
    throttle: Throttle = field(init=False)

    def __post_init__(self) -> None:
        self.throttle = Throttle(self.pacer)

    def promise(self) -> bool:
        """Set one request aside for `send`; False where no more may be sent."""
        is_spent = self.request_limit is not None and self.promised >= self.request_limit
        if self.is_over or is_spent:
            return False
        self.promised += 1
        return True

    def remaining_s(self) -> float | None:
        """Seconds until the deadline, never negative; None where there is none."""
        if self.deadline_s is None:
            return None
        return max(self.deadline_s - self.stopwatch.elapsed_s(), 0.0)

    async def send(self, course: Course, form: Form, timeout_s: float) -> Answer | None:
        """Ask one model once, when its turn has come; the request was promised before.

        None where it must not be sent any more.
        """
        await self.gap.claim(course.model)
        await self.pacer.acquire()
        if self.is_over:
            return None
        self.requests += 1
        course.attempts += 1
        answer = await self.ask(course.model, form, timeout_s)
        self.gap.asked(course.model)
        self._heed(course, answer)
        return answer

    def _heed(self, course: Course, answer: Answer) -> None:
        """Do as the answer asks: pause, leave the model alone, slow down."""
        polls = answer.requests - 1
        self.requests += polls
        self.promised += polls
        course.attempts += polls
        course.rests_until_s = self.stopwatch.elapsed_s() + answer.rest_s
        if answer.pause_s:
            self._pause(answer.pause_s)
        if not self.pacer.is_limited and not self.is_over:
            is_refused = answer.finding.reason is Reason.TOO_MANY_REQUESTS
            self.throttle.add(course.model, at_s=self.stopwatch.elapsed_s(), is_refused=is_refused)

    def _pause(self, pause_s: float) -> None:
        """Let everybody wait; a pause beyond the deadline ends the round at once, and is kept after it."""
        remaining_s = self.remaining_s()
        if remaining_s is None or pause_s < remaining_s:
            self.pacer.penalise(pause_s)
        else:
            self.is_over, self.owed_s = True, remaining_s

    def pay(self) -> None:
        """Let the next round wait as long as this one would have had to."""
        if self.is_over:
            self.pacer.penalise(self.owed_s)
