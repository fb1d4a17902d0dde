"""What a script wants of models, and the answer: yes, no, or that it cannot be known (`monitor check`)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from monitor.core.domain.percentages import percent_words
from monitor.core.domain.vocabulary import Kind, Status
from monitor.core.history.rows import ModelRow


class CheckAnswer(StrEnum):
    """What is answered of one model, or of several together."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """What a model must be besides available: of one of these kinds, with at least this uptime in percent."""

    kinds: frozenset[str] = frozenset()
    min_uptime: float | None = None

    def answer(self, row: ModelRow, uptime: float | None) -> tuple[CheckAnswer, str]:
        """Return whether a model meets it, and why not in words; `uptime` is None where there is no data.

        One thing that is certainly wrong is a no, whatever else is unknown.
        """
        verdicts = [_availability(row), *self._of_kind(row), *self._of_uptime(uptime)]
        for answer in (CheckAnswer.NO, CheckAnswer.UNKNOWN):
            if words := [words for verdict, words in verdicts if verdict is answer]:
                return answer, ", ".join(filter(None, words))
        return CheckAnswer.YES, ""

    def _of_kind(self, row: ModelRow) -> Iterable[tuple[CheckAnswer, str]]:
        if self.kinds and row.kind not in self.kinds:
            if row.kind == Kind.UNKNOWN:
                yield CheckAnswer.UNKNOWN, "its kind is not known yet"
            else:
                yield CheckAnswer.NO, f"its kind is {row.kind}"

    def _of_uptime(self, uptime: float | None) -> Iterable[tuple[CheckAnswer, str]]:
        if self.min_uptime is None:
            return
        if uptime is None:
            yield CheckAnswer.UNKNOWN, "no uptime in these days"
        elif uptime < self.min_uptime:
            yield CheckAnswer.NO, f"uptime {percent_words(uptime)}"


def _availability(row: ModelRow) -> tuple[CheckAnswer, str]:
    if row.status == Status.NEW:
        return CheckAnswer.UNKNOWN, "no clear answer yet"
    return (CheckAnswer.YES if row.status == Status.AVAILABLE else CheckAnswer.NO), ""


def all_of(answers: Iterable[CheckAnswer]) -> CheckAnswer:
    """Return yes if all are; else a single no decides, and only without one it is unknown."""
    given = {*answers}
    return next(
        (answer for answer in (CheckAnswer.NO, CheckAnswer.UNKNOWN) if answer in given), CheckAnswer.YES
    )


def any_of(answers: Iterable[CheckAnswer]) -> CheckAnswer:
    """Return yes if one is; else it is unknown as long as an unknown one might be, and otherwise no."""
    given = {*answers}
    return next(
        (answer for answer in (CheckAnswer.YES, CheckAnswer.UNKNOWN) if answer in given), CheckAnswer.NO
    )
