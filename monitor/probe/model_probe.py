"""One model of a round: how it is to be asked, what it answered, what that means."""

import asyncio
from dataclasses import dataclass, field, replace
from datetime import datetime

from monitor.core.answer.answer import Answer
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.planning.inputs import NOTHING_KNOWN, Knowledge, ProviderTraits
from monitor.core.planning.learning import learned, proven
from monitor.core.planning.search import SECOND_PASS, Plan, conclude, is_lost, next_form
from monitor.core.request.forms import PLAIN_CHAT, RequestForm
from monitor.probe.limits import is_limit

_CHAT_ALONE = Plan(PLAIN_CHAT)


def _is_elsewhere(answer: Answer) -> bool:
    return answer.finding.reason is Reason.NO_ENDPOINT


@dataclass(slots=True)
class ModelProbe:
    """One model of a round. `kind` is the one known before, `announced` the end that the catalog names.

    `answers` are those of the pass that counts: a second pass starts them again, as its outcome is the
    last one. `attempts` counts every request of the sweep, `latest` is the answer to the last of them,
    `rests_until_s` the stopwatch's second before which the model asks not to be asked. The holder of the
    `turn` asks it: a model never gets two requests at once.
    """

    model: str
    plan: Plan = _CHAT_ALONE
    kind: str = Kind.UNKNOWN
    knowledge: Knowledge = NOTHING_KNOWN
    announced: datetime | None = None
    answers: list[Answer] = field(default_factory=list)
    attempts: int = 0
    latest: Answer | None = None
    rests_until_s: float = 0.0
    is_second: bool = False
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def next_form(self) -> RequestForm | None:
        """Return how to ask next after the answers so far; None where they are the answer."""
        return next_form(self.plan, self.answers) if self.answers else self.plan.first

    @property
    def is_adaptable(self) -> bool:
        """Whether the last answer says what the request should be, so that it is no failure yet."""
        return self.answers[-1].finding.adaptation is not None and self.next_form() is not None

    @property
    def is_searched(self) -> bool:
        """Whether a whole search found no endpoint that knows the model."""
        return len({answer.form.route for answer in self.answers}) > 1 and is_lost(self.plan, self.answers)

    @property
    def wants_second_pass(self) -> bool:
        """Whether the answer may be otherwise a little later; a limit, once the wait it named is over."""
        if not self.answers or self.is_second:
            return False
        last = self.answers[-1]
        asks_to_wait = is_limit(last.finding) and last.rest_s > 0
        return asks_to_wait or self._end.finding.reason in SECOND_PASS

    @property
    def is_limited(self) -> bool:
        """Whether the model answered with a limit, where it is served: that it is hosted is known then."""
        return bool(self.answers) and is_limit(self._end.finding)

    def begin_second_pass(self) -> RequestForm:
        """Forget the answers, as the last pass counts; returns the form to ask in.

        That the model is not on other endpoints stays known, and they are not asked again; in a search that
        had to wait no further endpoint is asked.
        """
        form = self._end.form
        tried = {answer.form.route for answer in self.answers}
        others = tuple(form for form in self.plan.others if form.route not in tried)
        plan = replace(self.plan, others=others)
        waits_in_search = self.answers[-1].rest_s > 0 and any(map(_is_elsewhere, self.answers))
        self.plan = plan.waiting_for(form.route) if waits_in_search else plan
        self.is_second = True
        self.answers = [
            answer for answer in self.answers if _is_elsewhere(answer) and answer.form.route != form.route
        ]
        return form

    def observation(self) -> Observation | None:
        """Return what the answers say together, or the last one while more are to come; None before any."""
        if not self.answers:
            return None
        return self.observation_of(self._end if self.next_form() is None else self.answers[-1])

    def observation_of(self, answer: Answer) -> Observation:
        """Return what one answer says."""
        return answer.observation(
            self.model, kind=self.kind, attempts=self.attempts, announced=self.announced
        )

    def not_probed(self, at_ms: int) -> Observation:
        """Return the observation of a model without an answer."""
        return Observation(
            model=self.model,
            outcome=Outcome.UNKNOWN,
            reason=Reason.NOT_PROBED,
            at_ms=at_ms,
            kind=self.kind,
            attempts=self.attempts,
            retires_at=self.announced,
        )

    def learned(self, traits: ProviderTraits, now: datetime) -> Knowledge:
        """Return what to remember; nothing new where the search was cut short."""
        if not self.answers or self.next_form() is not None:
            return self.knowledge
        return learned(self.knowledge, self.plan, self.answers, traits=traits, now=now)

    def proven(self) -> Knowledge:
        """Return what to remember whatever becomes of the sweep."""
        return proven(self.knowledge, self.plan, self.answers) if self.answers else self.knowledge

    @property
    def _end(self) -> Answer:
        return conclude(self.plan, self.answers, kind=self.kind)
