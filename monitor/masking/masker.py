"""Replaces secrets in texts, compiled once for a set of secrets."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from monitor.masking.forms import Code, base64_codes, hexadecimal, plain_forms
from monitor.masking.readings import INTRODUCER, LINE_BREAKS, Readings, spellings

MASK: Final = "***"

_SHORTEST: Final = 4  # masking shorter ones would garble every word
_OF_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]")
_LINE: Final = re.compile(r"[A-Za-z0-9+/_-](?=\r?\n)")
_SHORTEST_LINE: Final = 16  # characters of wrapped base64; in practice it has 64 or 76
_WRAPPED: Final = re.compile(rf"[A-Za-z0-9+/_-]{{{_SHORTEST_LINE}}}")
_MASKERS: Final = 64  # a provider's, a channel's, the log's: a handful in a process

_LOWER: Final = str.maketrans("ABCDEF", "abcdef")  # of hexadecimal digits; `lower` would change the length

Span = tuple[int, int]


class Masker:
    """One set of secrets; those of fewer than four characters are left as they are."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Write down every form of the secrets that does not depend on a text."""
        ordered = sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True)
        self._words = tuple(dict.fromkeys(form for word in ordered for form in plain_forms(word)))
        self._codes = {code.text: code for word in ordered for code in base64_codes(word)}
        self._hexes = tuple(hexadecimal(word) for word in ordered)
        # what a text must have before codes are looked for in it: most have no such run of characters
        self._base64_run = _run("A-Za-z0-9+/_-", map(len, self._codes))
        self._hex_run = _run("0-9A-Fa-f", map(len, self._hexes))
        self._places: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for word in (*self._words, *self._codes):
            for place, character in enumerate(word):
                for form in spellings(character):
                    self._places[form[0]].append((word, place))

    def masked(self, text: str) -> str:
        """Return the text with each secret in it replaced, in whatever form it is written."""
        spans = self._spans(text)
        return _replaced(text, spans) if spans else text

    def finds(self, text: str) -> bool:
        """Say whether a secret stands in the text in any form."""
        return bool(self._spans(text))

    def _spans(self, text: str) -> list[Span]:
        spans = [span for word in self._words if word in text for span in _places(text, word)]
        if self._codes and self._base64_run.search(text):
            spans += (
                _widened(text, span, code)
                for word, code in self._codes.items()
                if word in text
                for span in _places(text, word)
            )
        if self._hexes and self._hex_run.search(text):
            lower = text.translate(_LOWER)
            spans += (span for word in self._hexes if word in lower for span in _places(lower, word))
        if self._words and (INTRODUCER.search(text) or "\n" in text):
            spans += self._escaped_spans(text)
        return spans

    def _escaped_spans(self, text: str) -> Iterator[Span]:
        """Give the places of secrets of which a character is escaped, or which a line break cuts."""
        readings = Readings(text)
        candidates = {
            candidate
            for character, place in (*readings.escaped(), *_before_breaks(text, readings))
            for candidate in self._candidates(text, character, place)
        }
        for word, start in candidates:
            code = self._codes.get(word)
            end = readings.end(start, word, may_wrap=code is not None)
            if end is not None:
                yield _widened(text, (start, end), code) if code else (start, end)

    def _candidates(self, text: str, character: str, place: int) -> Iterator[tuple[str, int]]:
        """Give what has this character, and before this place of the text stands as it is."""
        for word, index in self._places.get(character, ()):
            if index <= place and text.startswith(word[:index], place - index):
                yield word, place - index


@lru_cache(_MASKERS)
def _masker(secrets: tuple[str, ...]) -> Masker:
    return Masker(secrets)


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text with every secret of at least four characters replaced, however it is written."""
    return _masker(tuple(secrets)).masked(text)


def holds_secret(text: str, secrets: Iterable[str]) -> bool:
    """Say whether one of the secrets stands in a text, in whatever form it is written."""
    return _masker(tuple(secrets)).finds(text)


def _run(alphabet: str, lengths: Iterable[int]) -> re.Pattern[str]:
    return re.compile(f"[{alphabet}]{{{min(lengths, default=1)}}}")


def _places(text: str, word: str) -> Iterator[Span]:
    place = text.find(word)
    while place >= 0:
        yield place, place + len(word)
        place = text.find(word, place + 1)  # one may begin inside another


def _before_breaks(text: str, readings: Readings) -> Iterator[tuple[str, int]]:
    """Give the last character of each line that may be one of wrapped base64, and where it stands."""
    breaks = (place for character, place in readings.escaped() if character in LINE_BREAKS)
    for place in (*breaks, *(line.end() for line in _LINE.finditer(text))):
        if _WRAPPED.fullmatch(text, max(0, place - _SHORTEST_LINE), place):
            yield text[place - 1], place - 1


def _widened(text: str, span: Span, code: Code) -> Span:
    """Add the characters of base64 that hold a few bits of the secret beside those of its neighbours."""
    start, end = span
    if code.begins_before and start and _OF_BASE64.match(text, start - 1):
        start -= 1
    if code.ends_behind and _OF_BASE64.match(text, end):
        end += 1
    return start, end


def _replaced(text: str, spans: list[Span]) -> str:
    parts, done = list[str](), 0
    for start, end in _merged(spans):
        parts += (text[done:start], MASK)
        done = end
    return "".join((*parts, text[done:]))


def _merged(spans: list[Span]) -> list[Span]:
    """Return the spans in order, those that overlap as one."""
    merged = list[Span]()
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged
