"""Content as Markdown (CommonMark), for files and chats. Nothing from outside can break out of its place."""

import re
from collections.abc import Iterator
from typing import Final

from monitor.report.layout.content import Content, Item, ProviderContent, Section
from monitor.report.words.codes import shown_id

_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>&~|#!$])")  # mean something inside a line
_FIRST: Final = re.compile(r"^(\d*)([-+=.)])")  # begin lists and underline headings
_FENCES: Final = re.compile(r"`+")


def as_markdown(content: Content) -> str:
    """Return content as Markdown; a document ends with a newline."""
    blocks = [f"# {_escaped(content.title)}"] if content.title else []
    blocks += [_escaped(content.about), *(f"**{_escaped(notice)}**" for notice in content.notices)]
    for provider in content.providers:
        blocks += _provider(provider, "### {}" if content.title else "**{}**")
    if content.legend:
        blocks.append(f"*{_escaped(content.legend)}*")
    if content.more:
        blocks.append(_linked(_escaped(content.more[0]), content.more[1]))
    blocks += filter(None, [_escaped(content.foot)])
    return "\n\n".join(blocks) + ("\n" if content.title else "")


def _provider(provider: ProviderContent, heading: str) -> Iterator[str]:
    name, words = _escaped(provider.name), _escaped(provider.words)
    if provider.name and provider.is_quiet:
        yield f"**{name}**: {words}"
    elif provider.name:
        yield f"## {name}"
        yield f"**{words}**"
    for section in provider.sections:
        yield heading.format(_escaped(section.title))
        yield from filter(None, [_escaped(section.note)])
        yield "\n".join(f"- {item}" for item in _items(section))
    yield from map(_escaped, provider.figures)


def _items(section: Section) -> Iterator[str]:
    for item in section.first:
        yield f"{_subject(item)} {_inline(item.words)}" if item.model is not None else _escaped(item.words)
    if section.rest:
        yield _linked(section.rest, section.url)


def _subject(item: Item) -> str:
    name = _linked(_code_span(shown_id(item.model or "")), item.url)
    return f"{_escaped(item.opening)} {name}" if item.opening else f"{name}:"


def _linked(words: str, url: str) -> str:
    target = url.replace("(", "%28").replace(")", "%29")  # a bracket of an id would end the link
    return f"[{words}]({target})" if url else words


def _escaped(words: str) -> str:
    """Return the words of a block with every mark taken literally."""
    return _FIRST.sub(r"\1\\\2", _inline(words))  # only the beginning of a block can start a list


def _inline(words: str) -> str:
    return _MARKS.sub(r"\\\1", words.strip())


def _code_span(words: str) -> str:
    """Return words as code, however many backticks are in them."""
    longest = max(map(len, _FENCES.findall(words)), default=0)  # a span ends at as many backticks
    fence = "`" * (longest + 1)
    # CommonMark takes one blank off each side, and joins a backtick at the edge to the fence
    is_padded = longest or (words != words.strip(" ") and words.strip(" "))
    return f"{fence} {words} {fence}" if is_padded else f"{fence}{words}{fence}"
