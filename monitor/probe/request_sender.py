"""Sends the requests of one round: spaced, within the models' own gaps, counted, held back for a limit."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from monitor.core.answer.answer import Answer
from monitor.core.request.forms import RequestForm
from monitor.probe.gap import Gap
from monitor.probe.limits import Limits, is_limit
from monitor.probe.model_probe import ModelProbe
from monitor.probe.pacer import SLOWEST_INTERVAL_S, Pacer
from monitor.probe.round_settings import RoundSettings
from monitor.probe.stopwatch import Stopwatch
from monitor.probe.throttle import Throttle

LONGEST_PAUSE_S = 60.0  # at a time (rules.md 7)

Ask = Callable[[str, RequestForm, float], Awaitable[Answer]]  # model, form, seconds it may take


@dataclass(slots=True, kw_only=True)
class RequestSender:
    """One for each round. A request is reserved before waiting, so the limit cannot be exceeded.

    `paused_s` is for how long all requests had to wait so far.
    """

    ask: Ask
    pacer: Pacer
    gap: Gap
    stopwatch: Stopwatch
    settings: RoundSettings = field(default_factory=RoundSettings)
    requests: int = 0
    reserved: int = 0
    paused_s: float = 0.0
    limits: Limits = field(default_factory=Limits)
    throttle: Throttle = field(init=False)

    def __post_init__(self) -> None:
        self.throttle = Throttle(self.pacer)

    def reserve(self) -> bool:
        """Set one request aside for `send`; False where no more may be sent."""
        limit = self.settings.request_limit
        if limit is not None and self.reserved >= limit:  # reserved, not sent: requests under way count
            return False
        self.reserved += 1
        return True

    def remaining_s(self) -> float | None:
        """Seconds until the deadline, never negative; None where there is none."""
        if self.settings.deadline_s is None:
            return None
        return max(self.settings.deadline_s - self.stopwatch.elapsed_s(), 0.0)

    async def send(self, probe: ModelProbe, form: RequestForm, timeout_s: float) -> Answer:
        """Ask one model once, when its turn has come; the request was reserved before."""
        await self.gap.claim(probe.model)  # waits for one model cost no other its start
        await self.pacer.acquire()
        asked_at_s = self.stopwatch.elapsed_s()
        self.requests += 1
        probe.attempts += 1
        answer = await self.ask(probe.model, form, timeout_s)
        self.gap.note_request(probe.model)
        self._apply_limits(probe, answer, asked_at_s)
        return answer

    def _apply_limits(self, probe: ModelProbe, answer: Answer, asked_at_s: float) -> None:
        """Count what was sent, and do as the answer asks: leave its model alone."""
        polls = answer.requests - 1
        self.requests += polls
        self.reserved += polls
        probe.attempts += polls
        at_s = self.stopwatch.elapsed_s()
        probe.latest, probe.rests_until_s = answer, at_s + answer.rest_s
        self.limits.add(probe.model, answer, asked_at_s=asked_at_s, at_s=at_s)
        if not self.pacer.is_limited:  # a limit that the user set is the pace; only without one it adapts
            self.throttle.add(at_s=at_s, is_limited=is_limit(answer.finding))

    def hold_back(self, unasked: int) -> None:
        """Let all requests wait for a limit of the key's; slow down, too, where none is configured.

        A limit costs time, but never the observation of one of the models that are still `unasked`: pauses
        take at most half of the time that asking leaves, slower starts half of what remains. No pause is
        made for a wait that the round cannot outlast.
        """
        wait_s = self.limits.shortest_wait_s(self.stopwatch.elapsed_s())
        if wait_s is not None and self._can_outlast(wait_s, unasked):
            pause_s = min(wait_s, LONGEST_PAUSE_S)
            self.pacer.penalise(pause_s)
            self.paused_s += pause_s
        if self._is_of_pace(wait_s):
            self.throttle.slow_down(at_most_s=self._longest_interval_s(unasked))
        self.limits.hold_back(self.stopwatch.elapsed_s())

    def _is_of_pace(self, wait_s: float | None) -> bool:
        """Whether slower starts may help: not if it lasts for hours, nor where they did not help just now."""
        is_short = wait_s is None or wait_s <= LONGEST_PAUSE_S
        return is_short and not self.pacer.is_limited and not self.limits.is_held_back

    def _can_outlast(self, wait_s: float, unasked: int) -> bool:
        if self.settings.deadline_s is None:
            return True
        spare_s = self.settings.deadline_s - unasked * self.pacer.interval_s
        is_over_in_time = wait_s < self.settings.deadline_s - self.stopwatch.elapsed_s()
        return is_over_in_time and 2 * (self.paused_s + min(wait_s, LONGEST_PAUSE_S)) <= spare_s

    def _longest_interval_s(self, unasked: int) -> float:
        remaining_s = self.remaining_s()
        if remaining_s is None or not unasked:
            return SLOWEST_INTERVAL_S
        return remaining_s / (2 * unasked)
