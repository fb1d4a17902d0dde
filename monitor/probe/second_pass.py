"""The second pass: an unclear or limited model is asked once more, when it may be (rules.md 7)."""

import asyncio

from monitor.core.answer.answer import Answer
from monitor.probe.model_probe import ModelProbe
from monitor.probe.request_sender import RequestSender

LONGEST_REST_S = 60.0  # waited out for a model that gave no answer; in time it is a first pass's equal


class SecondPass:
    """Asks with `slow_timeout`, or what is left of the round; what cannot end in time is not begun."""

    def __init__(self, sender: RequestSender, slots: asyncio.Semaphore) -> None:
        self._sender, self._settings, self._slots = sender, sender.settings, slots

    async def ask(self, probe: ModelProbe) -> Answer | None:
        """Ask when the model's rest is over; None where it was not asked, and its first answer stands.

        A model that waits takes no slot. A limited one is not waited for: it is asked if its rest is over.
        """
        if not self._may_wait(probe):
            return None
        await asyncio.sleep(self._rest_s(probe))
        async with probe.turn:
            await self._sender.gap.wait(probe.model)
            async with self._slots:
                return await self._ask(probe)

    def is_to_come(self, probe: ModelProbe) -> bool:
        """Whether a model's second pass is worth waiting for before its first answer stands."""
        return probe.wants_second_pass and not (probe.is_limited and self._is_out_of_reach(probe))

    def _is_out_of_reach(self, probe: ModelProbe) -> bool:
        """Whether a model rests for longer than the round lasts."""
        remaining_s = self._sender.remaining_s()
        return remaining_s is not None and self._rest_s(probe) + self._settings.timeout_s > remaining_s

    def is_near(self, probe: ModelProbe) -> bool:
        """Whether a model is asked again, and may be soon."""
        return probe.wants_second_pass and self._rest_s(probe) <= LONGEST_REST_S

    def _may_wait(self, probe: ModelProbe) -> bool:
        longest_s = 0.0 if probe.is_limited else LONGEST_REST_S
        return self._rest_s(probe) <= longest_s and not self._is_out_of_reach(probe)

    def _rest_s(self, probe: ModelProbe) -> float:
        """Seconds until the model may be asked again, never negative."""
        return max(probe.rests_until_s - self._sender.stopwatch.elapsed_s(), 0.0)

    async def _ask(self, probe: ModelProbe) -> Answer | None:
        if probe.is_second or self._is_out_of_reach(probe) or not self._sender.reserve():
            return None
        remaining_s = self._sender.remaining_s()
        patience_s = self._settings.slow_timeout_s
        timeout_s = patience_s if remaining_s is None else min(patience_s, remaining_s)
        first = (probe.plan, probe.answers, probe.is_second)
        form = probe.begin_second_pass()
        try:
            return await self._sender.send(probe, form, timeout_s)
        except BaseException:  # cut off, by the deadline or from outside: the first answer stands
            probe.plan, probe.answers, probe.is_second = first
            raise
