"""Whose failure is it? On suspicion the canaries are asked again, and the round stops if it is the run's own.

Two suspicions: one model is refused as an account would be (rules.md 6), or all that answered last time now
fail alike (rules.md 8). The canaries are models known to answer.
"""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Cause, Outcome
from monitor.core.lifecycle.guard import TROUBLE
from monitor.core.lifecycle.round_stats import RoundStats, as_models_own, refusal_cause

CANARIES_PER_SUSPICION = 3  # one refusal of a witness could be its own


class Stopped(Exception):
    """The run is in trouble of its own: no more probes."""

    def __init__(self, cause: Cause) -> None:
        self.cause = cause


class AskAgain(Protocol):
    """How a canary is asked on suspicion."""

    async def __call__(self, model: str, *, patiently: bool) -> Observation | None:
        """Ask it now, `patiently` as in the second pass; None where no more request may be sent."""


class RunGuard:
    """Keeps refusals until it is known whose failure they are. `witnesses`: freshest last.

    Only an answer proves that the key is accepted, and only a refusal that it is not: a limit is neither, as
    limiters often answer before anything else is looked at.
    """

    def __init__(
        self,
        stats: RoundStats,
        canaries: Sequence[str],
        *,
        ask_again: AskAgain,
        settle: Callable[[Observation], None],
        at_ms: Callable[[], int],
        is_accepted: bool = False,
    ) -> None:
        self.stats = stats
        self._canaries = tuple(canaries)
        self._witnesses = dict.fromkeys(canaries)
        self._ask_again, self._settle, self._is_accepted = ask_again, settle, is_accepted
        self._at_ms = at_ms
        self._suspects: dict[str, Observation] = {}
        self._one_investigation = asyncio.Lock()
        self._confirmed_at_ms = -1  # -1: before every refusal
        self._is_mute = False  # no more request may be sent, so whose trouble a refusal is stays open
        self._cause: Cause | None = None

    def confirm_answering(self, model: str) -> None:
        """Note that a model answered just now."""
        self._witnesses.pop(model, None)
        self._witnesses[model] = None

    async def investigate(self, suspect: Observation) -> None:
        """Ask a model known to answer, to see whether it is refused too; without one, see whether all are.

        Each suspicion asks again, as a key can be revoked in mid-sweep, but one at a time. Raises Stopped.
        """
        self._suspects[suspect.model] = suspect
        async with self._one_investigation:
            self._stop_for(self._cause)
            if suspect.at_ms < self._confirmed_at_ms:
                self._release(suspect)  # a model asked after this refusal did answer
                return
            witnesses = [name for name in self._witnesses if name != suspect.model]
            if witnesses:
                self._stop_for(await self._testimony(witnesses))
                if not self._is_mute:
                    self._release(suspect)
            else:
                self._stop_for(self.stats.everyone_refused())
        self._stop_for(self.stats.unanimous_trouble())

    async def look_for_common_trouble(self) -> None:
        """Stop where none gets further, or where all that answered last time fail alike. Raises Stopped."""
        self._stop_for(self.stats.unanimous_trouble())
        if self._is_accepted or self.stats.common_class() is None:
            return
        async with self._one_investigation:  # one at a time: each suspicion asks the canaries
            self._stop_for(self._cause)
            if self.stats.common_class() and not await self._anyone_answers():
                name = self.stats.common_class()  # again: it may be another one by now, or none any more
                self._stop_for(self.stats.common_cause(name) if name else None)

    async def close(self) -> None:
        """Decide what was held back because no model was known to answer when it came. Raises Stopped."""
        for suspect in tuple(self._suspects.values()):
            await self.investigate(suspect)
        self._stop_for(self.stats.everyone_refused() if self._suspects else None)
        for suspect in () if self._is_mute else tuple(self._suspects.values()):
            self._release(suspect)

    def cause_of_all_failing(self) -> Cause | None:
        """Return the trouble where a round asked as many as it could and none answered (rules.md 11)."""
        name = None if self._is_accepted else self.stats.common_class(is_all=True)
        return self.stats.common_cause(name) if name else None

    async def _anyone_answers(self) -> bool:
        """Ask the canaries again, side by side, with patience where theirs was a trouble that may pass."""
        canaries = self._canaries[:CANARIES_PER_SUSPICION]
        is_trouble = self.stats.common_class() == TROUBLE
        again = await asyncio.gather(*(self._ask_again(name, patiently=is_trouble) for name in canaries))
        outcomes = [observation.outcome for observation in again if observation is not None]
        self.stats.has_answer |= Outcome.AVAILABLE in outcomes
        return self.stats.has_answer or None in again  # no more request may be sent: no proof

    async def _testimony(self, witnesses: Sequence[str]) -> Cause | None:
        """Return the cause if a witness is refused too; None if one answers. Others pass it on."""
        for name in witnesses[-CANARIES_PER_SUSPICION:][::-1]:
            asked_at_ms = self._at_ms()  # before it is asked: refusals up to then are refuted by its answer
            observation = await self._ask_again(name, patiently=False)
            if observation is None:
                self._is_mute = True
                return None
            if observation.outcome is Outcome.AVAILABLE:
                self._confirmed_at_ms = asked_at_ms
                return None
            if cause := refusal_cause(observation):
                return cause
        return None

    def _release(self, suspect: Observation) -> None:
        """Settle a refusal as the model's own."""
        self._suspects.pop(suspect.model, None)
        self._settle(as_models_own(suspect))

    def _stop_for(self, cause: Cause | None) -> None:
        if cause:
            self._cause = cause
            raise Stopped(cause)
