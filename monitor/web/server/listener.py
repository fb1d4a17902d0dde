"""Bind the configured address before the server starts on it."""

import errno
import socket
from typing import Final

from monitor.errors import ConfigError

_REMEDIES: Final[dict[int, str]] = {
    errno.EADDRINUSE: "the port is in use: stop what listens there, or choose another port",
    errno.EADDRNOTAVAIL: "this machine has no such address: use 127.0.0.1, or 0.0.0.0 for every address",
    errno.EAFNOSUPPORT: "this machine does not support this kind of address: use 127.0.0.1 instead",
    errno.EACCES: "this user may not bind the port: choose one above 1023",
}
_ELSEWHERE: Final = frozenset({errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT})
Address = tuple[str | int | bytes, ...]

_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound


def open_listener(host: str, port: int) -> socket.socket:
    """Return a bound TCP socket for `web.listen`; port 0 takes a free one.

    Of the addresses of a name the first that this machine has is taken. Raises ConfigError with the remedy.
    """
    trouble: OSError | None = None
    for family, address in _addresses(host, port):
        try:
            return _bound(family, address)
        except OSError as error:
            trouble = error
            if error.errno not in _ELSEWHERE:
                break
    raise _refusal(host, port, _remedy(trouble)) from trouble


def address_of(listener: socket.socket) -> str:
    """Return the URL under which this machine reaches the socket."""
    host, port = listener.getsockname()[:2]
    host = _WILDCARDS.get(host, host)
    return f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"


def _addresses(host: str, port: int) -> list[tuple[socket.AddressFamily, Address]]:
    try:
        addresses = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise _refusal(
            host, port, "the host name is not known here: use an address, such as 127.0.0.1"
        ) from error
    return [(family, address) for family, _, _, _, address in addresses]


def _bound(family: socket.AddressFamily, address: Address) -> socket.socket:
    # the protocol by name: asyncio sends small pieces at once only where it is known to be TCP
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setblocking(False)  # noqa: FBT003 - its only form
        listener.bind(address)
    except OSError:
        listener.close()
        raise
    return listener


def _remedy(trouble: OSError | None) -> str:
    if trouble is None:
        return "the host has no address: use one, such as 127.0.0.1"
    return _REMEDIES.get(trouble.errno or 0, f"it cannot be bound: {trouble.strerror}")


def _refusal(host: str, port: int, remedy: str) -> ConfigError:
    listen = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    return ConfigError(f'web.listen = "{listen}": {remedy}')
