"""Feeds as they were last written, and how one is sent: whole, or as the one that the reader has."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from hashlib import blake2b
from threading import Lock
from typing import Final

from fastapi import Request, Response

from monitor.report.formats.atom import Address, Feed, atom

CONTENT_TYPE: Final = "application/atom+xml; charset=utf-8"
_MOST_KEPT: Final = 64
_MAX_AGE_S: Final = 60


@dataclass(frozen=True, slots=True)
class Written:
    """A feed as it is sent."""

    document: bytes
    tag: str
    updated: datetime


class Shelf:
    """Feeds as they were last written, each with what it was written from; the oldest makes room."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._kept: dict[object, tuple[object, Written]] = {}

    def written(self, key: object, source: object, write: Callable[[], tuple[Feed, Address]]) -> Written:
        """Return the feed `key`, written anew only where `source` differs from the last time."""
        with self._lock:
            known = self._kept.pop(key, None)
            if known is None or known[0] != source:
                known = (source, _written(*write()))
            self._kept[key] = known
            if len(self._kept) > _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            return known[1]


def _written(feed: Feed, address: Address) -> Written:
    document = atom(feed, address)
    return Written(document, f'W/"{blake2b(document, digest_size=12).hexdigest()}"', feed.updated)


def answer(request: Request, feed: Written) -> Response:
    """Send a feed, or only that it is the one the reader has (RFC 9110, 13.1)."""
    headers = {
        "ETag": feed.tag,
        "Last-Modified": format_datetime(feed.updated.replace(microsecond=0), usegmt=True),
        "Cache-Control": f"max-age={_MAX_AGE_S}",
    }
    if _has_it(request, feed):
        return Response(status_code=304, headers=headers)
    return Response(feed.document, headers={**headers, "Content-Type": CONTENT_TYPE})


def _has_it(request: Request, feed: Written) -> bool:
    if asked := request.headers.get("if-none-match"):
        tags = [tag.strip().removeprefix("W/") for tag in asked.split(",")]
        return "*" in tags or feed.tag.removeprefix("W/") in tags
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return feed.updated.replace(microsecond=0) <= since.replace(tzinfo=since.tzinfo or UTC)
    except (TypeError, ValueError, OverflowError):
        return False
