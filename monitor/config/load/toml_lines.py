"""Where each key of a TOML text stands, so that a fault can name its line.

The text must already have passed `tomllib`: this scanner only finds places, it does not judge.
"""

import re
import tomllib
from collections import Counter
from collections.abc import Mapping

KeyPath = tuple[str | int, ...]

_TOKEN = re.compile(
    r"""
    (?P<blank>[ \t\r]+|\#[^\n]*)
    | ""\"(?:[^\\]|\\.)*?"{3,5} | '''.*?'{3,5} | "(?:[^"\\]|\\.)*" | '[^']*'  # texts, two of several lines
    | [^\s\[\]{}=,."'#]+  # a bare key, or a value or a part of one
    | .
    """,
    re.DOTALL | re.VERBOSE,
)


def line_of(path: KeyPath, lines: Mapping[KeyPath, int]) -> int | None:
    """Line of a key, or of what stands nearest to it in the text; None for the whole file."""
    if path not in lines:  # [a.b] alone makes a table `a`, too
        within = [line for other, line in lines.items() if other[: len(path)] == path]
        if path and within:
            return min(within)
    while path and path not in lines:  # a missing key has no line: that of its table is the nearest to it
        path = path[:-1]
    return lines.get(path)


def key_lines(text: str) -> dict[KeyPath, int]:
    """Map the path of every key, table and list element to its line, counted from 1."""
    scan, line = _Scan(), 1
    for match in _TOKEN.finditer(text):
        if not match["blank"]:
            (scan.in_key if scan.value is None else scan.in_value)(match[0], line)
        line += match[0].count("\n")
    return scan.lines


class _Scan:
    """One walk over the tokens: `value` is the path of the value that is read, None within a key."""

    def __init__(self) -> None:
        self.lines: dict[KeyPath, int] = {}
        self.value: KeyPath | None = None
        self._table: KeyPath = ()
        # `[[a]]` may be split by other tables, so the count outlives the table
        self._lengths = Counter[KeyPath]()  # of arrays of tables
        self._open: list[KeyPath] = []  # arrays and inline tables, the innermost last
        self._names: list[str] = []
        self._brackets = 0

    def in_key(self, token: str, line: int) -> None:
        match token:
            case "[":
                self._brackets += 1
            case "]" if self._names:  # the second "]" of [[a]] finds no names left
                self._enter_table(line)
            case "=":
                self._enter_value(line)
            case "}":
                self._close()
            case "." | "," | "]" | "\n":
                pass
            case _:
                self._names.append(_unquoted(token))

    def in_value(self, token: str, line: int) -> None:
        path = self.value or ("",)
        if isinstance(path[-1], int) and token not in {"]", ",", "\n"}:
            self._mark(path, line)
        match token:
            case "[":
                self._open.append(path)
                self.value = (*path, 0)
            case "{":
                self._open.append(path)
                self.value = None
            case "]" | "}":
                self._close()
            case ",":
                self.value = (*path[:-1], path[-1] + 1) if isinstance(path[-1], int) else None
            case "\n" if not self._open:  # within brackets a line break ends nothing
                self.value = None

    def _mark(self, path: KeyPath, line: int) -> None:
        self.lines.setdefault(path, line)  # setdefault: a table's line is where it was first named

    def _close(self) -> None:
        self.value = self._open.pop() if self._open else None

    def _enter_value(self, line: int) -> None:
        self.value = self._open[-1] if self._open else self._table
        for name in self._names or [""]:
            self.value = (*self.value, name)
            self._mark(self.value, line)
        self._names = []

    def _enter_table(self, line: int) -> None:
        """`[a.b]`, or `[[a.b]]`, which begins one more table of an array; each parent is its newest."""
        self._table = ()
        for name in self._names:  # TOML: a name below [[a]] belongs to its last element
            path = (*self._table, name)
            self._table = (*path, self._lengths[path] - 1) if path in self._lengths else path
        if self._brackets > 1:
            self._lengths[path] += 1
            self._table = (*path, self._lengths[path] - 1)
        self._mark(path, line)
        self._mark(self._table, line)
        self._names, self._brackets = [], 0


def _unquoted(token: str) -> str:
    if token[0] not in {'"', "'"}:
        return token
    try:
        return str(tomllib.loads(f"key = {token}")["key"])  # JSON lacks \U0001F600 and literal texts
    except tomllib.TOMLDecodeError:
        return token
