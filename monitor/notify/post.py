"""One POST to an address that an operator gave, and what came back of it."""

import base64
import re
from collections.abc import Mapping
from typing import Final
from urllib.parse import unquote_to_bytes

from monitor.core.answer.exchange import FAILURE_TEXT, Exchange, Failure
from monitor.errors import NotDelivered
from monitor.http import Auth, Endpoint, exchange, open_client

_CAP_BYTES: Final = 4096  # bytes; only the beginning is quoted
_ANYWHERE: Final = Endpoint(base_url="", auth=Auth.NONE)
# its status counts, whatever became of the body: what was taken must not be sent again
_OF_BODY: Final = frozenset({Failure.GARBLED, Failure.TIMEOUT_AFTER_HEADERS})
# httpx reads them only where a client has no auth of its own
_USER_INFO: Final = re.compile(r"https?://([^/?#]*)@", re.IGNORECASE)


async def post(url: str, body: bytes, *, headers: Mapping[str, str], timeout_s: float) -> Exchange:
    """Send a body within `timeout_s` in total; follows no redirect, uses no proxy.

    Returns what came: its status and the beginning of its body. Raises NotDelivered where no answer came; its
    words do not show the address.
    """
    async with open_client(_ANYWHERE) as client:
        answer = await exchange(
            client,
            "POST",
            url,
            content=body,
            headers={**_login(url), **headers},
            timeout_s=timeout_s,
            cap_bytes=_CAP_BYTES,
        )
    if answer.failure in _OF_BODY and answer.http_status:
        return answer
    if answer.failure in {Failure.TIMEOUT, Failure.TIMEOUT_AFTER_HEADERS}:
        raise NotDelivered(f"no answer within {timeout_s:g} s")
    if answer.failure:
        raise NotDelivered(FAILURE_TEXT[answer.failure])
    return answer


def is_taken(answer: Exchange) -> bool:
    """Say whether the receiver took what it was sent: a 2xx."""
    return 200 <= (answer.http_status or 0) < 300  # noqa: PLR2004 - HTTP's own class


def _login(url: str) -> dict[str, str]:
    """Return the header for a name and a password that stand in the address."""
    login = _USER_INFO.match(url)
    if login is None:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(unquote_to_bytes(login[1])).decode()}"}
