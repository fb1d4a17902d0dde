"""A cache of rendered feeds, and conditional GET."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from threading import Lock
from typing import Final

from cachetools import LRUCache
from fastapi import Request, Response

from monitor.report.formats.atom import Address, Feed, atom

CONTENT_TYPE: Final = "application/atom+xml; charset=utf-8"
_MOST_KEPT: Final = 64  # feeds; each filter of a reader is one
_MAX_AGE_S: Final = 60  # seconds; sweeps take minutes


@dataclass(frozen=True, slots=True)
class RenderedFeed:
    """A feed as it is sent."""

    document: bytes
    tag: str
    updated: datetime


class FeedCache:
    """Feeds as they were last rendered, each with what it was rendered from; the least used makes room."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._feeds = LRUCache[object, tuple[object, RenderedFeed]](_MOST_KEPT)

    def rendered(
        self, key: object, source: object, build: Callable[[], tuple[Feed, Address]]
    ) -> RenderedFeed:
        """Return the feed `key`, rendered again only where `source` differs from the last time."""
        with self._lock:  # one reader renders, others wait for it
            cached = self._feeds.get(key)
            if cached is None or cached[0] != source:
                feed, address = build()
                document = atom(feed, address)
                # weak: gzip makes other bytes of the same feed
                tag = f'W/"{blake2b(document, digest_size=12).hexdigest()}"'
                self._feeds[key] = cached = (source, RenderedFeed(document, tag, feed.updated))
            return cached[1]


def answer(request: Request, feed: RenderedFeed) -> Response:
    """Send a feed, or 304 where the reader has it already (RFC 9110, 13.1)."""
    headers = {
        "ETag": feed.tag,
        "Last-Modified": format_datetime(feed.updated.replace(microsecond=0), usegmt=True),
        "Cache-Control": f"max-age={_MAX_AGE_S}",
    }
    if _is_current(request, feed):
        return Response(status_code=304, headers=headers)
    return Response(feed.document, headers={**headers, "Content-Type": CONTENT_TYPE})


def _is_current(request: Request, feed: RenderedFeed) -> bool:
    if tags_text := request.headers.get("if-none-match"):
        tags = [tag.strip().removeprefix("W/") for tag in tags_text.split(",")]
        return "*" in tags or feed.tag.removeprefix("W/") in tags
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        # HTTP dates have no fraction of a second
        return feed.updated.replace(microsecond=0) <= since.replace(tzinfo=since.tzinfo or UTC)
    except (TypeError, ValueError, OverflowError):
        return False
