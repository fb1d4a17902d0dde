"""What an answer to a probe means: one table, read from the top, the first row that fits decides.

Rows carry the number of their source in the design's classification table, so that both can be read side by
side; where they stand in another order, the more telling row was moved up. Outcomes are those of a first
look: what may be the run's trouble (`credential`, `quota`, `wrong_address`) is `unknown` here, and the
round of probes settles whose it is (rules.md 6); "not on this endpoint" is `unknown` too, and `search.py`
concludes what it means beside the answers of the other routes (rules.md 5).
"""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass
from datetime import datetime

from monitor.core import phrases
from monitor.core.answer import is_html
from monitor.core.exchange import CONNECTION_LEVEL, FAILURE_TEXT, Exchange, Failure
from monitor.core.facts import SUCCESS, UNDER_200, Facts, read_facts
from monitor.core.forms import KIND_OF, Route, Wish
from monitor.core.model import Kind, Outcome, Reason
from monitor.core.moment import announced_end, first_date_in
from monitor.core.redact import redact
from monitor.core.wishes import wish_in

_Condition = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Finding:
    """What one answer says of a model.

    `row` is the row of the table that decided. `proves` is the kind the answer proves the model to have, None
    where it proves none: by its results, or by words that only a model's own deployment has. `wish` is what a
    refused request should have looked like. `detail` is the provider's most telling text, short and redacted.
    """

    outcome: Outcome
    reason: Reason
    row: str
    proves: Kind | None = None
    wish: Wish | None = None
    retires_at: datetime | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: it fits when the status is among `status`, the text matches `says`, and `when` holds.

    `is_here` marks what a gateway says of a model only where this route leads to one (provider facts 1.2).
    """

    row: str
    outcome: Outcome
    reason: Reason
    status: Container[int]
    says: str | None = None
    when: _Condition | None = None
    is_here: bool = False

    def fits(self, facts: Facts) -> bool:
        """Whether this row speaks of these facts."""
        if facts.status not in self.status or (self.when and not self.when(facts)):
            return False
        return self.says is None or re.search(self.says, facts.text) is not None


# ---- Signs: what the rows look for (texts are matched in lower case) -------------------

_ONE_HOUR_S = 3600
_ANY = range(-1, 1000)
_OK = (UNDER_200, *SUCCESS)
_ERROR = (UNDER_200, *range(400, 600))
_NOT_HERE = (UNDER_200, 400, 404, 422)
_REFUSED = (400, 422)


def _failed(*failures: Failure) -> _Condition:
    return lambda facts: facts.exchange.failure in failures


def _has_result(facts: Facts) -> bool:
    return facts.proves is not None


def _has_generation(facts: Facts) -> bool:
    return facts.proves in {Kind.CHAT, Kind.COMPLETIONS}


def _is_queued(facts: Facts) -> bool:
    return "nvcf-reqid" in facts.exchange.headers


def _no_path(facts: Facts) -> bool:
    """Whether a 404 is bare, so about the address: a page, or a document that says only "not found"."""
    is_page = not isinstance(facts.document, dict | list)
    return is_page or re.search(phrases.NO_PATH, facts.sentence.lower()) is not None


def _no_path_nor_listed(facts: Facts) -> bool:
    return not facts.listed and _no_path(facts)


def _names_location(facts: Facts) -> bool:
    detail = facts.document.get("detail") if isinstance(facts.document, dict) else None
    return isinstance(detail, list) and bool(detail) and isinstance(detail[0], dict) and "loc" in detail[0]


def _is_switched_off(facts: Facts) -> bool:
    is_problem = "problem+json" in facts.exchange.headers.get("content-type", "")
    return facts.wait_s >= _ONE_HOUR_S and is_problem


def _no_worker(facts: Facts) -> bool:
    return facts.exchange.headers.get("nvcf-status", "").lower() == "errored"


# ---- The table -------------------------------------------------------------------------

_UP, _LIMITED, _DOWN, _UNCLEAR = Outcome.AVAILABLE, Outcome.RATE_LIMITED, Outcome.UNAVAILABLE, Outcome.UNKNOWN

TABLE: tuple[Rule, ...] = (
    Rule("1", _UNCLEAR, Reason.CONNECTION_FAILED, _ANY, when=_failed(*CONNECTION_LEVEL)),
    Rule("1", _UNCLEAR, Reason.CONNECTION_FAILED, (407,)),
    Rule("29", _UNCLEAR, Reason.WRONG_ADDRESS, _ANY, when=_failed(Failure.UNSENDABLE)),
    Rule("27", _UNCLEAR, Reason.TIMEOUT, _ANY, when=_failed(Failure.TIMEOUT_AFTER_HEADERS)),
    Rule("28", _UNCLEAR, Reason.TIMEOUT, _ANY, when=_failed(Failure.TIMEOUT)),
    Rule("28", _UNCLEAR, Reason.TIMEOUT, (408,)),
    Rule("28", _UNCLEAR, Reason.CONNECTION_CLOSED, _ANY, when=_failed(Failure.CLOSED)),
    Rule("4", _DOWN, Reason.INVALID_ANSWER, _ANY, when=_failed(Failure.GARBLED)),
    Rule("2", _UP, Reason.OK, SUCCESS, when=_has_generation),
    Rule("3", _UP, Reason.OK, SUCCESS, when=_has_result),
    Rule("5", _LIMITED, Reason.QUEUED, (202,), when=_is_queued),
    Rule("6", _UNCLEAR, Reason.CREDENTIAL, (401,)),
    Rule("9", _UNCLEAR, Reason.QUOTA, (402,)),
    Rule("9", _UNCLEAR, Reason.QUOTA, (UNDER_200, 400, 403, 429), says=phrases.NO_MONEY),
    Rule("8", _DOWN, Reason.NOT_FOR_ACCOUNT, (UNDER_200, 403), says=phrases.NOT_YOURS),
    Rule("18", _UNCLEAR, Reason.NO_ENDPOINT, (403,), says=phrases.OTHER_ENDPOINT),
    Rule("7", _UNCLEAR, Reason.CREDENTIAL, (UNDER_200, 400), says=phrases.KEY),
    Rule("7", _UNCLEAR, Reason.CREDENTIAL, (403,)),  # names no model: a canary tells whose trouble it is
    Rule("10", _DOWN, Reason.END_OF_LIFE, (410,)),
    Rule("10", _DOWN, Reason.END_OF_LIFE, (UNDER_200, 400, 404), says=phrases.ENDED),
    Rule("11", _DOWN, Reason.WITHDRAWN, (UNDER_200, 404), says=phrases.WITHDRAWN),
    Rule("14", _DOWN, Reason.NOT_FOR_ACCOUNT, (UNDER_200, 404), says=phrases.NOT_OF_ACCOUNT, is_here=True),
    Rule("18", _UNCLEAR, Reason.NO_ENDPOINT, _NOT_HERE, says=phrases.OTHER_ENDPOINT),
    Rule("15", _DOWN, Reason.NOT_FOUND, _NOT_HERE, says=phrases.NO_SUCH_MODEL),
    Rule("13", _DOWN, Reason.NOT_FOUND, (404,), when=_no_path_nor_listed),
    Rule("12", _UNCLEAR, Reason.NO_ENDPOINT, (404,), when=_no_path),
    Rule("15", _DOWN, Reason.NOT_FOUND, (404,)),  # a 404 with a sentence of its own speaks of the model
    Rule("16", _DOWN, Reason.DEGRADED, _ERROR, says=r"degraded function", is_here=True),
    Rule("19", _UNCLEAR, Reason.NEEDS_OTHER_REQUEST, _REFUSED, says=r"urn:inference-service:", is_here=True),
    Rule("17", _UNCLEAR, Reason.NEEDS_OTHER_REQUEST, _REFUSED, says=phrases.NAMES_A_FIELD),
    Rule("17", _UNCLEAR, Reason.NEEDS_OTHER_REQUEST, _REFUSED, when=_names_location),
    Rule("20", _UNCLEAR, Reason.BAD_REQUEST, _REFUSED),
    Rule("26", _DOWN, Reason.NO_CAPACITY, (UNDER_200, 429, 503), says=phrases.NO_DEPLOYMENT),
    Rule("21", _UNCLEAR, Reason.QUOTA, (UNDER_200, 429), says=phrases.PER_DAY),
    Rule("22", _LIMITED, Reason.TOO_MANY_REQUESTS, (429,)),
    Rule("23", _LIMITED, Reason.SATURATED, (529,)),
    Rule("23", _LIMITED, Reason.SATURATED, (UNDER_200, 500, 502, 503), says=phrases.BUSY),
    Rule("22", _LIMITED, Reason.TOO_MANY_REQUESTS, (UNDER_200,), says=phrases.TOO_MANY),
    Rule("24", _DOWN, Reason.SWITCHED_OFF, (503,), when=_is_switched_off),
    Rule("26", _DOWN, Reason.NO_CAPACITY, (504,)),
    Rule("25", _DOWN, Reason.SERVER_ERROR, range(500, 600)),
    Rule("26", _DOWN, Reason.NO_CAPACITY, _OK, when=_no_worker),
    Rule("29", _UNCLEAR, Reason.WRONG_ADDRESS, (405, *range(300, 400))),
    Rule("4", _DOWN, Reason.INVALID_ANSWER, _OK),
    Rule("20", _UNCLEAR, Reason.BAD_REQUEST, _ANY),  # a status nobody explained says nothing
)

# ---- The reading -----------------------------------------------------------------------


def classify(
    exchange: Exchange,
    *,
    asked: Route = Route.CHAT,
    now: datetime,
    model: str = "",
    listed: bool = True,
    secrets: tuple[str, ...] = (),
) -> Finding:
    """Return what the answer to a probe says of a model. Never raises, whatever the server sent.

    `asked` is the route the model was asked on. `now` dates a `Retry-After`. `model` is taken out of the text
    before phrases are looked for, as ids are full of words like `guard`, `image` and `system`. `secrets` are
    kept out of the detail.
    """
    facts = read_facts(exchange, now=now, model=model, listed=listed)
    rule = next((rule for rule in TABLE if rule.fits(facts)), TABLE[-1])
    return Finding(
        outcome=rule.outcome,
        reason=rule.reason,
        row=rule.row,
        proves=_proven(rule, facts, asked),
        wish=wish_in(facts.text) if rule.reason is Reason.NEEDS_OTHER_REQUEST else None,
        retires_at=_retires_at(rule.reason, facts),
        detail=None if rule.outcome is Outcome.AVAILABLE else describe(facts, secrets=secrets) or None,
    )


def _proven(rule: Rule, facts: Facts, asked: Route) -> Kind | None:
    if rule.outcome is Outcome.AVAILABLE:
        return facts.proves
    return KIND_OF[asked] if rule.is_here else None


def describe(facts: Facts, *, secrets: tuple[str, ...] = ()) -> str:
    """Return what went wrong in the provider's own words, short and redacted; empty where it said nothing."""
    if facts.exchange.failure:
        return FAILURE_TEXT[facts.exchange.failure]
    is_page = is_html(facts.exchange.body, facts.exchange.headers.get("content-type", ""))
    sentence = f"a web page: {facts.sentence}" if is_page else facts.sentence
    return redact(sentence, secrets=secrets)


def _retires_at(reason: Reason, facts: Facts) -> datetime | None:
    named = first_date_in(facts.sentence) if reason is Reason.END_OF_LIFE else None
    return named or announced_end(facts.exchange.headers)
