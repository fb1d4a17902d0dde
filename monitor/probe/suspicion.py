"""Whose trouble is it, the run's or the model's? What a round of probes has seen so far, asked as questions.

Pure bookkeeping over observations (rules.md 6); it sends nothing.
"""

from collections import Counter
from dataclasses import replace

from monitor.core.model import ANSWERED, Cause, Observation, Outcome, Reason

ENOUGH = 12  # so many agreeing from the start on speak for everyone

# Refusals that may be the account's: a model that answers tells.
_REFUSALS = {Reason.CREDENTIAL: Cause.CREDENTIAL, Reason.QUOTA: Cause.QUOTA}

# What is never a model's: if nobody gets further, it is the way there or the address.
_UNANIMOUS = {Reason.CONNECTION_FAILED: Cause.OUR_NETWORK, Reason.WRONG_ADDRESS: Cause.RULE_CHANGE}

# What a gateway says before it looks at the key refutes no refusal.
_SAID_WITHOUT_KEY = frozenset({Reason.END_OF_LIFE})


def refusal_cause(observation: Observation) -> Cause | None:
    """Return the trouble an observation would be, were it the run's; None for what is not a refusal."""
    return next((cause for reason, cause in _REFUSALS.items() if observation.reason == reason), None)


def as_models_own(observation: Observation) -> Observation:
    """Return a refusal that turned out to be this model's alone."""
    return replace(observation, outcome=Outcome.UNAVAILABLE, reason=Reason.NOT_FOR_ACCOUNT)


class Tally:
    """Counts what the finished probes of a round said. `total` is how many models there are to ask."""

    def __init__(self, total: int) -> None:
        self._enough = min(ENOUGH, total)
        self._total = total
        self._finished = 0
        self._refused: Counter[Cause] = Counter()
        self._alike: Counter[Cause] = Counter()
        self._is_refuted = False

    def add(self, observation: Observation) -> None:
        """Count one finished probe, refusals included."""
        self._finished += 1
        self._alike.update(cause for reason, cause in _UNANIMOUS.items() if observation.reason == reason)
        if refusal := refusal_cause(observation):
            self._refused[refusal] += 1
        elif observation.outcome in ANSWERED or _knows_account(observation):
            self._is_refuted = True

    def unanimous_trouble(self) -> Cause | None:
        """Return the cause all of the first dozen (or all, if fewer) share; None once anybody got further."""
        if self._finished < self._enough:
            return None
        return next((cause for cause, count in self._alike.items() if count == self._finished), None)

    def everyone_refused(self) -> Cause | None:
        """Return the cause if, with nobody to ask, enough were refused and none was treated as a customer."""
        refused = self._refused.total()
        is_enough = refused >= self._enough or self._finished == self._total
        if self._is_refuted or not is_enough or 2 * refused <= self._finished:
            return None
        return self._refused.most_common(1)[0][0]


def _knows_account(observation: Observation) -> bool:
    return observation.outcome == Outcome.UNAVAILABLE and observation.reason not in _SAID_WITHOUT_KEY
