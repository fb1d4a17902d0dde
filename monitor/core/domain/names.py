"""A name that nothing has, in words: what there is instead, and what may have been meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean "x"?` with the name most like this one, nothing where none is like it."""
    near = get_close_matches(name, list(names), n=1)
    return f'; did you mean "{near[0]}"?' if near else ""


def unknown_words(noun: str, name: str, names: Iterable[str], place: str = "") -> str:
    """Say that nothing has this name, what there is, and which of it may have been meant."""
    names = list(names)
    meant = did_you_mean(name, names) if len(names) > 1 else ""  # a single name is its own hint
    return f'no {noun} "{name}"{place}; there is: {", ".join(names) or "none"}{meant}'
