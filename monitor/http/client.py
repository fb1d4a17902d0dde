"""Where a provider is, and the client that speaks to it and to nobody else with its key."""

import functools
import ssl
from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

import monitor
from monitor.errors import ConfigError

Client = httpx.AsyncClient


class Auth(StrEnum):
    """How a provider wants its key."""

    BEARER = "bearer"
    X_API_KEY = "x-api-key"
    API_KEY = "api-key"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a provider is and how it is spoken to. What may hold a secret stays out of the `repr`.

    `other_secrets` are secrets beside the key that an answer may echo, such as the value of a header.
    """

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    auth: Auth = Auth.BEARER
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = field(default=None, repr=False)
    other_secrets: tuple[str, ...] = field(default=(), repr=False)

    def url(self, path: str) -> str:
        """Return the address of a path that begins with a slash."""
        return self.base_url.rstrip("/") + path

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be stored or shown."""
        return (*((self.api_key,) if self.api_key else ()), *self.other_secrets)


class _KeyAuth(httpx.Auth):
    """Adds the key to requests for the provider's own origin, and to no other."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._origin = _origin(httpx.URL(endpoint.base_url))
        self._header = _key_header(endpoint)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if self._header and _origin(request.url) == self._origin:
            name, value = self._header
            request.headers[name] = value
        yield request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _key_header(endpoint: Endpoint) -> tuple[str, str] | None:
    if not endpoint.api_key or endpoint.auth is Auth.NONE:
        return None
    if endpoint.auth is Auth.BEARER:
        return "Authorization", f"Bearer {endpoint.api_key}"
    return endpoint.auth.value, endpoint.api_key


@functools.cache
def _tls() -> ssl.SSLContext:
    """Trust the bundled authorities and the machine's own; built once, as it costs 14 ms."""
    context = httpx.create_ssl_context(trust_env=False)
    context.load_default_certs()
    return context


@asynccontextmanager
async def open_client(endpoint: Endpoint) -> AsyncIterator[Client]:
    """Open a client for one provider: no retries, redirects, cookies, kept connections, proxies from outside.

    Raises ConfigError where address, key, headers or proxy cannot be put on the wire.
    """
    client = _build(endpoint)
    try:
        yield client
    finally:
        await client.aclose()


def _build(endpoint: Endpoint) -> Client:
    _check_sendable(endpoint)
    headers = {
        "User-Agent": f"monitor/{monitor.__version__}",
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        **endpoint.headers,
    }
    try:
        return httpx.AsyncClient(
            headers=headers,
            auth=_KeyAuth(endpoint),
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            proxy=endpoint.proxy,
            verify=_tls(),
            trust_env=False,
            follow_redirects=False,
            timeout=None,  # noqa: S113  each exchange brings its own
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=0),
        )
    except (httpx.InvalidURL, ValueError):
        raise ConfigError(
            f"the address or proxy of {endpoint.base_url} is not one that can be used"
        ) from None


def _check_sendable(endpoint: Endpoint) -> None:
    values = {
        "API key": endpoint.api_key or "",
        **{f"header {name}": v for name, v in endpoint.headers.items()},
    }
    for name, value in values.items():
        if not (value.isascii() and (value.isprintable() or not value)) or value != value.strip():
            raise ConfigError(
                f"the {name} for {endpoint.base_url} holds an outer space, a line break or another"
                " character that no HTTP header can carry: check where it was copied from"
            )
