"""Whose limit is it, one model's or the key's? What the answers of a round say of it (rules.md 7).

A limited model is no evidence, as most limits are a model's own. Three in a row are: each asked after the
first one's limit came, and none let in between. Pure bookkeeping; times are seconds of the sweep.
"""

from monitor.core.answer.answer import Answer
from monitor.core.answer.classify import Finding
from monitor.core.domain.vocabulary import Outcome, Reason

_ROW = 3  # two busy models are chance, three in a row a pattern
_NO_WAIT = float("inf")
# Troubles under way, which say nothing of whether a limiter let the request in.
_TROUBLES = frozenset({Reason.SERVER_ERROR, Reason.INVALID_ANSWER, Reason.NO_CAPACITY})


def is_limit(finding: Finding) -> bool:
    """Whether an answer is a limit; a queued request was admitted."""
    return finding.outcome is Outcome.RATE_LIMITED and finding.reason is not Reason.QUEUED


def _is_let_in(finding: Finding) -> bool:
    """Whether a model answered, or was spoken of: a used-up key hears of its limit whatever it asks for."""
    is_spoken_of = finding.outcome is Outcome.UNAVAILABLE and finding.reason not in _TROUBLES
    return is_spoken_of or finding.outcome is Outcome.AVAILABLE


class Limits:
    """Counts the limited models in a row; headers that say the whole allowance is used up count as one.

    `is_held_back` says that requests were held back for a limit of the key's, and no model answered since.
    """

    def __init__(self) -> None:
        self._row: dict[str, float] = {}  # limited models, and until when each asks to wait
        self._is_used_up = False
        self._counts_from_s = 0.0  # what was asked before says nothing any more
        self._enough = _ROW
        self.is_held_back = False

    def is_suspected(self) -> bool:
        """Whether the limit seems to be the key's; while requests are held back one model is enough."""
        enough = 1 if self.is_held_back else self._enough
        return bool(self._row) and len(self._row) + self._is_used_up >= enough

    def add(self, model: str, answer: Answer, *, asked_at_s: float, at_s: float) -> None:
        """Count an answer by when it was asked for and when it came."""
        if asked_at_s < self._counts_from_s:  # sent before the first limit came: no evidence (rules.md 7)
            return
        if _is_let_in(answer.finding):
            self._end_row(asked_at_s)
        is_limited = is_limit(answer.finding)
        if not (is_limited or answer.is_used_up):
            return
        if not (self._row or self._is_used_up):
            self._counts_from_s = at_s
        self._is_used_up |= answer.is_used_up
        if is_limited:
            self._row[model] = at_s + answer.rest_s if answer.rest_s else _NO_WAIT

    def _end_row(self, asked_at_s: float) -> None:
        """Start again at an answer; one that refutes a suspicion makes the next need twice as many."""
        if self.is_suspected() and not self.is_held_back:
            self._enough *= 2
        self._row, self._is_used_up, self.is_held_back = {}, False, False
        self._counts_from_s = asked_at_s

    def shortest_wait_s(self, at_s: float) -> float | None:
        """Seconds until the first of the limited models may be asked again; None where none named a wait."""
        free_at_s = min(self._row.values(), default=_NO_WAIT)
        return None if free_at_s == _NO_WAIT else max(free_at_s - at_s, 0.0)

    def hold_back(self, at_s: float) -> None:
        """Note that requests are held back from now on: a model limited afterwards is limited again."""
        self._row, self._is_used_up, self.is_held_back = {}, False, True
        self._counts_from_s = at_s
