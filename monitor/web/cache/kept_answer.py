"""An answer as it is kept, and as it is sent to one reader: whole, compressed or not at all (RFC 9110)."""

import gzip
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from functools import cached_property
from hashlib import blake2b
from http import HTTPStatus
from typing import Final

from fastapi import Request, Response
from starlette.types import Receive, Scope, Send

_SMALLEST_COMPRESSED: Final = 2000  # bytes
_LEVEL: Final = 5
_PIECE: Final = 64 * 1024  # bytes; the next is written when the client has taken the last
_CODING: Final = "gzip"
_STALE: Final = '110 - "Response is Stale"'  # RFC 7234, 5.5.1


@dataclass(frozen=True, kw_only=True)
class KeptAnswer:
    """An answer; `updated` is when what it shows changed last, where that is known.

    `mark` returns the same answer saying in a sentence that it is old; without it, only the headers do.
    """

    content: bytes
    media_type: str
    status: int = HTTPStatus.OK
    updated: datetime | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    mark: "Callable[[KeptAnswer, str], KeptAnswer] | None" = None

    def marked_as_old(self, words: str) -> "KeptAnswer":
        """Return it saying in these words that it is old, and why."""
        return self.mark(self, words) if self.mark else self

    @cached_property
    def tag(self) -> str:
        """Its entity tag: weak, as compression makes other bytes of the same answer."""
        return f'W/"{blake2b(self.content, digest_size=12).hexdigest()}"'

    @cached_property
    def compressed(self) -> bytes | None:
        """The content compressed, None where that saves nothing."""
        if len(self.content) < _SMALLEST_COMPRESSED:
            return None
        return gzip.compress(self.content, _LEVEL, mtime=0)

    def prepared(self) -> "KeptAnswer":
        """Return it with everything computed that is kept; called beside the loop."""
        _ = self.tag, self.compressed
        return self

    @property
    def size(self) -> int:
        """How many bytes are kept."""
        return len(self.content) + len(self.compressed or b"")


def answer(request: Request, body: KeptAnswer, *, age: timedelta | None = None) -> Response:
    """Send an answer, or 304 where the reader has it already; one that is old has an `age`."""
    headers = {"ETag": body.tag, "Vary": "Accept-Encoding", **body.headers}
    if age is not None:
        headers |= {"Age": str(max(round(age.total_seconds()), 0)), "Warning": _STALE}
    if body.updated is not None:
        headers["Last-Modified"] = format_datetime(_whole_seconds(body.updated), usegmt=True)
    if body.status == HTTPStatus.OK and _is_current(request, body):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    headers["Content-Type"] = body.media_type
    if body.compressed is not None and _takes_gzip(request):
        return _InPieces(body.compressed, body.status, {**headers, "Content-Encoding": _CODING})
    return _InPieces(body.content, body.status, headers)


class _InPieces(Response):
    """An answer of which no more than a piece waits in this process for a slow reader."""

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        content = bytes(self.body)
        for begin in range(0, max(len(content), 1), _PIECE):
            end = begin + _PIECE
            more = end < len(content)
            await send({"type": "http.response.body", "body": content[begin:end], "more_body": more})


def _takes_gzip(request: Request) -> bool:
    """Return whether the reader accepts gzip: named, and not with a weight of nought."""
    for part in request.headers.get("accept-encoding", "").lower().split(","):
        token, _, weight = part.partition(";")
        if token.strip() == _CODING:
            return weight.replace(" ", "").rstrip("0.") != "q="
    return False


def _is_current(request: Request, body: KeptAnswer) -> bool:
    if tags_text := request.headers.get("if-none-match"):
        tags = [tag.strip().removeprefix("W/") for tag in tags_text.split(",")]
        return "*" in tags or body.tag.removeprefix("W/") in tags
    if body.updated is None:
        return False
    try:
        since = parsedate_to_datetime(request.headers.get("if-modified-since", ""))
        return _whole_seconds(body.updated) <= since.replace(tzinfo=since.tzinfo or UTC)
    except (TypeError, ValueError, OverflowError):
        return False


def _whole_seconds(moment: datetime) -> datetime:
    return moment.replace(microsecond=0)  # HTTP dates have no fraction of a second
