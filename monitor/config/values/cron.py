"""Five-field cron lines, checked and brought to one spelling.

Weekday numbers mean different days to different programs (0 is Sunday to cron, Monday to others), so they
are read as cron does and written back as names.
"""

import re
from collections.abc import Iterable

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_FIELDS: tuple[tuple[str, int, int, tuple[str, ...]], ...] = (
    ("minute", 0, 59, ()),
    ("hour", 0, 23, ()),
    ("day of the month", 1, 31, ()),
    ("month", 1, 12, _MONTHS),
    ("weekday", 0, 7, _DAYS),  # 0 and 7 are Sunday
)
_MACROS = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * sun",
    "@monthly": "0 0 1 * *",
}
_PART = re.compile(r"(?:\*|(?P<first>\w{1,3})(?:-(?P<last>\w{1,3}))?)(?:/(?P<step>[0-9]{1,3}))?")


def normalised_cron(text: str) -> str:
    """Return the line in the one spelling; raises ValueError with a message for the user."""
    fields = text.split()
    if text.strip().lower() in _MACROS:
        raise ValueError(f'is a short form of some crons; write "{_MACROS[text.strip().lower()]}"')
    if len(fields) != len(_FIELDS):
        raise ValueError('is not a cron line; it has five fields, such as "*/15 * * * *"')
    for field, (name, low, high, names) in zip(fields, _FIELDS, strict=True):
        for part in field.split(","):
            _values(part, name, low, high, names)
    months = re.sub("[a-z]+", lambda name: str(_MONTHS.index(name[0]) + 1), fields[3].lower())
    return " ".join((*fields[:3], months, _weekdays(fields[4])))


def _weekdays(field: str) -> str:
    if field == "*":
        return field
    numbers = {value % 7 for part in field.split(",") for value in _values(part, *_FIELDS[4])}  # 7 becomes 0
    return "*" if len(numbers) == len(_DAYS) else ",".join(_DAYS[number] for number in sorted(numbers))


def _values(part: str, name: str, low: int, high: int, names: tuple[str, ...]) -> Iterable[int]:
    """Every value a part such as `1-5/2` stands for."""
    match = _PART.fullmatch(part)
    if match is None:
        raise ValueError(f'has the {name} "{part}", which cron does not know')
    step = int(match["step"] or 1)
    first, last = low, min(high, 6) if name == "weekday" else high
    if match["first"]:
        first = _number(match["first"], name, low, names)
        last = (
            # "5/2" means from 5 on, "5" means 5 alone
            _number(match["last"], name, low, names) if match["last"] else (last if match["step"] else first)
        )
    if not low <= first <= last <= high:
        raise ValueError(f'has the {name} "{part}"; it must be from {low} to {high}')
    if match["step"] and not 1 <= step <= last - first:  # such a step would choose the first value alone
        raise ValueError(f'has the {name} "{part}", whose step is longer than its range')
    return range(first, last + 1, step)


def _number(word: str, name: str, low: int, names: tuple[str, ...]) -> int:
    if word.isascii() and word.isdigit():  # isdigit accepts superscripts and other scripts
        return int(word)
    if word.lower() in names:
        return names.index(word.lower()) + low
    raise ValueError(f'has the {name} "{word}", which cron does not know')
