"""Where a provider is, and the client that sends its key there and nowhere else."""

from collections.abc import AsyncIterator, Generator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urlsplit

import monitor
from monitor.config.values.auth import Auth
from monitor.errors import ConfigError
from monitor.http.library import httpx
from monitor.http.transport import Transport


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None:
        """Take none, and do not look for them: that is a tenth of what a request costs."""


_NO_COOKIES: Final = _NoCookies()


class Client(httpx.AsyncClient):
    """A client without cookies that knows which proxy it speaks to, as `host:port`; empty without one."""

    proxy_host = ""

    @property
    def cookies(self) -> httpx.Cookies:
        """Always empty."""
        return _NO_COOKIES

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise TypeError(f"a client keeps no cookies: {type(cookies).__name__}")


_PARAMETER = "key"  # of an address, where the key goes there


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a provider is and how it is spoken to. What may hold a secret stays out of the `repr`.

    `origins` are those beside the base URL's that its key may go to, as `https://host`. `catalog_url` is the
    whole address of its model list, None where that is `/models` under the base URL. `other_secrets` are
    secrets beside the key that an answer may echo, such as the value of a header.
    """

    base_url: str
    api_key: str | None = field(default=None, repr=False)
    auth: Auth = Auth.BEARER
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    proxy: str | None = field(default=None, repr=False)
    origins: tuple[str, ...] = ()
    catalog_url: str | None = None
    other_secrets: tuple[str, ...] = field(default=(), repr=False)

    def url(self, path: str) -> str:
        """Return the address of a path that begins with a slash; a whole address stays as it is."""
        return self.base_url.rstrip("/") + path if path.startswith("/") else path

    @property
    def catalog(self) -> str:
        """The whole address of the model list."""
        return self.catalog_url or self.url("/models")

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must never be stored or shown."""
        return (*((self.api_key,) if self.api_key else ()), *self.other_secrets)


class _KeyAuth(httpx.Auth):
    """Adds the key to requests for the provider's own origins, and to no others."""

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint
        # the preset's other origins, such as NVIDIA's host of rerankers
        self._origins = {_origin(httpx.URL(url)) for url in (endpoint.base_url, *endpoint.origins)}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        key, auth = self._endpoint.api_key, self._endpoint.auth
        if key and _origin(request.url) in self._origins:  # next pages may be elsewhere
            match auth:
                case Auth.BEARER:
                    request.headers["Authorization"] = f"Bearer {key}"
                case Auth.X_API_KEY | Auth.API_KEY:
                    request.headers[auth.value] = key
                case Auth.QUERY:
                    if _PARAMETER in request.url.params:  # a next page's address made from the last one
                        request.url = request.url.copy_remove_param(_PARAMETER)
                    is_forwarded = request.url.scheme == "http" and self._endpoint.proxy is not None
                    request.extensions["target"] = _target(request.url, key, whole=is_forwarded)
        yield request


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _target(url: httpx.URL, key: str, *, whole: bool) -> bytes:
    """Return what is asked for on the wire, with the key; a proxy that forwards wants the whole address.

    The key is put there and not into `request.url`, which the HTTP library writes to its log.
    """
    place = str(url.copy_with(fragment=None)).encode() if whole else url.raw_path
    joint = b"&" if url.query else b"?"
    # the fragment never leaves the client; httpx drops it from raw_path by itself
    return place.rstrip(b"?") + joint + f"{_PARAMETER}={quote(key, safe='')}".encode()


@asynccontextmanager
async def open_client(endpoint: Endpoint, *, connections: int | None = None) -> AsyncIterator[Client]:
    """Open a client for one provider: no retries, redirects, cookies, proxies from outside.

    It opens at most so many `connections` and keeps them; with None it opens what is needed and keeps none.
    Raises ConfigError where address, key, headers or proxy cannot be put on the wire.
    """
    client = _build(endpoint, connections)
    try:
        yield client
    finally:
        await client.aclose()


def _build(endpoint: Endpoint, connections: int | None) -> Client:
    _check_sendable(endpoint)
    headers = {
        "User-Agent": f"monitor/{monitor.__version__}",  # NVIDIA's gateway refuses some User-Agents with 403
        "Accept": "application/json",
        "Accept-Encoding": "identity",  # compression buffers a stream: its first token comes late
        **endpoint.headers,
    }
    try:
        client = Client(
            headers=headers,
            auth=_KeyAuth(endpoint),
            transport=Transport(proxy=endpoint.proxy, connections=connections),
            trust_env=False,  # HTTP_PROXY and .netrc would change where keys go
            follow_redirects=False,  # a redirect could carry the key to another host; 3xx is `wrong_address`
            timeout=None,  # each exchange brings its own
        )
        client.proxy_host = host_of(endpoint.proxy or "")
    except (httpx.InvalidURL, ValueError):
        raise ConfigError(
            f"the address or proxy of {endpoint.base_url} is not one that can be used"
        ) from None  # the library's text may quote the proxy's password
    return client


def host_of(url: str) -> str:
    """Return an address' host, with its port where it names one, without a user's name and password."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:  # brackets without an IPv6 address
        return ""


def _check_sendable(endpoint: Endpoint) -> None:
    values = {
        "API key": endpoint.api_key or "",
        **{f"header {name}": v for name, v in endpoint.headers.items()},
    }
    for name, value in values.items():
        # httpx would raise for each request of a sweep
        if not (value.isascii() and (value.isprintable() or not value)) or value != value.strip():
            raise ConfigError(
                f"the {name} for {endpoint.base_url} holds an outer space, a line break or another"
                " character that no HTTP header can carry: check where it was copied from"
            )
