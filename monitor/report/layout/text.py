"""Content as plain text: 80 columns for a document, but for a longer id; chats wrap by themselves."""

import re
import sys
from collections.abc import Iterable, Iterator
from typing import Final

from monitor.report.layout.content import Content, Item, ProviderContent, Section
from monitor.report.words.codes import shown_id

_WIDTH: Final = 80  # mails and terminals wrap at it
# Not between a number and its unit, nor inside a length of time.
_AT_A_SPACE: Final = re.compile(r" (?!(?<=\d )(?:d|h|min|s|ms|%)(?!\w)|(?<=\d [dh] )\d)")


def as_text(content: Content, *, has_links: bool = False) -> str:
    """Return content as plain text; a document ends with a newline.

    `has_links` puts the address of its page below each model, as the other forms link it.
    """
    width = _WIDTH if content.title else sys.maxsize  # chats wrap at their own width
    about = _filled(content.about, width)
    paragraphs = [
        f"{_underlined(content.title, '=')}\n{about}" if content.title else about,
        *(_filled(notice, width) for notice in content.notices),
        *("\n\n".join(_provider(provider, width, has_links=has_links)) for provider in content.providers),
        _filled(content.legend, width),
        ": ".join(content.more or ()),
        content.foot,
    ]
    return "\n\n".join(filter(None, paragraphs)) + ("\n" if content.title else "")


def _provider(provider: ProviderContent, width: int, *, has_links: bool) -> Iterator[str]:
    if provider.is_quiet:
        yield ": ".join(filter(None, (provider.name, provider.words)))
        return
    if provider.name:
        yield f"{_underlined(provider.name, '-')}\n{_filled(provider.words, width)}"
    for section in provider.sections:
        yield "\n".join(_section(section, width, has_links=has_links))
    if provider.figures:
        yield "\n".join(_filled(words, width) for words in provider.figures)


def _section(section: Section, width: int, *, has_links: bool) -> Iterator[str]:
    yield section.title
    if section.note:
        yield _filled(section.note, width)
    for item in section.first:
        yield from _lines([*_subject(item), *_AT_A_SPACE.split(item.words)], width, "- ", "  ")
        if has_links and item.url:
            yield f"  {item.url}"  # on a line of its own, which mail programs make a link
    if section.rest:
        yield f"- {': '.join(filter(None, (section.rest, section.url)))}"


def _subject(item: Item) -> list[str]:
    if item.model is None:
        return []
    name = shown_id(item.model)
    return [*_AT_A_SPACE.split(item.opening), name] if item.opening else [f"{name}:"]


def _underlined(words: str, stroke: str) -> str:
    return f"{words}\n{stroke * min(len(words), _WIDTH)}"  # an underline longer than the page would wrap


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
