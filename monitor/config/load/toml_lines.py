"""Where each key of a TOML text stands, so that a fault can name its line.

The text must already have passed `tomllib`: this scanner only finds places, it does not judge.
"""

import json
import re
from bisect import bisect_right
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_KEY_PART = re.compile(
    r"""[ \t]*(?:(?P<bare>[A-Za-z0-9_-]+)|(?P<basic>"(?:[^"\\]|\\.)*")|'(?P<literal>[^']*)')[ \t]*"""
)
_TEXT = re.compile(
    r"""
    ""\"(?:[^\\]|\\.)*?"{3,5}   # basic, several lines
    | '''.*?'{3,5}           # literal, several lines
    | "(?:[^"\\]|\\.)*"
    | '[^']*'
    """,
    re.DOTALL | re.VERBOSE,
)
_SCALAR = re.compile(r"[^,\]}#\r\n]+")  # none there: one letter on, so that every walk ends


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    """Line of a key, or of the nearest table around it that stands in the text; None for the whole file."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Map the path of every key, table and list element to its line, counted from 1."""
    return _Scan(text).run()


class _Scan:
    """One walk over the text; `at` only moves forward."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[KeyPath, int] = {}
        self.lengths: dict[KeyPath, int] = {}
        self.newlines = [place for place, letter in enumerate(text) if letter == "\n"]

    def run(self) -> dict[KeyPath, int]:
        table: KeyPath = ()
        while self.skip_blank() < len(self.text):
            if self.text.startswith("[", self.at):
                table = self.header()
            else:
                self.pair(table)
        return self.lines

    def skip_blank(self) -> int:
        self.at = self.end_of(_BLANK)
        return self.at

    def end_of(self, pattern: re.Pattern[str]) -> int:
        match = pattern.match(self.text, self.at)
        return match.end() if match else self.at + 1

    def mark(self, path: KeyPath, place: int) -> None:
        self.lines.setdefault(path, bisect_right(self.newlines, place) + 1)

    def header(self) -> KeyPath:
        """`[a.b]` or `[[a.b]]`; returns the table that the following keys belong to."""
        place, brackets = self.at, 2 if self.text.startswith("[[", self.at) else 1
        self.at += brackets
        names = self.key()
        self.at += brackets
        table: KeyPath = ()
        for name in names[:-1]:
            table = self.newest((*table, name))
        table = (*table, names[-1])
        if brackets == 2:  # noqa: PLR2004
            self.lengths[table] = self.lengths.get(table, 0) + 1
        self.mark(table, place)
        table = self.newest(table)
        self.mark(table, place)
        return table

    def newest(self, path: KeyPath) -> KeyPath:
        return (*path, self.lengths[path] - 1) if path in self.lengths else path

    def key(self) -> tuple[str, ...]:
        """Read a dotted key, up to what follows it."""
        parts: list[str] = []
        while match := _KEY_PART.match(self.text, self.at):
            self.at = match.end()
            basic = match["basic"]
            parts.append(match["bare"] or (_unquoted(basic) if basic else match["literal"]))
            if not self.text.startswith(".", self.at):
                break
            self.at += 1
        return tuple(parts) or ("",)

    def pair(self, table: KeyPath) -> None:
        place, names = self.at, self.key()
        for depth in range(1, len(names) + 1):
            self.mark((*table, *names[:depth]), place)
        self.at += 1
        self.value((*table, *names))

    def value(self, path: KeyPath) -> None:
        self.skip_blank()
        opening = self.text[self.at : self.at + 1]
        if opening == "[":
            self.elements(path)
        elif opening == "{":
            self.inline(path)
        else:
            self.at = self.end_of(_TEXT if opening in {'"', "'"} else _SCALAR)

    def elements(self, path: KeyPath) -> None:
        self.at += 1
        index = 0
        while self.skip_blank() < len(self.text) and self.text[self.at] != "]":
            self.mark((*path, index), self.at)
            self.value((*path, index))
            index += 1
            self.skip_comma()
        self.at += 1

    def inline(self, path: KeyPath) -> None:
        self.at += 1
        while self.skip_blank() < len(self.text) and self.text[self.at] != "}":
            self.pair(path)
            self.skip_comma()
        self.at += 1

    def skip_comma(self) -> None:
        if self.skip_blank() < len(self.text) and self.text[self.at] == ",":
            self.at += 1


def _unquoted(basic: str) -> str:
    try:
        return str(json.loads(basic))
    except ValueError:  # escapes that only TOML knows
        return basic[1:-1]
