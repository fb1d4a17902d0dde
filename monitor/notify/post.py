"""One POST to an address that an operator gave, and what came back of it."""

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes

import httpx

from monitor.core.answer.exchange import FAILURE_TEXT
from monitor.errors import NotDelivered
from monitor.http import Auth, Client, Endpoint, open_client
from monitor.http.failures import FOREIGN, failure_of

_CAP_BYTES: Final = 4096
_ANYWHERE: Final = Endpoint(base_url="", auth=Auth.NONE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What an address answered: its status, its headers by lower-case name, the beginning of its body."""

    http_status: int
    headers: Mapping[str, str]
    text: str

    @property
    def is_good(self) -> bool:
        """Whether it took what it was sent: a 2xx."""
        return 200 <= self.http_status < 300  # noqa: PLR2004 - HTTP's own class


async def post(url: str, body: bytes, *, headers: Mapping[str, str], timeout_s: float) -> Answer:
    """Send a body within `timeout_s` in total; follows no redirect, uses no proxy.

    Raises NotDelivered where no answer came; its words do not show the address.
    """
    try:
        async with asyncio.timeout(timeout_s), open_client(_ANYWHERE) as client:
            return await _exchange(client, url, body, headers, timeout_s)
    except TimeoutError:
        raise NotDelivered(f"no answer within {timeout_s:g} s") from None
    except FOREIGN as fault:
        raise NotDelivered(FAILURE_TEXT[failure_of(fault)]) from None


async def _exchange(
    client: Client, url: str, body: bytes, headers: Mapping[str, str], timeout_s: float
) -> Answer:
    address = httpx.URL(url)
    request = client.build_request(
        "POST",
        address,
        content=body,
        headers={**_login(address), **headers},
        timeout=httpx.Timeout(None, connect=timeout_s / 2),  # cut from outside, a handshake leaves its socket
    )
    response = await client.send(request, stream=True)
    try:
        received = bytearray()
        async for chunk in response.aiter_raw():
            received += chunk
            if len(received) >= _CAP_BYTES:
                break
    finally:
        await response.aclose()
    text = received[:_CAP_BYTES].decode("utf-8", "replace")
    return Answer(http_status=response.status_code, headers=dict(response.headers), text=text)


def _login(address: httpx.URL) -> dict[str, str]:
    """Return the header for a name and a password that stand in the address."""
    if not address.userinfo:
        return {}
    return {"Authorization": f"Basic {base64.b64encode(unquote_to_bytes(address.userinfo)).decode()}"}
