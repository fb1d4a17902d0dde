"""One way to say something, as a row of a table: whose words they are, the words, where they were read."""

from collections.abc import Iterable
from typing import NamedTuple


class ErrorPattern(NamedTuple):
    """Who says so (names apart by blanks, `any` for words of no one provider), a pattern, and its source.

    Patterns are matched anywhere in text in lower case, in which the model's id is `this` and addresses are
    left out. A source is a page (`provider facts` is docs/provider-facts.md, with section and row), a file of
    the program that says so, or `run:` and what was run.
    """

    of: str
    says: str
    source: str


def joined(rows: Iterable[ErrorPattern]) -> str:
    """Return one pattern for whatever some row says."""
    return "|".join(f"(?:{row.says})" for row in rows)
