"""What a rebuild found or voiding a sweep changed, in sentences for an operator."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from monitor.core.history.comparison import Columns, Comparison, Count, Difference, How, Redecided, RowKind
from monitor.report.words.codes import change_words, readable, shown_id
from monitor.report.words.numbers import counted
from monitor.report.words.times import moment_words

_UNDERIVED: Final = "not derived yet"
_VERBS: Final = {How.MISSING: "missing", How.EXTRA: "extra"}
_UNREADABLE: Final = {  # not for human eyes
    "memory": "what is remembered for later sweeps",  # streaks, windows
    "gaps": "which models were not observed",
    "latency_sketch": "the sketch of its latencies",
}


def summary_line(comparison: Comparison) -> str:
    """Return `nvidia: 3 events missing, 1 event extra, 2 states differ`, or that nothing differs."""
    words = ", ".join(map(_count_words, comparison.counts)) or "nothing differs"
    return f"{comparison.provider}: {words} ({counted(comparison.sweeps, 'sweep')})"


def redecided_line(redecided: Redecided) -> str:
    """Return `nvidia: 3 events changed (2 new, 1 gone), 6 days changed; 96 sweeps decided again`."""
    ways = {"new": redecided.events_new, "gone": redecided.events_gone, "different": redecided.events_changed}
    details = ", ".join(f"{number} {way}" for way, number in ways.items() if number)
    words = [f"{counted(redecided.events, 'event')} changed" + (f" ({details})" if details else "")]
    words += [f"{counted(redecided.days, 'day')} changed"]
    words += [f"{counted(redecided.verdicts, 'verdict')} changed"] if redecided.verdicts else []
    return f"{redecided.provider}: {', '.join(words)}; {counted(redecided.sweeps, 'sweep')} decided again"


def difference_lines(comparison: Comparison) -> list[str]:
    """Return a line for each difference that is known in full, and how many more there are."""
    more = sum(count.rows for count in comparison.counts) - len(comparison.differences)
    return [*map(_difference_line, comparison.differences), *([f"and {more} more"] if more else [])]


def consequence_lines(comparison: Comparison) -> list[str]:
    """Return a line for each event that a history derived again lost or gained."""
    events = [row for row in comparison.differences if row.part is RowKind.EVENT]
    lines = [*_event_lines("removed", events, How.EXTRA), *_event_lines("added", events, How.MISSING)]
    # an event_id moves when another event comes before it: no news by itself
    changed = [row for row in events if row.how is How.DIFFERENT and set(row.changed) - {"event_id"}]
    lines += [f"changed: {_event_words(row.follows)}: {_columns_words(row)}" for row in changed]
    more = sum(count.rows for count in comparison.counts) - len(comparison.differences)
    return [*lines, *([f"and {more} more rows that differ"] if more else [])] or ["no event depends on it"]


def _event_lines(word: str, events: Iterable[Difference], how: How) -> list[str]:
    return [f"{word}: {_event_words(row.stands or row.follows)}" for row in events if row.how is how]


def _count_words(count: Count) -> str:
    if count.part is RowKind.SWEEP and count.how is How.MISSING:
        return f"{counted(count.rows, 'sweep')} {_UNDERIVED}"
    verb = _VERBS.get(count.how, "differs" if count.rows == 1 else "differ")
    return f"{counted(count.rows, count.part.value)} {verb}"


def _difference_line(difference: Difference) -> str:
    if difference.part is RowKind.SWEEP and difference.how is How.MISSING:
        return f"{_subject(difference)}: {_UNDERIVED}"
    if difference.how is How.DIFFERENT:
        return f"{_subject(difference)}: {_columns_words(difference)}"
    return f"{_VERBS[difference.how]}: {_subject(difference)}"


def _subject(difference: Difference) -> str:
    model = "the provider" if difference.model is None else shown_id(difference.model)
    match difference.part:
        case RowKind.SWEEP:
            return f"sweep of {moment_words(difference.at)}"
        case RowKind.EVENT:
            return f"event {_event_words(difference.follows or difference.stands)}"
        case RowKind.STATE:
            return f"state of {model}{_status_words(difference)}"
        case RowKind.DAY:
            return f"day {difference.at:%Y-%m-%d} of {model}"
        case RowKind.MONTH:
            return f"month {difference.at:%Y-%m} of {model}"
        case RowKind.PERIOD:
            return f"status of {model} from {moment_words(difference.at)}"


def _status_words(difference: Difference) -> str:
    row = difference.stands or difference.follows or {}
    return f" ({row['status']})" if difference.how is not How.DIFFERENT and "status" in row else ""


def _event_words(row: Columns | None) -> str:
    values = row or {}
    model = values["model"]
    words = change_words(
        str(values["kind"]),
        to_status=_text(values["to_status"]),
        reason=_text(values["reason"]),
        detail=_text(values["detail"]),
    )
    subject = "the provider" if model is None else shown_id(str(model))
    return f"{subject} {words}, at {_shown(values['confirmed_at'])}"


def _columns_words(difference: Difference) -> str:
    stands, follows = difference.stands or {}, difference.follows or {}
    return ", ".join(_column_words(name, stands[name], follows[name]) for name in difference.changed)


def _column_words(name: str, stands: object, follows: object) -> str:
    if name in _UNREADABLE:
        return _UNREADABLE[name]
    return f"{readable(name)} is {_shown(stands)}, should be {_shown(follows)}"


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return moment_words(value) if isinstance(value, datetime) else shown_id(str(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
