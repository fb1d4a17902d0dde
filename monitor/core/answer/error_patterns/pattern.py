"""The ways to say one thing, as a table: whose words they are, the words, where they were read."""

import re
from functools import cached_property
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


class ErrorPatterns:
    """A table of rows that mean the same. It is compiled when it is first used: a command may need none."""

    def __init__(self, *rows: tuple[str, str, str]) -> None:
        self.rows = tuple(ErrorPattern(*row) for row in rows)

    def are_in(self, text: str) -> bool:
        """Whether some row's words are in a text."""
        return self._any.search(text) is not None

    @cached_property
    def _any(self) -> re.Pattern[str]:
        return re.compile("|".join(f"(?:{row.says})" for row in self.rows))
