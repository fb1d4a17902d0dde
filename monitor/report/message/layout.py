"""A message as sections of entries, and its three renderings: text, Markdown, HTML. They say the same.

Names and words come from outside: in every form they are shown as they are and can neither format nor link.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from typing import Final

from monitor.core.notification.message import Message
from monitor.report.words.codes import shown_id

_MARKS: Final = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_LONGEST_TITLE: Final = 120
_FENCES: Final = re.compile(r"`+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line: what it is about (None where the words tell that), where that is, what is said of it."""

    subject: str | None
    words: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """Entries under a heading; `left_out` more are not shown."""

    heading: str
    entries: tuple[Entry, ...]
    left_out: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A message: what it is about, its sections, where to read more, and a last line."""

    opening: str
    sections: tuple[Section, ...]
    more: tuple[str, str] | None = None  # words, address
    foot: str


def message_of(id: str, title: str, sheet: Sheet, document: Mapping[str, object]) -> Message:  # noqa: A002
    """Return a sheet as a message in every form; a title that is too long for a subject line is cut."""
    short = title if len(title) <= _LONGEST_TITLE else f"{title[: _LONGEST_TITLE - 1].rstrip()}…"
    return Message(
        id=id,
        title=short,
        text=as_text(sheet),
        markdown=as_markdown(sheet),
        html=as_html(sheet),
        document={"id": id, **document},
    )


def as_text(sheet: Sheet) -> str:
    """Return a sheet as plain text."""
    parts = [shown_id(sheet.opening)]
    for section in sheet.sections:
        lines = [
            f"- {shown_id(': '.join(filter(None, (each.subject, each.words))))}" for each in section.entries
        ]
        parts.append("\n".join((shown_id(section.heading), *lines, *_rest(section, "  "))))
    if sheet.more:
        parts.append(": ".join(sheet.more))
    return "\n\n".join((*parts, shown_id(sheet.foot)))


def as_markdown(sheet: Sheet) -> str:
    """Return a sheet as Markdown; ids stand in code spans, where nothing in them means anything."""
    parts = [_marked(sheet.opening)]
    for section in sheet.sections:
        lines = [f"- {_markdown_entry(each)}" for each in section.entries]
        parts.append("\n".join((f"**{_marked(section.heading)}**", "", *lines, *_rest(section, "- "))))
    if sheet.more:
        parts.append(f"[{_marked(sheet.more[0])}]({_target(sheet.more[1])})")
    return "\n\n".join((*parts, f"_{_marked(sheet.foot)}_"))


def as_html(sheet: Sheet) -> str:
    """Return a sheet as a piece of HTML for mails; without colours, so that it is readable in the dark."""
    parts = [f"<p>{_html(sheet.opening)}</p>"]
    for section in sheet.sections:
        entries = [*map(_html_entry, section.entries), *map(escape, _rest(section, ""))]
        items = "\n".join(f"<li>{each}</li>" for each in entries)
        parts.append(f"<h3>{_html(section.heading)}</h3>\n<ul>\n{items}\n</ul>")
    if sheet.more:
        parts.append(f'<p><a href="{escape(sheet.more[1])}">{_html(sheet.more[0])}</a></p>')
    parts.append(f"<p><small>{_html(sheet.foot)}</small></p>")
    return '<div style="font-family: sans-serif">\n' + "\n".join(parts) + "\n</div>\n"


def _rest(section: Section, mark: str) -> tuple[str, ...]:
    return (f"{mark}and {section.left_out:,} more",) if section.left_out else ()


def _markdown_entry(entry: Entry) -> str:
    if not entry.subject:
        return _marked(entry.words)
    name = _code(entry.subject)
    linked = f"[{name}]({_target(entry.url)})" if entry.url else name
    return f"{linked}: {_marked(entry.words)}"


def _code(name: str) -> str:
    """Return a code span, fenced with more backticks in a row than the name has."""
    shown = shown_id(name)
    longest = max(map(len, _FENCES.findall(shown)), default=0)
    fence, room = "`" * (longest + 1), " " if longest else ""
    return f"{fence}{room}{shown}{room}{fence}"


def _marked(words: str) -> str:
    return _MARKS.sub(r"\\\1", shown_id(words))


def _target(url: str) -> str:
    return url.replace("(", "%28").replace(")", "%29")


def _html_entry(entry: Entry) -> str:
    if not entry.subject:
        return _html(entry.words)
    name = f"<b>{_html(entry.subject)}</b>"  # not <code>: programs that make text of it break lines there
    linked = f'<a href="{escape(entry.url)}">{name}</a>' if entry.url else name
    return f"{linked}: {_html(entry.words)}"


def _html(words: str) -> str:
    return escape(shown_id(words))
