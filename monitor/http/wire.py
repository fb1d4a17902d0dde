"""One request, and whatever came back as a value: in time, capped in bytes, decoded without risk."""

import asyncio
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType

from monitor.core.answer.exchange import Exchange, Failure
from monitor.http.client import Client, host_of
from monitor.http.failures import FOREIGN, failure_of
from monitor.http.library import httpx
from monitor.http.network import SENDING, Sending

CONNECT_TIMEOUT_S = 10.0  # seconds; a slower host counts as not reachable
PROBE_CAP_BYTES = 64 * 1024  # bytes; probes ask for 16 tokens, error pages are longer

_HEADER_CHARS = 2048  # no date, limit or address is longer
_HEADERS_KEPT = 50  # a server may send thousands
_HEADERS_READ = frozenset(
    {
        "content-type",
        "date",
        "deprecation",
        "link",
        "location",
        "nvcf-reqid",
        "nvcf-status",
        "retry-after",
        "retry-after-ms",
        "sunset",
        "x-litellm-attempted-fallbacks",
    }
)
_PASSED_ON = "llm_provider-"  # LiteLLM's prefix for what its backend's answer had
_OF_THE_MODEL = ("deprecation", "nvcf-status", "retry-after", "sunset")
_OF_PROXY = frozenset({Failure.PROXY, Failure.PROXY_AWAY})
_HEADER_FAMILIES = ("x-ratelimit-", "anthropic-ratelimit-")


Sign = Callable[[bytes | bytearray], bool]


@dataclass(slots=True)
class _Received:
    """How far an exchange came; it stays true when the exchange is cut off at any point."""

    sign: Sign | None
    sending: Sending = field(default_factory=Sending)
    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytearray = field(default_factory=bytearray)
    truncated: bool = False
    sign_at: float | None = None

    def add(self, chunk: bytes) -> None:
        """Take a piece of the body, and note when the sign that is waited for has come."""
        self.body += chunk
        if self.sign and self.sign_at is None and self.sign(self.body):
            self.sign_at = asyncio.get_running_loop().time()

    def timeout(self, *, has_proxy: bool) -> Failure:
        """Say whose time-out it is: before the request was sent it is the connection's, not the model's."""
        if self.http_status is not None:  # the model's server was reached, and began to answer
            return Failure.TIMEOUT_AFTER_HEADERS
        if self.sending.sent_at is not None:
            return Failure.TIMEOUT
        return Failure.PROXY_AWAY if has_proxy else Failure.CONNECT

    def exchange(self, failure: Failure | None, host: str) -> Exchange:
        """Return what came; only a whole exchange has times, from the request's last byte on."""
        latency_ms = sign_ms = None
        sent_at = self.sending.sent_at
        if failure is None and sent_at is not None:
            latency_ms = round((asyncio.get_running_loop().time() - sent_at) * 1000)
            if self.sign_at is not None:
                sign_ms = round((self.sign_at - sent_at) * 1000)
        return Exchange(
            http_status=self.http_status,
            headers=self.headers,
            # Windows servers send a byte order mark; bytes that are no UTF-8 must not hide the words beside
            body=self.body.decode("utf-8-sig", "replace"),
            truncated=self.truncated,
            failure=failure,
            latency_ms=latency_ms,
            sign_ms=sign_ms,
            host=host,
        )


async def exchange(
    client: Client,
    method: str,
    url: str,
    *,
    timeout_s: float,
    cap_bytes: int = PROBE_CAP_BYTES,
    json: object = None,
    content: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    sign: Sign | None = None,
) -> Exchange:
    """Send one request and return what came, within `timeout_s` in total and `cap_bytes` of decoded body.

    Latency: see `Exchange`; `sign_ms` says when the body so far first satisfied `sign`. `headers` go along
    with this request alone; its body is `json` or `content`. Only cancellation is raised.
    """
    received, failure, has_proxy = _Received(sign), None, bool(client.proxy_host)
    # TCP and TLS may take half of the time each: a handshake cut from outside leaves its socket open.
    phases = httpx.Timeout(None, connect=min(CONNECT_TIMEOUT_S, timeout_s / 2))
    token = SENDING.set(received.sending)
    try:
        async with asyncio.timeout(timeout_s):  # httpx's limits hold for each read, not in all
            async with client.stream(  # so that the cap holds before memory is used
                method,
                _parsed(url),
                json=json,
                content=content,
                headers=headers,
                timeout=phases,
            ) as response:
                await _receive(response, received, cap_bytes)
    except TimeoutError:
        failure = received.timeout(has_proxy=has_proxy)
    except FOREIGN as error:  # CancelledError is in none of them and goes through
        failure = failure_of(error, has_proxy=has_proxy)
    finally:
        SENDING.reset(token)
    return received.exchange(failure, client.proxy_host if failure in _OF_PROXY else host_of(url))


@lru_cache(maxsize=1024)  # a provider has few addresses, and parsing one is a tenth of what a request costs
def _parsed(url: str) -> httpx.URL:
    return httpx.URL(url)


async def _receive(response: httpx.Response, received: _Received, cap_bytes: int) -> None:
    received.http_status = response.status_code
    received.headers = _headers(response.headers)
    # one more than the cap, to see that it was exceeded
    unpack = _unpacker(response.headers.get("content-encoding", "").strip().lower(), cap_bytes + 1)
    async for chunk in response.aiter_raw():  # raw: httpx would unpack a piece of any size at once
        received.add(unpack(chunk))
        if len(received.body) > cap_bytes:
            del received.body[cap_bytes:]
            received.truncated = True
            break  # the rest may be endless, a connection is cheap


def _unpacker(encoding: str, most: int) -> Callable[[bytes], bytes]:
    """Undo gzip and deflate, never more than `most` bytes at once: a small bomb unpacks to gigabytes."""
    if encoding in {"", "identity"}:
        return bytes
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise zlib.error  # asked for identity, a server may still send br or zstd
    inflater = zlib.decompressobj(zlib.MAX_WBITS | 32)  # +32: zlib recognises gzip and zlib by itself
    return lambda chunk: b"" if inflater.eof else inflater.decompress(chunk, most)


def _headers(headers: httpx.Headers) -> Mapping[str, str]:
    """Keep the headers that are read; of those a LiteLLM proxy hands on, what they say of the model."""
    kept = {name: headers[_PASSED_ON + name] for name in _OF_THE_MODEL if _PASSED_ON + name in headers}
    wanted = {name for name in headers if name in _HEADERS_READ or name.startswith(_HEADER_FAMILIES)}
    # sorted: which ones are kept does not depend on the server's order
    kept |= {name: headers[name] for name in sorted(wanted)[:_HEADERS_KEPT]}
    return MappingProxyType({name: value[:_HEADER_CHARS] for name, value in kept.items()})
