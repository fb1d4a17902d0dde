"""Shell patterns on names: `include`, `exclude`, those of channels and of maintenance (rules.md 41)."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import lru_cache

_WILD = re.compile(r"[*?\[\]]")


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Say whether a name equals one of the patterns or fits it, in its own case.

    Equality comes first, as ids hold what patterns are made of: `claude-sonnet-4[1m]` names itself.
    """
    return _matches(name, tuple(patterns))


@lru_cache(maxsize=65_536)  # each sweep of a history asks for the same names
def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    # fnmatchcase: fnmatch folds cases on some systems
    return any(name == pattern or fnmatchcase(name, pattern) for pattern in patterns)


def nearest(pattern: str, names: Iterable[str], *, most: int = 3) -> tuple[str, ...]:
    """Return the names most like a pattern that fits none, the most alike first: what may have been meant.

    The pattern's own letters are compared with each whole name, with what follows its last slash, and with as
    much of the beginning and the end of both.
    """
    letters = _WILD.sub("", pattern).lower()
    if not letters:
        return ()
    forms: dict[str, list[str]] = {}
    for name in sorted(names):
        low = name.lower()
        tail = low.rpartition("/")[2]  # ids are often typed without their publisher
        # whole names alone would miss what a pattern has only a part of
        parts = (low, low[: len(letters)], low[-len(letters) :], tail, tail[: len(letters)])
        for form in dict.fromkeys(parts):
            forms.setdefault(form, []).append(name)
    alike = (name for form in get_close_matches(letters, forms, n=most) for name in forms[form])
    return tuple(dict.fromkeys(alike))[:most]
