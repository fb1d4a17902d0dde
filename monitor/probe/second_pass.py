"""The second look: who was unclear or limited is asked once more, when it may be asked again (rules.md 7)."""

import asyncio

from monitor.probe.model_probe import Course
from monitor.probe.request_sender import Asker
from monitor.probe.terms import RoundSettings

LONGEST_REST_S = 60.0  # waited out for a model that gave no answer; in time it is a first look's equal


class SecondLook:
    """Asks with `slow_timeout`, or what is left of the round; what cannot end in time is not begun."""

    def __init__(self, asker: Asker, settings: RoundSettings, slots: asyncio.Semaphore) -> None:
        self._asker, self._settings, self._slots = asker, settings, slots

    async def ask(self, course: Course) -> bool:
        """Ask when the model's rest is over; False where it was not asked, and its first look stands.

        Who waits takes nobody's place. A limited model is not waited for: it is asked if its rest is over.
        """
        if not self._may_wait(course):
            return False
        await asyncio.sleep(self._rest_s(course))
        async with course.turn:
            await self._asker.gap.wait(course.model)
            async with self._slots:
                return await self._ask(course)

    def is_to_come(self, course: Course) -> bool:
        """Whether a model's second look is worth waiting for before its first one stands."""
        return course.wants_second_look and not (course.is_limited and self._is_out_of_reach(course))

    def _is_out_of_reach(self, course: Course) -> bool:
        """Whether a model rests for longer than the round lasts."""
        remaining_s = self._asker.remaining_s()
        return remaining_s is not None and self._rest_s(course) + self._settings.timeout_s > remaining_s

    def is_near(self, course: Course) -> bool:
        """Whether a model is asked again, and may be soon."""
        return course.wants_second_look and self._rest_s(course) <= LONGEST_REST_S

    def _may_wait(self, course: Course) -> bool:
        longest_s = 0.0 if course.is_limited else LONGEST_REST_S
        return self._rest_s(course) <= longest_s and not self._is_out_of_reach(course)

    def _rest_s(self, course: Course) -> float:
        """Seconds until the model may be asked again, never negative."""
        return max(course.rests_until_s - self._asker.stopwatch.elapsed_s(), 0.0)

    async def _ask(self, course: Course) -> bool:
        if course.is_second or self._is_out_of_reach(course) or not self._asker.promise():
            return False
        remaining_s = self._asker.remaining_s()
        patience_s = self._settings.slow_timeout_s
        timeout_s = patience_s if remaining_s is None else min(patience_s, remaining_s)
        first = (course.plan, course.answers, course.is_second)
        form = course.begin_second_look()
        try:
            answer = await self._asker.send(course, form, timeout_s)
        except BaseException:  # cut off, by the deadline or from outside: the first look stands
            course.plan, course.answers, course.is_second = first
            raise
        course.answers.append(answer)
        return True
