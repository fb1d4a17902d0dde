"""Content as Markdown (CommonMark), for files and chats. Nothing from outside can break out of its place."""

import re
from collections.abc import Iterator
from html import escape
from itertools import groupby
from typing import Final

from monitor.report.layout.content import MOST_MEMBERS, Content, FigureTable, Item, ProviderContent, Section
from monitor.report.words.codes import shown_id
from monitor.report.words.marks import inline

_FIRST: Final = re.compile(r"^(\d*)([-+=.)])")  # begin lists and underline headings
_FENCES: Final = re.compile(r"`+")


def as_markdown(content: Content, *, can_fold: bool = True) -> str:
    """Return content as Markdown; a document ends with a newline.

    Many models that moved together are folded in HTML, where `can_fold`; chats show its tags, so they get as
    many names as plain text.
    """
    if content.is_brief:
        return _brief(content)
    blocks = [f"# {_escaped(content.title)}"] if content.title else []
    blocks += [_escaped(content.about), *(f"**{_escaped(notice)}**" for notice in content.notices)]
    for provider in content.providers:
        blocks += _provider(provider, "### {}" if content.title else "**{}**", can_fold=can_fold)
    if content.legend:
        blocks.append(f"*{_escaped(content.legend)}*")
    if content.more:
        blocks.append(_linked(_escaped(content.more[0]), content.more[1]))
    blocks += filter(None, [_escaped(content.foot)])
    return "\n\n".join(blocks) + ("\n" if content.title else "")


def _brief(content: Content) -> str:
    """Return a heading and one paragraph."""
    providers = [f"**{inline(provider.name)}**: {inline(provider.words)}" for provider in content.providers]
    sections = [section for provider in content.providers for section in provider.sections]
    more = [_linked(inline(content.more[0]), content.more[1])] if content.more else []
    rest = [*(f"{_in_line(section)}." for section in sections), f"*{inline(content.about)}*", *more]
    return f"# {_escaped(content.title)}\n\n{' '.join([*providers, *rest, inline(content.foot)]).rstrip()}\n"


def _provider(provider: ProviderContent, heading: str, *, can_fold: bool) -> Iterator[str]:
    name, words = _escaped(provider.name), _escaped(provider.words)
    if provider.name and provider.is_quiet:
        yield f"**{name}**: {words}"
    elif provider.name:
        yield f"## {name}"
        yield f"**{words}**"
    for is_in_line, sections in groupby(provider.sections, key=lambda section: section.is_in_line):
        if is_in_line:
            yield "  \n".join(map(_in_line, sections))  # two spaces: each keeps a line of its own
            continue
        for section in sections:
            yield heading.format(_escaped(section.title))
            table = "\n".join(_table(section.table)) if section.table else ""
            items = "\n".join(f"- {item}" for item in _items(section, can_fold=can_fold))
            yield from filter(None, [_escaped(section.note), table, items])
    yield from map(_escaped, provider.figures)


def _items(section: Section, *, can_fold: bool) -> Iterator[str]:
    for item in section.first:
        if item.model is not None:
            yield f"{_subject(item)} {inline(item.words)}"
        else:
            yield _group(item, can_fold=can_fold) if item.members else _escaped(item.words)
    if section.rest:
        yield _linked(section.rest, section.url)


def _group(item: Item, *, can_fold: bool) -> str:
    """Return the words of a group with its members; where plain text would name only some, all to unfold."""
    names = [_linked(_code_span(shown_id(member.model or "")), member.url) for member in item.members]
    if item.members_left_out and can_fold:
        # a blank line ends the HTML, so that what follows is Markdown again
        listed = "\n".join(f"  - {name}" for name in names)
        return f"<details><summary>{escape(item.words)}</summary>\n\n{listed}\n\n  </details>\n"
    rest = [f"and {item.members_left_out:,} more"] if item.members_left_out else []
    return f"{_escaped(item.words)} {', '.join([*names[:MOST_MEMBERS], *rest])}"


def _in_line(section: Section) -> str:
    names = [_name(item) for item in section.first]
    rest = [_linked(section.rest, section.url)] if section.rest else []
    # what is no name may have commas in it
    comma = ", " if all(item.model is not None for item in section.first) else "; "
    return f"**{inline(section.title)}**: {comma.join([*names, *rest])}"


def _name(item: Item) -> str:
    if item.members:
        return _group(item, can_fold=False)  # a line has no room to unfold
    if item.model is None:
        return inline(item.short or item.words)
    name = _linked(_code_span(shown_id(item.model)), item.url)
    return f"{name} ({inline(item.short)})" if item.short else name


def _table(table: FigureTable) -> Iterator[str]:
    """Give the lines of a table, an extension that most programs for Markdown have."""
    *figures, last = table.columns
    yield f"| {last} | {' | '.join(figures)} |"
    yield f"|---|{'---:|' * len(figures)}"
    for item, cells in table.first:
        name = _name(item).replace("|", "\\|")
        yield f"| {name} | {' | '.join(map(inline, cells))} |"


def _subject(item: Item) -> str:
    name = _linked(_code_span(shown_id(item.model or "")), item.url)
    return f"{_escaped(item.opening)} {name}" if item.opening else f"{name}:"


def _linked(words: str, url: str) -> str:
    target = url.replace("(", "%28").replace(")", "%29")  # a bracket of an id would end the link
    return f"[{words}]({target})" if url else words


def _escaped(words: str) -> str:
    """Return the words of a block with every mark taken literally."""
    return _FIRST.sub(r"\1\\\2", inline(words))  # only the beginning of a block can start a list


def _code_span(words: str) -> str:
    """Return words as code, however many backticks are in them."""
    longest = max(map(len, _FENCES.findall(words)), default=0)  # a span ends at as many backticks
    fence = "`" * (longest + 1)
    # CommonMark takes one blank off each side, and joins a backtick at the edge to the fence
    is_padded = longest or (words != words.strip(" ") and words.strip(" "))
    return f"{fence} {words} {fence}" if is_padded else f"{fence}{words}{fence}"
