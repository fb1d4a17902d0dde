"""A summary as plain text for terminals and mail: 80 columns, but for an id or a line that stands alone."""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from monitor.core.summary.values import Summary
from monitor.report.summary.links import Links
from monitor.report.summary.sections import Line, Section
from monitor.report.summary.words import Part, told
from monitor.report.words.codes import shown_id

_WIDTH: Final = 80
# Not between a number and its unit, nor inside a length of time.
_AT_A_SPACE: Final = re.compile(r" (?!(?<=\d )(?:d|h|min|s|ms|%)(?!\w)|(?<=\d [dh] )\d)")


def summary_text(summary: Summary, links: Links | None = None, *, foot: str = "") -> str:
    """Return a summary as text that ends with a newline; `foot` is its last line."""
    story = told(summary)
    paragraphs = [f"{_underlined(story.title, '=')}\n{_filled(story.about)}", *map(_filled, story.notices)]
    more = f": {links.span(summary.span)}" if links else ""
    paragraphs += ["\n".join(_part(part, more)) for part in story.parts]
    paragraphs += [_filled(story.legend), f"On the web{more}" if more else "", foot]
    return "\n\n".join(filter(None, paragraphs)) + "\n"


def _part(part: Part, more: str) -> Iterator[str]:
    if part.is_quiet:
        yield f"{part.name}: {part.words}"
        return
    yield _underlined(part.name, "-")
    yield _filled(part.words)
    for section in part.sections:
        yield from _section(section, more)
    yield ""
    yield from map(_filled, part.figures)


def _section(section: Section, more: str) -> Iterator[str]:
    lines, rest = section.cut()
    yield ""
    yield section.title
    if section.note:
        yield _filled(section.note)
    for line in lines:
        yield from _lines(_tokens(line), "- ", "  ")
    if rest:
        yield f"- and {rest} more{more}"


def _tokens(line: Line) -> list[str]:
    return [*_subject(line), *_AT_A_SPACE.split(line.words)]


def _subject(line: Line) -> list[str]:
    if line.model is None:
        return []
    name = shown_id(line.model)
    return [*_AT_A_SPACE.split(line.opening), name] if line.opening else [f"{name}:"]


def _underlined(words: str, stroke: str) -> str:
    return f"{words}\n{stroke * min(len(words), _WIDTH)}"


def _filled(words: str) -> str:
    return "\n".join(_lines(_AT_A_SPACE.split(words), "", ""))


def _lines(tokens: Iterable[str], first: str, rest: str) -> Iterator[str]:
    """Fill lines with tokens, none of which is split; `first` and `rest` begin the lines."""
    line, is_empty = first, True
    for token in tokens:
        if not is_empty and len(line) + 1 + len(token) > _WIDTH:
            yield line
            line, is_empty = rest, True
        line, is_empty = (line + token if is_empty else f"{line} {token}"), False
    yield line
