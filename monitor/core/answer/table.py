"""The classification table: what an answer says of a model. The first row from the top that fits decides.

Rows carry the number of their source in docs/provider-facts.md, section 4, so that both can be read side by
side; where they stand in another order, the more specific row was moved up. Outcomes are those of a first
pass: what may be the run's own failure (`credential`, `quota`, `wrong_address`) is `unknown` here, and the
round of probes settles whose it is (rules.md 6); "not on this endpoint" is `unknown` too, and `search.py`
concludes what it means beside the answers of the other routes (rules.md 5).
"""

import re
from collections.abc import Callable, Container
from dataclasses import dataclass

from monitor.core.answer.error_patterns import absent, account, endpoint, limits, money
from monitor.core.answer.error_patterns.pattern import ErrorPatterns
from monitor.core.answer.exchange import CONNECTION_LEVEL, Failure
from monitor.core.answer.facts import SUCCESS, UNDER_200, Facts
from monitor.core.domain.vocabulary import Kind, Outcome, Reason

_Condition = Callable[[Facts], bool]


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: it fits when the status is among `status`, the text matches `says`, and `when` holds.

    `is_here` marks what a gateway says of a model only where this route leads to one (provider facts 1.2).
    """

    row: str
    outcome: Outcome
    reason: Reason
    status: Container[int]
    says: ErrorPatterns | None = None
    when: _Condition | None = None
    is_here: bool = False

    def fits(self, facts: Facts) -> bool:
        """Whether this row speaks of these facts."""
        if facts.status not in self.status or (self.when and not self.when(facts)):
            return False
        return self.says is None or self.says.are_in(facts.text)


_ONE_HOUR_S = 3600
_ANY = range(-1, 1000)  # -1 is NO_STATUS
_OK = (UNDER_200, *SUCCESS)
_ERROR = (UNDER_200, *range(400, 600))
_REFUSED = (400, 422)
# Words there may be a model's.
_OF_MODEL = (UNDER_200, 400, 401, 403, 404, 409, 422, 424, 451, *range(500, 504))
_LIMITING = (UNDER_200, 400, 403, *range(411, 500), *range(500, 530))
_BUSY = (UNDER_200, 400, 403, *range(409, 505))
_BARE_MARKS = re.compile(r"[{}\[\]'\"`]|\b(?:detail|message|error|msg)\b['\"]?:")
# A backend's whole document at the end of a gateway's sentence, whatever the sentence is.
_BARE_DOCUMENT = re.compile(
    r"\{\W{0,3}(?:detail|message|error|msg)\W{1,5}(?:404:? )?(?:page )?not found\W{0,5}\Z", re.IGNORECASE
)
_OF_SOMETHING_ELSE = re.compile(
    r"\b(?:api|version|endpoint|parameter|field|route)s?\b[^.]{0,40}"
    r"(?:retired|decommissioned|end[ -]of[ -]life)"
)
_CDN = re.compile(r"\Aerror code: 1\d{3}\W*\Z", re.IGNORECASE)  # Cloudflare's, where no page is wanted


def _failed(*failures: Failure) -> _Condition:
    return lambda facts: facts.exchange.failure in failures


def _has_result(facts: Facts) -> bool:
    return facts.proves is not None


def _is_of_another(facts: Facts) -> bool:
    """Whether the proxy says itself that another deployment answered (rules.md 37; run: LiteLLM 1.108.7)."""
    fallbacks = facts.exchange.headers.get("x-litellm-attempted-fallbacks", "")
    # "0" is what LiteLLM sends where its first deployment answered
    return _has_result(facts) and re.fullmatch(r"0*[1-9]\d{0,8}", fallbacks.strip()) is not None


def _no_api_spoke(facts: Facts) -> bool:
    """Whether a firewall or a CDN answered: a page, its own number, or what a gateway leaves of a page."""
    is_hidden = facts.relayed is not None and not facts.relayed.words.strip()
    return facts.is_page or is_hidden or _CDN.match(facts.exchange.body[:100].strip()) is not None


def _is_of_model(facts: Facts) -> bool:
    return "model" in facts.text or _OF_SOMETHING_ELSE.search(facts.text) is None


def _no_path(facts: Facts) -> bool:
    """Whether a 404 is bare, so about the address: a page, or words that say only "not found"."""
    # a 404 of plain text is of the web server
    if facts.relayed is None and not isinstance(facts.body.document, dict | list):
        return True
    is_bare = absent.NO_PATH.are_in(bare_words(facts))
    return is_bare or _BARE_DOCUMENT.search(facts.sentence) is not None


def bare_words(facts: Facts) -> str:
    """Return the words that may say "not found" and no more, without the marks of documents in sentences."""
    words = facts.relayed.words if facts.relayed else facts.sentence.lower()
    return " ".join(_BARE_MARKS.sub(" ", words).split())


def _says_no_path(facts: Facts) -> bool:
    """Whether a 2xx says in words that nothing is at this address (LM Studio; Cloudflare)."""
    return bool(bare_words(facts)) and absent.NO_PATH.are_in(bare_words(facts))


def _names_no_model(facts: Facts) -> bool:
    return re.search(r"\b(?:model|deployment|function)", facts.text) is None


def _names_no_amount(facts: Facts) -> bool:
    return not limits.PER_MINUTE.are_in(facts.text)


def _names_location(facts: Facts) -> bool:
    detail = facts.body.document.get("detail") if isinstance(facts.body.document, dict) else None
    return isinstance(detail, list) and bool(detail) and isinstance(detail[0], dict) and "loc" in detail[0]


def _is_switched_off(facts: Facts) -> bool:
    is_problem = "problem+json" in facts.exchange.headers.get("content-type", "")
    return (facts.wait.header_s or 0.0) >= _ONE_HOUR_S and is_problem  # an hour: shorter waits are a limit


def _no_worker(facts: Facts) -> bool:
    # NVCF's gateway says it with an empty body
    return facts.exchange.headers.get("nvcf-status", "").lower() == "errored"


NO_SUCH_MODEL_ROW, OTHER_ENDPOINT_ROW = "15", "18"
_UP, _LIMITED, _DOWN, _UNCLEAR = Outcome.AVAILABLE, Outcome.RATE_LIMITED, Outcome.UNAVAILABLE, Outcome.UNKNOWN

TABLE: tuple[Rule, ...] = (
    # The way there, and answers
    Rule("1", _UNCLEAR, Reason.CONNECTION_FAILED, _ANY, when=_failed(*CONNECTION_LEVEL)),
    Rule("1", _UNCLEAR, Reason.CONNECTION_FAILED, (407,)),
    Rule("29", _UNCLEAR, Reason.WRONG_ADDRESS, _ANY, when=_failed(Failure.UNSENDABLE)),
    Rule("27", _UNCLEAR, Reason.TIMEOUT, _ANY, when=_failed(Failure.TIMEOUT_AFTER_HEADERS)),
    Rule("28", _UNCLEAR, Reason.TIMEOUT, _ANY, when=_failed(Failure.TIMEOUT)),
    Rule("28", _UNCLEAR, Reason.TIMEOUT, (408,)),
    Rule("28", _UNCLEAR, Reason.CONNECTION_CLOSED, _ANY, when=_failed(Failure.CLOSED)),
    Rule("4", _DOWN, Reason.INVALID_ANSWER, _ANY, when=_failed(Failure.GARBLED)),
    Rule("2", _DOWN, Reason.FALLBACK, SUCCESS, when=_is_of_another),
    Rule("2", _UP, Reason.OK, SUCCESS, when=lambda facts: facts.proves in {Kind.CHAT, Kind.COMPLETIONS}),
    Rule("3", _UP, Reason.OK, SUCCESS, when=_has_result),
    Rule("5", _LIMITED, Reason.QUEUED, (202,), when=lambda facts: "nvcf-reqid" in facts.exchange.headers),
    Rule("7", _UNCLEAR, Reason.INVALID_ANSWER, (403,), when=_no_api_spoke),
    # Money whatever the status, then amounts of a day, then words that some say of both (rules.md 6)
    Rule("9", _UNCLEAR, Reason.QUOTA, _ERROR, says=money.NO_MONEY),
    Rule("9", _UNCLEAR, Reason.QUOTA, (402,)),
    Rule("21", _LIMITED, Reason.MODEL_QUOTA, _LIMITING, says=limits.PER_DAY),
    Rule("9", _UNCLEAR, Reason.QUOTA, _ERROR, says=money.PLAN, when=_names_no_amount),
    # The model, whatever the status that says it
    Rule("10", _DOWN, Reason.END_OF_LIFE, (410,)),
    Rule(
        "10", _DOWN, Reason.END_OF_LIFE, (UNDER_200, 400, 403, 404, 422), says=absent.ENDED, when=_is_of_model
    ),
    Rule(NO_SUCH_MODEL_ROW, _DOWN, Reason.NOT_FOUND, _OF_MODEL, says=absent.EITHER),
    Rule(
        "8", _DOWN, Reason.NOT_FOR_ACCOUNT, (*_OF_MODEL, 429), says=account.NOT_IN_PLAN, when=_names_no_amount
    ),
    Rule("8", _DOWN, Reason.NOT_FOR_ACCOUNT, _OF_MODEL, says=account.NOT_YOURS),
    Rule("11", _DOWN, Reason.WITHDRAWN, (UNDER_200, 404), says=absent.WITHDRAWN),
    Rule("11", _DOWN, Reason.WITHDRAWN, (400, 403, 422), says=absent.MODEL_WITHDRAWN),
    Rule("11", _DOWN, Reason.WITHDRAWN, (401,), says=absent.DISABLED),
    Rule("14", _DOWN, Reason.NOT_FOR_ACCOUNT, (UNDER_200, 404), says=account.NOT_OF_ACCOUNT, is_here=True),
    Rule(
        NO_SUCH_MODEL_ROW,
        _UNCLEAR,
        Reason.NO_ENDPOINT,
        (UNDER_200, 400, 404),
        says=endpoint.NOT_HERE_OR_NOWHERE,
    ),
    Rule(OTHER_ENDPOINT_ROW, _UNCLEAR, Reason.NO_ENDPOINT, (*_OF_MODEL, 415), says=endpoint.OTHER_ENDPOINT),
    Rule(OTHER_ENDPOINT_ROW, _UNCLEAR, Reason.NO_ENDPOINT, (501,)),
    Rule("17", _UNCLEAR, Reason.NEEDS_OTHER_REQUEST, (UNDER_200, 404, 500), says=endpoint.NO_SUCH_PROVIDER),
    Rule(NO_SUCH_MODEL_ROW, _DOWN, Reason.NOT_FOUND, _OF_MODEL, says=absent.NO_SUCH_MODEL),
    Rule("20", _UNCLEAR, Reason.BAD_REQUEST, (UNDER_200, *_REFUSED, 403), says=endpoint.FILTERED),
    # The key
    Rule("6", _UNCLEAR, Reason.CREDENTIAL, (401,)),
    Rule("7", _UNCLEAR, Reason.CREDENTIAL, (UNDER_200, 400), says=account.KEY),
    Rule("7", _UNCLEAR, Reason.CREDENTIAL, (UNDER_200, 400, 500), says=account.KEY_MISSING),
    Rule("7", _UNCLEAR, Reason.CREDENTIAL, (UNDER_200, 400), says=account.PLACE),
    Rule("22", _LIMITED, Reason.TOO_MANY_REQUESTS, (403,), says=limits.TOO_MANY),
    Rule("7", _UNCLEAR, Reason.CREDENTIAL, (403,)),  # names no model: a canary shows whose trouble it is
    # The address
    Rule("13", _DOWN, Reason.NOT_FOUND, (404,), when=lambda facts: not facts.listed and _no_path(facts)),
    Rule("12", _UNCLEAR, Reason.NO_ENDPOINT, (404,), when=_no_path),
    Rule("12", _UNCLEAR, Reason.NO_ENDPOINT, (UNDER_200,), when=_says_no_path),
    Rule("26", _LIMITED, Reason.SATURATED, _BUSY, says=limits.LOADING),
    Rule("20", _UNCLEAR, Reason.BAD_REQUEST, (404,), says=absent.OTHER_THING, when=_names_no_model),
    # A 404 with a sentence of its own speaks of the model
    Rule(NO_SUCH_MODEL_ROW, _DOWN, Reason.NOT_FOUND, (404,)),
    # The request
    Rule("16", _DOWN, Reason.DEGRADED, _ERROR, says=limits.DEGRADED, is_here=True),
    Rule("23", _LIMITED, Reason.SATURATED, (400, 424), says=limits.BUSY),
    Rule("22", _LIMITED, Reason.TOO_MANY_REQUESTS, (400, 413, 422, 424), says=limits.TOO_MANY),
    Rule("19", _UNCLEAR, Reason.NEEDS_OTHER_REQUEST, _REFUSED, says=endpoint.OF_CONTAINER, is_here=True),
    Rule("17", _UNCLEAR, Reason.NEEDS_OTHER_REQUEST, _REFUSED, says=endpoint.NAMES_A_FIELD),
    Rule("17", _UNCLEAR, Reason.NEEDS_OTHER_REQUEST, _REFUSED, when=_names_location),
    Rule("20", _UNCLEAR, Reason.BAD_REQUEST, _REFUSED),
    # Not now
    Rule("26", _UNCLEAR, Reason.NO_CAPACITY, (UNDER_200, 429, 503), says=limits.NO_DEPLOYMENT),
    Rule("23", _LIMITED, Reason.SATURATED, (429,), says=limits.BUSY),
    Rule("22", _LIMITED, Reason.TOO_MANY_REQUESTS, (429,)),
    Rule("23", _LIMITED, Reason.SATURATED, (529,)),
    Rule("26", _DOWN, Reason.NO_CAPACITY, range(500, 505), says=limits.COLD),
    Rule("23", _LIMITED, Reason.SATURATED, _BUSY, says=limits.BUSY),
    Rule("23", _LIMITED, Reason.SATURATED, _BUSY, says=limits.EXHAUSTED),
    Rule("22", _LIMITED, Reason.TOO_MANY_REQUESTS, _LIMITING, says=limits.TOO_MANY),
    Rule("24", _DOWN, Reason.SWITCHED_OFF, (503,), when=_is_switched_off),
    Rule("26", _DOWN, Reason.NO_CAPACITY, (504,)),
    Rule("25", _DOWN, Reason.SERVER_ERROR, range(500, 600)),
    Rule("26", _DOWN, Reason.NO_CAPACITY, _OK, when=_no_worker),
    Rule("29", _UNCLEAR, Reason.WRONG_ADDRESS, (405, *range(300, 400))),
    Rule("4", _DOWN, Reason.INVALID_ANSWER, _OK),
    Rule("20", _UNCLEAR, Reason.BAD_REQUEST, _ANY),  # a status without an explanation says nothing
)
