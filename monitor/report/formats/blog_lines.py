"""One line of a result file: the blog post's script writes the one form, `monitor sweep` the other.

As it was printed, the script writes the word `model_id` where the id belongs; such a line names no model.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import NOT_RECORDED, Kind, Outcome, Reason

_OURS = re.compile(  # greedy: an id may hold brackets, the last pair is the answer
    r"(?P<model>.+) \((?:HTTP (?P<status>\d{1,3})|no response), "
    r"(?P<outcome>available|rate_limited|unavailable|unknown): (?P<reason>.+)\)"
)
# curl writes 000, some shells nothing, where no answer came
_SCRIPTS = re.compile(r"(?P<model>.+) \(HTTP (?P<status>\d{3})?(?P<words> [^()]*)?\)")
# the words that the printed script writes in place of the id
_MISPRINT = re.compile(r"\$?model_(id|name)|\$model|\$\{model(_id|_name)?\}")

_OK: Final = 200
_REDIRECTIONS, _SERVER_ERRORS = range(300, 400), range(500, 600)

# What a status says of a model where nothing else is known of the answer; _meaning has the others.
_MEANINGS: Final[dict[int, tuple[Outcome, Reason]]] = {
    0: (Outcome.UNKNOWN, Reason.TIMEOUT),
    202: (Outcome.RATE_LIMITED, Reason.QUEUED),
    401: (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT),
    402: (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT),
    403: (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT),
    404: (Outcome.UNAVAILABLE, Reason.NOT_FOUND),
    405: (Outcome.UNKNOWN, Reason.WRONG_ADDRESS),
    408: (Outcome.UNKNOWN, Reason.TIMEOUT),
    410: (Outcome.UNAVAILABLE, Reason.END_OF_LIFE),
    429: (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS),
    504: (Outcome.UNAVAILABLE, Reason.NO_CAPACITY),  # no worker took it, as provider facts 2.3 say of NVIDIA
    529: (Outcome.RATE_LIMITED, Reason.SATURATED),
}
_REFUSALS: Final = {401: Reason.CREDENTIAL, 402: Reason.QUOTA, 403: Reason.CREDENTIAL}


@dataclass(frozen=True, slots=True)
class Result:
    """What one line says of one model."""

    model: str
    outcome: Outcome
    reason: str
    http_status: int | None
    kind: str = Kind.UNKNOWN

    @property
    def is_asked(self) -> bool:
        """Whether a request was made for it."""
        return self.reason != Reason.NOT_PROBED

    def observed(self, at_ms: int) -> Observation:
        """Return it as an observation made then."""
        return Observation(
            model=self.model,
            outcome=self.outcome,
            reason=str(self.reason),
            at_ms=at_ms,
            kind=str(self.kind),
            http_status=self.http_status,
            attempts=int(self.is_asked),
            # such files do not say who answered; None would claim the model itself, and a swap would follow
            served_as=NOT_RECORDED if self.outcome is Outcome.AVAILABLE else None,
        )


def is_result_line(line: str) -> bool:
    """Return whether no other file would have such a line."""
    return any(form.fullmatch(line) for form in (_OURS, _SCRIPTS, _MISPRINT))


def read_our_line(line: str) -> Result | None:
    """Return what a line of ours says; None for what is none."""
    match = _OURS.fullmatch(line)
    if match is None:
        return None
    status = int(match["status"]) if match["status"] else None
    return Result(match["model"], Outcome(match["outcome"]), match["reason"], status)


def read_script_line(line: str) -> Result | None:
    """Return what a line of the script says; None for one that names no model."""
    match = _SCRIPTS.fullmatch(line)
    model = match["model"] if match else line
    if _MISPRINT.fullmatch(model) or (match is None and re.search(r"\s", line)):  # an id holds no blanks
        return None
    status = int(match["status"] or 0) if match else _OK
    outcome, reason = _meaning(status, (match["words"] or "") if match else "")
    kind = Kind.CHAT if reason is Reason.OK else Kind.UNKNOWN  # the script asks for nothing but chat
    return Result(model, outcome, reason, status or None, kind)


def _meaning(status: int, words: str) -> tuple[Outcome, Reason]:
    if status == _OK:
        is_odd = "schema" in words  # the script's own words: "HTTP 200 but unexpected schema"
        return (Outcome.UNKNOWN, Reason.INVALID_ANSWER) if is_odd else (Outcome.AVAILABLE, Reason.OK)
    if status in _REDIRECTIONS:
        return Outcome.UNKNOWN, Reason.WRONG_ADDRESS
    if status in _SERVER_ERRORS:
        return _MEANINGS.get(status, (Outcome.UNAVAILABLE, Reason.SERVER_ERROR))
    return _MEANINGS.get(status, (Outcome.UNKNOWN, Reason.BAD_REQUEST))


def settled(results: Sequence[Result | None]) -> list[Result | None]:
    """Let a refusal that everyone got be the account's trouble and no model's (rules.md 6)."""
    # one other answer shows that the account is accepted
    if any(result and result.http_status not in _REFUSALS for result in results):
        return list(results)
    return [result and _refused(result) for result in results]


def _refused(result: Result) -> Result:
    reason = _REFUSALS[result.http_status or 0]
    return replace(result, outcome=Outcome.UNKNOWN, reason=reason)
