"""What a text says once its escapes are undone: of addresses, HTML, JSON, Python, shells, each inside others.

A text has several readings: `%41` is three characters, or an `A` where it was written for an address. None is
preferred. They form a graph, in which a secret is a path, wherever and however often each of its characters
was escaped.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from html.entities import html5
from typing import Final

INTRODUCER: Final = re.compile(r"[%&\\]")  # what an escape begins with
_INTRODUCERS: Final = frozenset("%&\\")
# an escape that has one meaning, none of its characters being escaped itself
_PLAIN: Final = re.compile(
    r"%(?P<byte>[0-9A-Fa-f]{2})|\\u(?P<unit>[0-9A-Fa-f]{4})|\\(?P<itself>[^A-Za-z0-9%&\\])|\\(?P<control>[nrt])(?![%&\\])"
)
# one that is written in several ways, or that may have escapes inside
_NESTED: Final = re.compile(r"&[#A-Za-z%&\\]|\\[xU0-7]|%u|%[0-9A-Fa-f]?[%&\\]|\\u?[0-9A-Fa-f]{0,3}[%&\\]")
_HEX: Final = frozenset("0123456789abcdefABCDEF")
_DECIMAL: Final = frozenset("0123456789")
_OCTAL: Final = frozenset("01234567")
LINE_BREAKS: Final = frozenset("\r\n")
_CONTROLS: Final[Mapping[str, str]] = {"n": "\n", "r": "\r", "t": "\t"}
_CODE_POINTS: Final[Mapping[str, int]] = {"u": 4, "U": 8}  # how many hex digits follow
_MOST_READINGS: Final = 32  # of one place: a hostile text of backslashes alone would have thousands
_MOST_DIGITS: Final = 8
_ENDLESS: Final = "\\" * 64  # as many as six layers of JSON make of one; the last of a longer run are read
_LARGEST: Final = 0x10FFFF  # the last code point of Unicode
# of the characters that a secret may have; browsers take the older ones without their semicolon, too
_NAMED: Final = {
    name: character for name, character in html5.items() if len(character) == 1 and character <= "\xff"
}
_NAME_BEGINNINGS: Final = frozenset(name[:length] for name in _NAMED for length in range(len(name) + 1))

Reading = tuple[str, int]  # a character, and where its written form ends (or, of `escaped`, begins)


class Readings:
    """The readings of one text, found once for all secrets."""

    def __init__(self, text: str) -> None:
        """Read every escape of `text`, from its end on: an escape may be made of others that follow."""
        self._text = text
        self._escapes: dict[int, list[Reading]] = {}
        for introducer in reversed([*INTRODUCER.finditer(text)]):
            place = introducer.start()
            self._escapes[place] = self._escaped_at(place)

    def escaped(self) -> Iterator[Reading]:
        """Give every character that stands there escaped, and where its written form begins."""
        for place, readings in self._escapes.items():
            yield from ((character, place) for character, _ in readings)

    def end(self, start: int, word: str, *, may_wrap: bool = False) -> int | None:
        """Return where the longest written form of `word` that begins at `start` ends; None if none does.

        `may_wrap`: line breaks may stand between its characters, as in base64.
        """
        places = {start}
        for character in word:
            if may_wrap:
                places |= self._after_breaks(places)
            places = {end for form in spellings(character) for end in self._ends(places, form)}
            if not places:
                return None
        return max(places)

    def _ends(self, places: set[int], form: str) -> set[int]:
        for character in form:
            places = {end for place in places for read, end in self._at(place) if read == character}
        return places

    def _after_breaks(self, places: set[int]) -> set[int]:
        after, waiting = set[int](), [*places]
        while waiting:
            ends = {end for read, end in self._at(waiting.pop()) if read in LINE_BREAKS}
            waiting += ends - after
            after |= ends
        return after

    def _at(self, place: int) -> Iterator[Reading]:
        if place < len(self._text):
            yield self._text[place], place + 1
            yield from self._escapes.get(place, ())

    def _escaped_at(self, place: int) -> list[Reading]:
        """Return what the escape at this place means, and the escapes that its meaning introduces."""
        if self._text.startswith(_ENDLESS, place):
            return []
        if not (plain := _PLAIN.match(self._text, place)) and not _NESTED.match(self._text, place):
            return []
        if plain and (character := _meaning(plain)) not in _INTRODUCERS:
            return [(character, plain.end())]
        readings = [(self._text[place], place + 1)]
        for character, end in readings:  # grows meanwhile: what an escape gives may introduce another
            for reading in self._behind(character, end):
                if reading not in readings and len(readings) < _MOST_READINGS:
                    readings.append(reading)
        return readings[1:]

    def _behind(self, introducer: str, place: int) -> Iterator[Reading]:
        """Give what an escape means whose introducer ends at `place`."""
        if introducer == "%":
            yield from self._bytes(place)
        elif introducer == "&":
            yield from self._named(place)
            yield from self._numbered(place)
        elif introducer == "\\":
            for kind, end in self._at(place):
                yield from self._backslashed(kind, end)
            for digits, end in self._digits(place, 3, _OCTAL):
                yield from ((_character(int(digits, 8)), end), (_byte(int(digits, 8) & 0xFF), end))

    def _bytes(self, place: int) -> Iterator[Reading]:
        for digits, end in self._digits(place, 2):
            yield _byte(int(digits, 16)), end
        for mark, end in self._at(place):
            if mark == "u":  # as old servers write what is no byte
                yield from ((_character(int(digits, 16)), stop) for digits, stop in self._digits(end, 4))

    def _backslashed(self, kind: str, place: int) -> Iterator[Reading]:
        if kind in _CODE_POINTS:
            for digits, end in self._digits(place, _CODE_POINTS[kind]):
                yield _character(int(digits, 16)), end
        elif kind == "x":
            for digits, end in self._digits(place, 2):
                yield _character(int(digits, 16)), end
                yield _byte(int(digits, 16)), end
        elif kind in _CONTROLS:
            yield _CONTROLS[kind], place
        elif not kind.isalnum():
            yield kind, place

    def _named(self, place: int) -> Iterator[Reading]:
        waiting = [("", place)]
        while waiting:
            name, end = waiting.pop()
            if name in _NAMED:
                yield _NAMED[name], end
            waiting += [
                (name + character, stop)
                for character, stop in self._at(end)
                if name + character in _NAME_BEGINNINGS
            ]

    def _numbered(self, place: int) -> Iterator[Reading]:
        for mark, end in self._at(place):
            if mark == "#":
                yield from self._number(end, _DECIMAL, 10)
                for base, stop in self._at(end):
                    if base in "xX":
                        yield from self._number(stop, _HEX, 16)

    def _number(self, place: int, alphabet: frozenset[str], base: int) -> Iterator[Reading]:
        waiting = [("", place)]
        while waiting:
            digits, end = waiting.pop()
            ends = [stop for character, stop in self._at(end) if character == ";"] if digits else []
            more = [
                (digits + character, stop)
                for character, stop in self._at(end)
                if character in alphabet and len(digits) < _MOST_DIGITS
            ]
            if digits and not more:  # browsers do without the semicolon
                ends.append(end)
            yield from ((_character(int(digits, base)), stop) for stop in ends)
            waiting += more

    def _digits(self, place: int, count: int, alphabet: frozenset[str] = _HEX) -> Iterator[Reading]:
        """Give every run of exactly `count` digits, and where it ends."""
        if count == 0:
            yield "", place
            return
        for digit, end in self._at(place):
            if digit in alphabet:
                yield from ((digit + others, stop) for others, stop in self._digits(end, count - 1, alphabet))


@cache
def spellings(character: str) -> tuple[str, ...]:
    """Return how readings have a character: as it is, in bytes of UTF-8, in units of UTF-16."""
    if character.isascii():
        return (character,)
    in_bytes = "".join(map(_byte, character.encode("utf-8", "surrogatepass")))
    units = memoryview(character.encode("utf-16-le", "surrogatepass")).cast("H")
    return tuple(dict.fromkeys((character, in_bytes, "".join(map(chr, units)))))


def _meaning(escape: re.Match[str]) -> str:
    digits = escape["byte"] or escape["unit"]
    if digits is None:
        return escape["itself"] or _CONTROLS[escape["control"]]
    return _byte(int(digits, 16)) if escape["byte"] else _character(int(digits, 16))


def _character(number: int) -> str:
    return chr(min(number, _LARGEST))


def _byte(number: int) -> str:
    """Return a byte of UTF-8 as a character: those beyond ASCII as Python's `surrogateescape` has them."""
    return bytes([number]).decode("ascii", "surrogateescape")
