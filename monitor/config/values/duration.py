"""Durations as text: `15m`, `1h30m`, `500ms`."""

import re
from datetime import timedelta

FORMS = '"90s", "15m", "1h30m", "400d" or "500ms"'

_UNITS = {  # the larger first: parse and text follow this order
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
}
_DURATION = re.compile("".join(rf"(?:(?P<{unit}>[0-9]{{1,15}}){unit})?" for unit in _UNITS))
_WORDS = re.compile(r"([0-9]{1,15})\s*([a-z]+)")
_LETTERS = {
    word: letter
    for letter, words in {
        "d": "d day days",
        "h": "h hour hours hr hrs",
        "m": "m minute minutes min mins",
        "s": "s second seconds sec secs",
        "ms": "ms millisecond milliseconds msec",
    }.items()
    for word in words.split()
}
_LONGEST = timedelta(days=36_525)


def parse_duration(text: str) -> timedelta:
    """Read units from days to milliseconds, each at most once, the larger first.

    Raises ValueError with a message for the user. The result is whole milliseconds, at most a century.
    """
    match = _DURATION.fullmatch(text) if text else None
    if match is None:
        raise ValueError(_otherwise(text))
    amounts = {unit: int(amount) for unit, amount in match.groupdict(default="0").items()}
    # compared before multiplying: timedelta overflows
    if any(amount > _LONGEST / _UNITS[unit] for unit, amount in amounts.items()):
        raise ValueError("is longer than a century")
    return sum((_UNITS[unit] * amount for unit, amount in amounts.items()), timedelta())


def _otherwise(text: str) -> str:
    """Say what to write instead: with a unit where it lacks one, the unit's letter where it has its name."""
    if text.isascii() and text.isdigit():
        return f'has no unit; write "{text}s", "{text}m", "{text}h" or "{text}d"'
    parts = _WORDS.findall(text.lower())
    units = "".join(f"{number}{_LETTERS[unit]}" for number, unit in parts if unit in _LETTERS)
    if units and _DURATION.fullmatch(units) and not _WORDS.sub("", text.lower()).strip(" ,"):
        return f'is not a duration; write "{units}"'
    return f"is not a duration; write {FORMS}"


def duration_text(duration: timedelta) -> str:
    """Write a duration so that `parse_duration` reads the same one (whole milliseconds, not negative)."""
    rest, parts = duration, []
    for unit, length in _UNITS.items():
        amount, rest = divmod(rest, length)  # exact, whole milliseconds; total_seconds() would round
        if amount:
            parts.append(f"{amount}{unit}")
    return "".join(parts) or "0s"
