"""What a rebuild found or a void sweep changed, in sentences for an operator."""

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


def summary_line(found: Comparison) -> str:
    """Return `nvidia: 3 events missing, 1 event extra, 2 states differ`, or that nothing differs."""
    words = ", ".join(map(_count_words, found.counts)) or "nothing differs"
    return f"{found.provider}: {words} ({counted(found.sweeps, 'sweep')})"


def redecided_line(found: Redecided) -> str:
    """Return `nvidia: 3 events changed (2 new, 1 gone), 6 days changed; 96 sweeps decided anew`."""
    ways = {"new": found.events_new, "gone": found.events_gone, "different": found.events_changed}
    details = ", ".join(f"{number} {way}" for way, number in ways.items() if number)
    words = [f"{counted(found.events, 'event')} changed" + (f" ({details})" if details else "")]
    words += [f"{counted(found.days, 'day')} changed"]
    words += [f"{counted(found.verdicts, 'verdict')} changed"] if found.verdicts else []
    return f"{found.provider}: {', '.join(words)}; {counted(found.sweeps, 'sweep')} decided anew"


def difference_lines(found: Comparison) -> list[str]:
    """Return a line for each difference told in full, and how many more there are."""
    lines = [_difference_line(each) for each in found.differences]
    more = sum(each.rows for each in found.counts) - len(found.differences)
    return [*lines, *([f"and {more} more"] if more else [])]


def consequence_lines(found: Comparison) -> list[str]:
    """Return a line for each event that vanished or appeared where the history was derived anew."""
    events = [each for each in found.differences if each.part is RowKind.EVENT]
    lines = [*_told("no more", events, How.EXTRA), *_told("new", events, How.MISSING)]
    changed = [each for each in events if each.how is How.DIFFERENT and set(each.changed) - {"event_id"}]
    lines += [f"changed: {_event_words(each.follows)}: {_columns_words(each)}" for each in changed]
    more = sum(each.rows for each in found.counts) - len(found.differences)
    return [*lines, *([f"and {more} more rows that differ"] if more else [])] or ["no event depends on it"]


def _told(word: str, events: Iterable[Difference], how: How) -> list[str]:
    return [f"{word}: {_event_words(each.stands or each.follows)}" for each in events if each.how is how]


def _count_words(count: Count) -> str:
    if count.part is RowKind.SWEEP and count.how is How.MISSING:
        return f"{counted(count.rows, 'sweep')} {_UNDERIVED}"
    verb = _VERBS.get(count.how, "differs" if count.rows == 1 else "differ")
    return f"{counted(count.rows, count.part.value)} {verb}"


def _difference_line(each: Difference) -> str:
    if each.part is RowKind.SWEEP and each.how is How.MISSING:
        return f"{_subject(each)}: {_UNDERIVED}"
    if each.how is How.DIFFERENT:
        return f"{_subject(each)}: {_columns_words(each)}"
    return f"{_VERBS[each.how]}: {_subject(each)}"


def _subject(each: Difference) -> str:
    model = "the provider" if each.model is None else shown_id(each.model)
    match each.part:
        case RowKind.SWEEP:
            return f"sweep of {moment_words(each.at)}"
        case RowKind.EVENT:
            return f"event {_event_words(each.follows or each.stands)}"
        case RowKind.STATE:
            return f"state of {model}{_status_words(each)}"
        case RowKind.DAY:
            return f"day {each.at:%Y-%m-%d} of {model}"
        case RowKind.PERIOD:
            return f"status of {model} from {moment_words(each.at)}"


def _status_words(each: Difference) -> str:
    row = each.stands or each.follows or {}
    return f" ({row['status']})" if each.how is not How.DIFFERENT and "status" in row else ""


def _event_words(row: Columns | None) -> str:
    told = row or {}
    model = told["model"]
    words = change_words(
        str(told["kind"]),
        to_status=_text(told["to_status"]),
        reason=_text(told["reason"]),
        detail=_text(told["detail"]),
    )
    subject = "the provider" if model is None else shown_id(str(model))
    return f"{subject} {words}, at {_shown(told['confirmed_at'])}"


def _columns_words(each: Difference) -> str:
    stands, follows = each.stands or {}, each.follows or {}
    return ", ".join(_column_words(name, stands[name], follows[name]) for name in each.changed)


def _column_words(name: str, stands: object, follows: object) -> str:
    if name in _UNREADABLE:
        return _UNREADABLE[name]
    return f"{readable(name)} is {_shown(stands)}, follows {_shown(follows)}"


def _shown(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return moment_words(value) if isinstance(value, datetime) else shown_id(str(value))


def _text(value: object) -> str | None:
    return None if value is None else str(value)
