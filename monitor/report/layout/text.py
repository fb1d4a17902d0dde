"""Content as plain text: 80 columns for a document, but for a longer id; chats wrap by themselves."""

import re
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from monitor.report.layout.content import Content, FigureTable, Item, ProviderContent, Section
from monitor.report.words.codes import shown_id

_WIDTH: Final = 80  # mails and terminals wrap at it
# Not between a number and its unit, nor inside a length of time.
_AT_A_SPACE: Final = re.compile(r" (?!(?<=\d )(?:d|h|min|s|ms|%)(?!\w)|(?<=\d [dh] )\d)")


def as_text(content: Content, *, has_links: bool = False) -> str:
    """Return content as plain text; a document ends with a newline.

    `has_links` puts the address of its page below each model that has a line of its own, as the other forms
    link it.
    """
    if content.is_brief:
        return _brief(content)
    width = _WIDTH if content.title else sys.maxsize  # chats wrap at their own width
    opening = _filled(_opening(content), width)
    providers = ["\n\n".join(_provider(part, width, has_links=has_links)) for part in content.providers]
    if content.title and not content.notices:  # the second line says what happened, as in a brief one
        opening, providers = "\n".join([opening, *providers[:1]]), providers[1:]
    paragraphs = [
        opening,
        *(_filled(notice, width) for notice in content.notices),
        *providers,
        _filled(content.legend, width),
        ": ".join(content.more or ()),
        content.foot,
    ]
    return "\n\n".join(filter(None, paragraphs)) + ("\n" if content.title else "")


def _opening(content: Content) -> str:
    return f"{content.title}. {content.about}" if content.title else content.about


def _brief(content: Content) -> str:
    """Return three lines, however long: who wraps them sees that they are few."""
    providers = [f"{provider.name}: {provider.words}" for provider in content.providers]
    sections = [section for provider in content.providers for section in provider.sections]
    rest = [f"{' '.join(_in_line(section))}." for section in sections]
    lines = [_opening(content), " ".join(providers)]
    last = " ".join(filter(None, [*rest, ": ".join(content.more or ()), content.foot]))
    return "\n".join(filter(None, [*lines, last])) + "\n"


def _provider(provider: ProviderContent, width: int, *, has_links: bool) -> Iterator[str]:
    if provider.name:
        yield _filled(f"{provider.name}: {provider.words}", width)
    blocks = [
        (is_in_line, [*sections])
        for is_in_line, sections in groupby(provider.sections, key=lambda section: section.is_in_line)
    ]
    figures = [_filled(words, width) for words in provider.figures]
    for place, (is_in_line, sections) in enumerate(blocks, start=1):
        if is_in_line:  # one below the other, each a line; the figures at the end are lines like them
            lines = ["\n".join(_lines(_in_line(section), width, "", "  ")) for section in sections]
            yield "\n".join([*lines, *figures] if place == len(blocks) else lines)
        else:
            yield from ("\n".join(_section(section, width, has_links=has_links)) for section in sections)
    if figures and not (blocks and blocks[-1][0]):
        yield "\n".join(figures)


def _section(section: Section, width: int, *, has_links: bool) -> Iterator[str]:
    yield section.title
    if section.note:
        yield _filled(section.note, width)
    if section.table:
        yield from _table(section.table)
    for item in section.first:
        tokens = [*_subject(item), *_AT_A_SPACE.split(item.words), *_members(item)]
        yield from _lines(tokens, width, "- ", "  ")
        if has_links and item.url:
            yield f"  {item.url}"  # on a line of its own, which mail programs make a link
    if section.rest:
        yield f"- {': '.join(filter(None, (section.rest, section.url)))}"


def _in_line(section: Section) -> list[str]:
    """Return the tokens of a section in one line: `Came back (7): a/b (3 h), c/d (45 min), and 5 more`."""
    names = [_name(item) for item in section.first]
    # what is no name may have commas in it
    comma = "," if all(item.model is not None for item in section.first) else ";"
    return [f"{section.title}:", *_listed([*names, *filter(None, [section.rest])], comma)]


def _name(item: Item) -> str:
    if item.members:
        return f"{item.words} {' '.join(_members(item))}"
    if item.model is None:
        return item.short or item.words
    return shown_id(item.model) + (f" ({item.short})" if item.short else "")


def _members(item: Item) -> list[str]:
    """Return the tokens of the first members of a group, after its words."""
    names = [shown_id(member.model or "") for member in item.named_members]
    rest = [f"and {item.members_left_out:,} more"] if item.members_left_out else []
    return _listed([*names, *rest])


def _listed(names: list[str], comma: str = ",") -> list[str]:
    """Return names as tokens, with commas between them."""
    tokens = list[str]()
    for place, name in enumerate(names, start=1):
        tokens += _AT_A_SPACE.split(f"{name}{comma}" if place < len(names) else name)
    return tokens


def _table(table: FigureTable) -> Iterator[str]:
    """Align the figures to the right; ids come last, so that one of any length stays whole."""
    *figures, last = table.columns
    rows = [tuple(figures), *(cells for _, cells in table.first)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(figures))]
    names = [last, *(_name(item) for item, _ in table.first)]
    for row, name in zip(rows, names, strict=True):
        cells = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        yield f"{'  '.join(cells)}  {name}"


def _subject(item: Item) -> list[str]:
    if item.model is None:
        return []
    name = shown_id(item.model)
    return [*_AT_A_SPACE.split(item.opening), name] if item.opening else [f"{name}:"]


def _filled(words: str, width: int) -> str:
    return "\n".join(_lines(_AT_A_SPACE.split(words), width))


def _lines(tokens: Iterable[str], width: int, first: str = "", rest: str = "") -> Iterator[str]:
    """Fill lines with tokens, none of which is split; `first` and `rest` begin the lines."""
    line, is_empty = first, True
    for token in tokens:
        # a token longer than the line stands alone: ids are copied whole
        if not is_empty and len(line) + 1 + len(token) > width:
            yield line
            line, is_empty = rest, True
        line, is_empty = (line + token if is_empty else f"{line} {token}"), False
    yield line
