"""Whose trouble is it, the run's or the model's? What the observations of a round say so far (rules.md 6)."""

from collections import Counter
from collections.abc import Collection
from dataclasses import replace

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import ANSWERED, Cause, Outcome, Reason
from monitor.core.lifecycle.guard import FEWEST_ANSWERED, common_cause, failure_class

ENOUGH = 12  # so many agreeing from the start on speak for everyone

# Refusals that may be the account's: a model that answers shows it.
_REFUSALS = {Reason.CREDENTIAL: Cause.CREDENTIAL, Reason.QUOTA: Cause.QUOTA}

# What is never a model's: if no model gets further, it is the way there or the address.
_UNANIMOUS = {Reason.CONNECTION_FAILED: Cause.OUR_NETWORK, Reason.WRONG_ADDRESS: Cause.RULE_CHANGE}

# What a gateway says before it looks at the key refutes no refusal.
_SAID_WITHOUT_KEY = frozenset({Reason.END_OF_LIFE})


def refusal_cause(observation: Observation) -> Cause | None:
    """Return the trouble an observation would be, were it the run's; None for what is not a refusal."""
    return next((cause for reason, cause in _REFUSALS.items() if observation.reason == reason), None)


def as_models_own(observation: Observation) -> Observation:
    """Return a refusal that turned out to be this model's alone."""
    return replace(observation, outcome=Outcome.UNAVAILABLE, reason=Reason.NOT_FOR_ACCOUNT)


class RoundStats:
    """Counts what the models of a round said last.

    `total` is how many models there are to ask, `regulars` those of them that answered last time,
    `available_models` those whose status is available: after a sweep that reached few, they are more.
    `has_answer` says whether any model answered at all; a limit is no answer here, as limiters often speak
    before the model is looked for.
    """

    def __init__(
        self, total: int, regulars: Collection[str] = (), available_models: Collection[str] = ()
    ) -> None:
        self._enough = min(ENOUGH, total)  # a small provider has fewer models than a dozen
        self._total = total
        self._regulars = frozenset(regulars)
        self._known = self._regulars | frozenset(available_models)
        self._said: dict[str, Observation] = {}
        self._refused: Counter[Cause] = Counter()
        self._alike: Counter[Cause] = Counter()
        self._failing: dict[str, Observation] = {}
        self._is_refuted = False
        self.has_answer = False

    def add(self, observation: Observation) -> None:
        """Count what a model said, refusals included; it replaces what the model said before."""
        if before := self._said.get(observation.model):  # one model is one voice
            self._count(before, -1)
        self._said[observation.model] = observation
        self._count(observation, 1)
        self._failing.pop(observation.model, None)
        if observation.model in self._known and failure_class(observation):
            self._failing[observation.model] = observation
        self.has_answer |= observation.outcome is Outcome.AVAILABLE
        is_of_customer = (
            observation.outcome is Outcome.UNAVAILABLE and observation.reason not in _SAID_WITHOUT_KEY
        )
        if not refusal_cause(observation) and (observation.outcome in ANSWERED or is_of_customer):
            self._is_refuted = True

    def _count(self, observation: Observation, sign: int) -> None:
        for reason, cause in _UNANIMOUS.items():
            self._alike[cause] += sign * (observation.reason == reason)
        if refusal := refusal_cause(observation):
            self._refused[refusal] += sign

    def unanimous_trouble(self) -> Cause | None:
        """Return the cause that the first dozen (or all, if fewer) share; None once any got further."""
        finished = len(self._said)
        if finished < self._enough:
            return None
        return next((cause for cause, count in self._alike.items() if count == finished), None)

    def common_class(self, *, is_all: bool = False) -> str | None:
        """Return the class in which most of those fail that answered last time, when all do; else None.

        All: a dozen of them, or more than half, or all that were asked where `is_all` says that no other will
        be; a limited model neither fails nor answers. One answer of any model refutes it. Several
        troubles at once (a revoked key in an outage) are as little the models' own as one, so classes may be
        mixed.
        """
        enough = 1 if is_all else min(ENOUGH, len(self._known) // 2 + 1)
        if self.has_answer or len(self._known) < FEWEST_ANSWERED or len(self._failing) < enough:
            return None
        if 2 * len(self._failing) <= len(self._known.intersection(self._said)):
            return None
        classes = Counter(filter(None, map(failure_class, self._failing.values())))
        return classes.most_common(1)[0][0]

    def limited_key(self, *, is_open: bool = False) -> Cause | None:
        """Return the quota's cause where all that answered last time are limited and none answers (rule 8).

        Where `is_open` says that so it was in the last sweep already, the first dozen speak for all.
        """
        fewest = ENOUGH if is_open else max(ENOUGH, len(self._regulars))
        if self.has_answer or len(self._said) < fewest:
            return None
        expected = self._regulars
        if is_open:
            expected = (self._regulars or frozenset(self._said)).intersection(self._said)
        said = [self._said[model].outcome for model in expected if model in self._said]
        limited = said.count(Outcome.RATE_LIMITED)
        return Cause.QUOTA if ENOUGH <= limited == len(expected) else None

    def is_massive(self) -> bool:
        """Whether more than half of the regulars that were asked fail in one class as it stands (rule 8)."""
        failing = (self._failing[model] for model in self._regulars.intersection(self._failing))
        most = max(Counter(map(failure_class, failing)).values(), default=0)
        count = len(self._regulars.intersection(self._said))
        return len(self._regulars) >= FEWEST_ANSWERED and 2 * most > count

    def common_cause(self, name: str) -> Cause:
        """Return the most likely cause of all failing in this class, none answering."""
        failing = [failure for failure in self._failing.values() if failure_class(failure) == name]
        return common_cause(name, failing, is_key_accepted=False)

    def everyone_refused(self) -> Cause | None:
        """Return the cause if, without a witness, enough were refused and none was treated as a customer."""
        refused, finished = self._refused.total(), len(self._said)
        is_enough = refused >= self._enough or finished == self._total
        if self._is_refuted or not is_enough or 2 * refused <= finished:
            return None
        return self._refused.most_common(1)[0][0]
