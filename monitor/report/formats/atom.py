"""Atom feeds (RFC 4287): what changed, and the summary of each day, as feed readers take them.

An entry is known by its `tag:` address (RFC 4151), made of what never changes: the number of an event or a
sweep, the date of a day. Whatever text comes from outside, the document stays XML.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from html import escape
from typing import Final
from urllib.parse import urlsplit

from feedgenerator import Atom1Feed

from monitor.clock import EPOCH
from monitor.core.history.calendar import day_of
from monitor.core.history.rows import EventRow
from monitor.report.words.codes import change_words, reason_words, shown_id
from monitor.report.words.numbers import counted
from monitor.report.words.paths import changes_path, model_path
from monitor.report.words.times import moment_words

# Atom wants a date (RFC 4287, 4.1.1); this one says that there was none
_NEVER: Final = EPOCH  # when a feed without entries was updated
# .invalid never resolves (RFC 2606), so no owner can be meant
_NO_SITE: Final = "monitor.invalid"  # whose the entries of a feed without a public address are
# all but what XML 1.0 allows; escaping does not help: &#0; is refused, too
_NO_XML: Final = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the pages are: their address without a slash at its end, and the zone of their days.

    `owner` is the host in whose name entries are numbered: only that of an address that stays the same.
    """

    base: str
    owner: str = _NO_SITE
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry; `id` is what makes it different from others, `path` where the details are."""

    id: str
    title: str
    html: str
    path: str
    published: datetime
    updated: datetime
    categories: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """A feed, its entries newest first; `path` is its own address with what it was asked for."""

    title: str
    subtitle: str
    path: str
    entries: Sequence[Entry]

    @property
    def updated(self) -> datetime:
        """When its newest entry was written."""
        return max((entry.updated for entry in self.entries), default=_NEVER)


class _Atom(Atom1Feed):  # type: ignore[misc] # the library ships no types
    """A feed that knows when it was updated, also without entries."""

    def latest_post_date(self) -> datetime:  # the library's would be the present moment
        """Return when the newest entry was written."""
        updated: datetime = self.feed["updated"]
        return updated


def owner_of(public_url: str | None) -> str:
    """Return the host in whose name entries are numbered; one of no site where no address is given."""
    host = urlsplit(public_url).hostname if public_url else None
    return host if host and ":" not in host else _NO_SITE  # a tag: address takes no IPv6 address


def atom(feed: Feed, address: Address) -> bytes:
    """Return a feed as a document in UTF-8, the same for the same feed."""
    document = _Atom(
        title=feed.title,
        subtitle=feed.subtitle,
        description=None,
        link=f"{address.base}/",
        feed_url=address.base + feed.path,
        feed_guid=_tag(address, feed.path.lstrip("/")),
        author_name="monitor",
        language="en",
        updated=feed.updated,  # given, so that the same feed is the same bytes
    )
    for entry in feed.entries:
        document.add_item(
            title=_xml(entry.title),
            link=address.base + entry.path,
            description=None,
            content=_xml(entry.html),
            unique_id=_tag(address, entry.id),
            pubdate=entry.published,  # of the event, not of the sweep: readers sort by it
            updateddate=entry.updated,
            categories=[_xml(word) for word in entry.categories],
        )
    written: str = document.writeString("utf-8")
    return written.encode()


def event_entry(row: EventRow, told_at: datetime, address: Address) -> Entry:
    """Return the entry of one event; `told_at` is when the sweep ended that made it known."""
    words = change_words(row.kind, to_status=row.to_status, reason=row.reason, detail=row.detail)
    provider = shown_id(row.provider)
    subject = provider if row.model is None else f"{provider}: {shown_id(row.model)}"
    facts = [
        ("Began", moment_words(row.began_at)),
        ("Certain", moment_words(row.confirmed_at)),
        ("Status", _status_words(row)),
        ("Reason", reason_words(row.reason)),
    ]
    changes = changes_path(day_of(row.confirmed_at, address.zone))
    path = changes if row.model is None else model_path(row.provider, row.model)
    links = [] if row.model is None else [(path, "all about the model")]
    return Entry(
        id=f"event/{row.event_id}",  # a rebuild keeps it (rules.md 29), so no reader shows an event twice
        title=f"{subject} {words}",
        html=_content(f"{subject} {words}.", facts, [*links, (changes, "all changes of the day")], address),
        path=path,
        published=row.confirmed_at,
        updated=told_at,
        categories=(str(row.kind), provider),
    )


def first_seen_entry(provider: str, sweep_id: int, models: int, told_at: datetime, address: Address) -> Entry:
    """Return one entry of how many models were there when watching began."""
    words = f"{shown_id(provider)}: {counted(models, 'model')} first seen"
    path = changes_path(day_of(told_at, address.zone))
    return Entry(
        id=f"sweep/{sweep_id}",
        title=words,
        html=_content(
            f"{words}: this was the first sweep.", [("Swept until", moment_words(told_at))], [], address
        ),
        path=path,
        published=told_at,
        updated=told_at,
        categories=("appeared", shown_id(provider)),
    )


def summary_entry(day: date, title: str, html: str, updated: datetime) -> Entry:
    """Return the entry of one day: its summary, which is HTML as it is to be shown."""
    return Entry(
        id=f"summary/{day}",
        title=title,
        html=html,
        path=changes_path(day),
        published=updated,
        updated=updated,
    )


def _tag(address: Address, specific: str) -> str:
    return f"tag:{address.owner},2026:{specific}"  # a date on which the owner had the name


def _status_words(row: EventRow) -> str:
    if row.from_status is None or row.from_status == row.to_status:
        return row.to_status or ""
    return f"{row.to_status}, was {row.from_status}"


def _content(
    sentence: str, facts: Iterable[tuple[str, str]], links: Iterable[tuple[str, str]], address: Address
) -> str:
    items = "".join(f"<li>{escape(name)}: {escape(fact)}</li>" for name, fact in facts if fact)
    pages = " · ".join(
        f'<a href="{escape(address.base + path)}">{escape(words)}</a>' for path, words in links
    )
    return f"<p>{escape(sentence)}</p><ul>{items}</ul>" + (f"<p>{pages}</p>" if pages else "")


def _xml(text: str) -> str:
    """Spell out what XML cannot hold."""
    return _NO_XML.sub(lambda match: shown_id(match[0]), text)
