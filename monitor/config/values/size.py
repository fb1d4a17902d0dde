"""Sizes as text: `256MB`, `1GiB`."""

import re

SIZE_FORMS = '"500kB", "256MB", "2GB" or "256MiB"'

_UNITS = {  # the larger first: the text of a size follows this order
    "GiB": 2**30,
    "GB": 10**9,
    "MiB": 2**20,
    "MB": 10**6,
    "KiB": 2**10,
    "kB": 10**3,
    "B": 1,
}
_UNIT_OF = {unit.lower(): unit for unit in _UNITS}
_SIZE = re.compile(r"([0-9]{1,15})\s*([A-Za-z]+)")


def parse_size(text: str) -> int:
    """Read a whole number with a unit as bytes; `MB` is a million of them, `MiB` 1,048,576.

    Units are read in any case. Raises ValueError with a message for the user.
    """
    if text.isascii() and text.isdigit():
        raise ValueError(f'has no unit; write "{text}MB" or "{text}B"')
    match = _SIZE.fullmatch(text.strip())
    unit = _UNIT_OF.get(match[2].lower()) if match else None
    if match is None or unit is None:
        raise ValueError(f"is not a size; write {SIZE_FORMS}")
    return int(match[1]) * _UNITS[unit]


def size_text(size: int) -> str:
    """Write bytes so that `parse_size` reads the same number: in the largest unit that divides them."""
    unit = next(unit for unit, length in _UNITS.items() if size % length == 0 and size >= length)
    return f"{size // _UNITS[unit]}{unit}"
