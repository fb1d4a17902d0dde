"""A name that nothing has, in words: what there is instead, and what may have been meant."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


def did_you_mean(name: str, names: Iterable[str]) -> str:
    """Return `; did you mean "x"?` with the name most like this one in any case, nothing where none is."""
    by_letters = {other.lower(): other for other in names}
    return meant_words([by_letters[near] for near in get_close_matches(name.lower(), by_letters, n=1)])


def meant_words(names: Sequence[str]) -> str:
    """Return `; did you mean "x" or "y"?`, nothing for no names."""
    quoted = [f'"{name}"' for name in names]
    words = " or ".join(filter(None, (", ".join(quoted[:-1]), *quoted[-1:])))
    return f"; did you mean {words}?" if quoted else ""


def unknown_words(noun: str, name: str, names: Iterable[str], place: str = "") -> str:
    """Say that nothing has this name, what there is, and which of it may have been meant."""
    names = list(names)
    meant = did_you_mean(name, names) if len(names) > 1 else ""  # a single name is its own hint
    return f'no {noun} "{name}"{place}; there is: {", ".join(names) or "none"}{meant}'
