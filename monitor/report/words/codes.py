"""Stable codes, times and ids in plain words, as readers of a page see them.

Unknown codes (imported records may carry them) are shown as they are, only readable.
"""

import unicodedata
from typing import Final

from monitor.core.domain.vocabulary import LIMITS, Cause, EventKind, Reason, Status
from monitor.core.notification.suppression import sides

REASONS: Final[dict[str, str]] = {
    Reason.OK: "answers",
    Reason.TOO_MANY_REQUESTS: "answers, but limits our requests",
    Reason.SATURATED: "hosted, but busy",
    Reason.MODEL_QUOTA: "answers, but its own quota is used up",
    Reason.QUEUED: "hosted, but the request was queued",
    Reason.NOT_FOUND: "not found at the provider",
    Reason.NOT_FOR_ACCOUNT: "not offered to this account",
    Reason.END_OF_LIFE: "reached its end of life",
    Reason.WITHDRAWN: "withdrawn by the provider",
    Reason.DEGRADED: "deployment is degraded",
    Reason.NO_CAPACITY: "no capacity at the provider",
    Reason.SERVER_ERROR: "server error",
    Reason.SWITCHED_OFF: "switched off at the provider",
    Reason.INVALID_ANSWER: "returned an invalid response",
    Reason.FALLBACK: "another deployment answered in its place",
    Reason.NO_ENDPOINT: "no known endpoint serves it",
    Reason.NEEDS_OTHER_REQUEST: "requires another form of request",
    Reason.BAD_REQUEST: "refuses the request",
    Reason.TIMEOUT: "no answer in time",
    Reason.CONNECTION_FAILED: "no connection",
    Reason.CONNECTION_CLOSED: "connection closed without an answer",
    Reason.CREDENTIAL: "our key was rejected",
    Reason.QUOTA: "our quota was used up",
    Reason.WRONG_ADDRESS: "the endpoint refuses such requests",
    Reason.NOT_PROBED: "not asked yet",
    Reason.LOOKED_UP: "only its metadata was checked",
    Reason.UNRESPONSIVE: "repeatedly no answer in time",
    Reason.UNCLEAR: "repeatedly no clear answer",
    Reason.DELISTED: "left the catalog",
    Reason.UNAVAILABLE_TOO_LONG: "did not answer for too long",
}

CAUSES: Final[dict[str, str]] = {
    Cause.CREDENTIAL: "the key was rejected",
    Cause.QUOTA: "the quota is used up",
    Cause.PROVIDER_OUTAGE: "the provider is in trouble",
    Cause.RULE_CHANGE: "the provider seems to have changed its rules",
    Cause.OUR_NETWORK: "our own network failed",
    Cause.CATALOG_UNREADABLE: "the catalog could not be read",
    Cause.CATALOG_SHRANK: "the catalog lost most of its models",
    Cause.INTERRUPTED: "it was interrupted",
    Cause.VOIDED: "an operator voided it",
}

CHANGES: Final[dict[str, str]] = {
    EventKind.APPEARED: "appeared in the catalog",
    EventKind.REAPPEARED: "is back",
    EventKind.BECAME_AVAILABLE: "became available",
    EventKind.BECAME_UNAVAILABLE: "became unavailable",
    EventKind.RETIRED: "was retired",
    EventKind.FLAPPING_STARTED: "started flapping",
    EventKind.FLAPPING_STOPPED: "stopped flapping",
    EventKind.RETIREMENT_ANNOUNCED: "will be retired",
    EventKind.KIND_CHANGED: "changed its kind",
    EventKind.SERVED_MODEL_CHANGED: "is answered by another model",
    EventKind.CREDENTIAL_REJECTED: "rejects our key",
    EventKind.CREDENTIAL_ACCEPTED: "accepts our key again",
    EventKind.QUOTA_EXHAUSTED: "reports that our quota is used up",
    EventKind.QUOTA_RESTORED: "accepts our requests again",
    EventKind.PROVIDER_DOWN: "went down",
    EventKind.PROVIDER_UP: "is up again",
    EventKind.CATALOG_SHRANK: "lost most of its catalog",
    EventKind.CATALOG_RESTORED: "lists its models again",
}
_WITH_STATUS: Final = frozenset({EventKind.APPEARED, EventKind.REAPPEARED})
_WITH_REASON: Final = frozenset({EventKind.BECAME_UNAVAILABLE, EventKind.RETIRED})
_WITH_DETAIL: Final = frozenset({EventKind.RETIREMENT_ANNOUNCED, EventKind.KIND_CHANGED})

# Unicode categories of characters that are unseen, or that reorder what stands around them.
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def reason_words(reason: str | None) -> str:
    """Say why in words; an empty text where there is no reason."""
    return "" if reason is None else REASONS.get(reason, readable(reason))


def answer_words(reason: str | None, served_as: str | None) -> str:
    """Say why, and under which other name the model answered last: `answers as gpt-4o-2024-08-06`."""
    words = reason_words(reason)
    if served_as is None:
        return words
    if reason == Reason.OK:
        return f"{words} as {shown_id(served_as)}"
    return "; ".join(filter(None, (words, f"answered as {shown_id(served_as)}")))


def swap_words(detail: str | None) -> str:
    """Say from the detail of `served_model_changed` which model answers; an empty text without names."""
    before, after = sides(detail)
    return f"now answered by {shown_id(after)} instead of {shown_id(before)}" if before and after else ""


def cause_words(cause: str | None) -> str:
    """Say in words why a sweep is inconclusive; an empty text where there is no cause."""
    return "" if cause is None else CAUSES.get(cause, readable(cause))


def change_words(kind: str, *, to_status: str | None, reason: str | None, detail: str | None) -> str:
    """Say what happened, as the rest of a sentence that begins with the model or provider."""
    words = CHANGES.get(kind, readable(kind))
    if kind in _WITH_STATUS and to_status:
        return f"{words}, {status_after(to_status, reason)}"
    if kind == EventKind.BECAME_AVAILABLE and reason in LIMITS:
        return f"{words}, busy"
    if kind in _WITH_REASON and reason:
        return f"{words}: {reason_words(reason)}"
    if kind == EventKind.SERVED_MODEL_CHANGED and (swap := swap_words(detail)):
        return f"is {swap}"
    if kind in _WITH_DETAIL and detail:
        return f"{words}: {shown_id(detail)}"
    return words


def status_after(to_status: str, reason: str | None) -> str:
    """Say the status after an event; its HTTP status is that of an observation, which it does not have."""
    if to_status == Status.NEW:
        return "no clear answer yet"
    return "available, busy" if to_status == Status.AVAILABLE and reason in LIMITS else to_status


def readable(code: str) -> str:
    """Return an unknown code with spaces for its underscores."""
    return shown_id(code.replace("_", " "))


def shown_id(text: str) -> str:
    """Return text from outside with its unseen characters spelled out: no two ids look alike by them."""
    return "".join(
        # a right-to-left override would show another id than the one that is meant
        f"\\u{{{ord(char):x}}}" if unicodedata.category(char) in _UNSEEN else char
        for char in text
    )
