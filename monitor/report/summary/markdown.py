"""A summary as Markdown (CommonMark), for files and chats. No id can break out of its place."""

import re
from collections.abc import Iterator
from typing import Final

from monitor.core.summary.values import Summary
from monitor.report.summary.links import Links
from monitor.report.summary.sections import Line, Section
from monitor.report.summary.words import Part, Told, told
from monitor.report.words.codes import shown_id

_MARKS: Final = re.compile(r"([\\`*_\[\]<>&~|#!$])")  # mean something inside a line
_FIRST: Final = re.compile(r"^(\d*)([-+=.)])")  # begin lists and underline headings


def summary_markdown(summary: Summary, links: Links | None = None, *, foot: str = "") -> str:
    """Return a summary as Markdown that ends with a newline; `foot` is its last paragraph."""
    story = told(summary)
    web = links.span(summary.span) if links else ""
    blocks = [f"# {escaped(story.title)}", escaped(story.about), *map(_warning, story.notices)]
    for part in story.parts:
        blocks += _part(part, links, web)
    blocks += list(_ending(story, web, foot))
    return "\n\n".join(blocks) + "\n"


def escaped(words: str) -> str:
    """Return words with every mark taken literally."""
    return _FIRST.sub(r"\1\\\2", _MARKS.sub(r"\\\1", words.strip()))


def code_span(words: str) -> str:
    """Return words as code, however many backticks are in them."""
    longest = max((len(run) for run in re.findall(r"`+", words)), default=0)
    fence = "`" * (longest + 1)
    is_padded = longest or (words != words.strip(" ") and words.strip(" "))
    return f"{fence} {words} {fence}" if is_padded else f"{fence}{words}{fence}"


def _warning(words: str) -> str:
    return f"**{escaped(words)}**"


def _part(part: Part, links: Links | None, web: str) -> Iterator[str]:
    if part.is_quiet:
        yield f"**{escaped(part.name)}**: {escaped(part.words)}"
        return
    yield f"## {escaped(part.name)}"
    yield f"**{escaped(part.words)}**"
    for section in part.sections:
        yield from _section(section, part.provider, links, web)
    yield from map(escaped, part.figures)


def _section(section: Section, provider: str, links: Links | None, web: str) -> Iterator[str]:
    lines, rest = section.cut()
    yield f"### {escaped(section.title)}"
    if section.note:
        yield escaped(section.note)
    items = [f"- {_item(line, provider, links)}" for line in lines]
    if rest:
        more = f"and {rest} more"
        items.append(f"- [{more}](<{web}>)" if web else f"- {more}")
    yield "\n".join(items)


def _item(line: Line, provider: str, links: Links | None) -> str:
    if line.model is None:
        return escaped(line.words)
    name = code_span(shown_id(line.model))
    linked = f"[{name}](<{links.model(provider, line.model)}>)" if links else name
    opening = f"{escaped(line.opening)} {linked}" if line.opening else f"{linked}:"
    return f"{opening} {escaped(line.words)}"


def _ending(story: Told, web: str, foot: str) -> Iterator[str]:
    if story.legend:
        yield f"*{escaped(story.legend)}*"
    if web:
        yield f"[On the web](<{web}>)"
    if foot:
        yield escaped(foot)
