"""Addresses of a preset, moved to the provider's own base URL where that is another."""

from urllib.parse import urlsplit

_PORTS = {"http": 80, "https": 443}  # an address with its default port is the same place as one without


def host_of(url: object) -> str | None:
    """Return the host of an address in lower case; None for what is no address."""
    try:
        return urlsplit(url).hostname if isinstance(url, str) else None
    except ValueError:
        return None


def origin_of(url: str) -> str:
    """Return `scheme://host:port` of an address, as it is written."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def resolved_address(address: str, *, own: str | None, base_url: str) -> str:
    """Return a preset's path or whole address for a provider at `base_url`.

    Where that is the preset's `own` base URL, or the address is a path, it stays as it is. Else a whole
    address becomes the same path at the base URL's origin: a provider that was moved to a proxy or a test
    server is asked there alone.
    """
    if address.startswith("/") or own is None or _normal(base_url) == _normal(own):
        return address
    parts, home = urlsplit(address), urlsplit(own).path
    path = f"{parts.path}?{parts.query}" if parts.query else parts.path
    if urlsplit(base_url).path.endswith(home):  # a proxy that keeps the vendor's path below its own
        return base_url[: len(base_url) - len(home)] + path
    return base_url + (path.removeprefix(home) if path.startswith(f"{home}/") else path)


def _normal(url: str) -> tuple[str, str | None, int | None, str]:
    parts = urlsplit(url)
    # rstrip: base URLs come with and without a slash at the end
    return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme), parts.path.rstrip("/")
