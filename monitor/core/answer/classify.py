"""What an answer to a probe means: the row of the table that decides, and what else the answer says."""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.answer.dates import announced_end, first_date_in
from monitor.core.answer.exchange import failure_words
from monitor.core.answer.facts import Facts
from monitor.core.answer.redact import redact
from monitor.core.answer.table import NO_SUCH_MODEL_ROW, OTHER_ENDPOINT_ROW, TABLE, Rule
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.request.adaptations import MORE_ROOM, adaptation_in
from monitor.core.request.forms import KIND_OF, Adaptation, Route
from monitor.core.request.route_hints import is_costly
from monitor.masking import masked


@dataclass(frozen=True, slots=True)
class Finding:
    """What one answer says of a model.

    `row` is the row of the table that decided. `proves` is the kind the answer proves the model to have, None
    where it proves none: by its results, or by words that only a model's own deployment has. `adaptation` is
    what a refused request, or one that got an empty answer, should have looked like. `detail` is the
    provider's most specific text, short and redacted. `served_as` is the model that an answer names, where it
    is another than the one asked for (rules.md 37).
    """

    outcome: Outcome
    reason: Reason
    row: str
    proves: Kind | None = None
    adaptation: Adaptation | None = None
    retires_at: datetime | None = None
    detail: str | None = None
    served_as: str | None = None


def classify(facts: Facts, route: Route, model: str, secrets: tuple[str, ...] = ()) -> Finding:
    """Return what an answer says of a model that was asked on a route; no `secrets` are in its texts."""
    rule = next((rule for rule in TABLE if rule.fits(facts)), TABLE[-1])  # the last row fits any status
    is_up = rule.outcome is Outcome.AVAILABLE
    return Finding(
        outcome=rule.outcome,
        reason=rule.reason,
        row=_row(rule, model),
        proves=facts.proves if is_up else KIND_OF[route] if rule.is_here else None,
        adaptation=_adaptation(rule, facts),
        retires_at=_retires_at(rule.reason, facts),
        detail=None if is_up else _detail(rule, facts, secrets) or None,  # an answer's own text is not kept
        # an answer may name anything, and the name is stored
        served_as=masked(facts.served_as, secrets) if is_up and facts.served_as else None,
    )


def _row(rule: Rule, model: str) -> str:
    """Return the row; "nowhere or elsewhere" is "elsewhere" of a model that is served where it costs."""
    is_either = rule.row == NO_SUCH_MODEL_ROW and rule.reason is Reason.NO_ENDPOINT
    return OTHER_ENDPOINT_ROW if is_either and is_costly(model) else rule.row


def _adaptation(rule: Rule, facts: Facts) -> Adaptation | None:
    if rule.reason is Reason.NEEDS_OTHER_REQUEST:
        return adaptation_in(facts.text)
    return MORE_ROOM if facts.is_empty and rule.reason is Reason.INVALID_ANSWER else None


def _detail(rule: Rule, facts: Facts, secrets: tuple[str, ...]) -> str:
    """Return what went wrong in the provider's own words, short and redacted; empty where it said nothing."""
    if rule.reason is Reason.FALLBACK:
        return redact(f"{facts.served_as or 'another deployment'} answered in its place", secrets=secrets)
    if facts.exchange.failure:
        return redact(failure_words(facts.exchange), secrets=secrets)
    sentence = f"a web page: {facts.sentence}" if facts.is_page else facts.sentence
    return redact(sentence, secrets=secrets)


def _retires_at(reason: Reason, facts: Facts) -> datetime | None:
    named = first_date_in(facts.sentence) if reason is Reason.END_OF_LIFE else None
    return named or announced_end(facts.exchange.headers)
