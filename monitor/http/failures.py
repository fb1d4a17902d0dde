"""What the exceptions of the HTTP library and the layers below it mean, translated here and nowhere else."""

import socket
import ssl
import zlib

import httpx

from monitor.core.answer.exchange import Failure

_FAILURES: tuple[tuple[type[Exception], Failure], ...] = (  # the first match counts: subclasses first
    (httpx.ConnectTimeout, Failure.CONNECT),
    (httpx.PoolTimeout, Failure.CONNECT),
    (httpx.TimeoutException, Failure.TIMEOUT),  # the base of the two above
    (httpx.ConnectError, Failure.CONNECT),
    (httpx.ProxyError, Failure.PROXY),
    (httpx.UnsupportedProtocol, Failure.UNSENDABLE),
    (httpx.LocalProtocolError, Failure.UNSENDABLE),
    (httpx.TransportError, Failure.CLOSED),
    (httpx.RequestError, Failure.GARBLED),  # DecodingError, TooManyRedirects
    (httpx.StreamError, Failure.CLOSED),
    (httpx.InvalidURL, Failure.UNSENDABLE),
    (zlib.error, Failure.GARBLED),
    (ssl.SSLError, Failure.TLS),  # raised bare while a body is read
    (OSError, Failure.CLOSED),
    (ValueError, Failure.UNSENDABLE),  # a host that IDNA cannot encode is a UnicodeError
    (OverflowError, Failure.UNSENDABLE),
    (ExceptionGroup, Failure.UNSENDABLE),  # how the socket layer hands on what is no OSError
)
FOREIGN = tuple(kind for kind, _ in _FAILURES)
_CHAIN_LIMIT = 12  # `raise ... from` may close a circle


def failure_of(fault: BaseException) -> Failure:
    """Return what a foreign exception means. Its message is never read: it may quote a header."""
    failure = next((meaning for kind, meaning in _FAILURES if isinstance(fault, kind)), Failure.CLOSED)
    return _connect_failure(fault) if isinstance(fault, httpx.ConnectError) else failure


def _connect_failure(fault: BaseException) -> Failure:
    """Return by its causes why no connection came."""
    link: BaseException | None = fault
    for _ in range(_CHAIN_LIMIT):
        if isinstance(link, socket.gaierror):  # httpx and anyio each wrap the cause
            return Failure.DNS
        if isinstance(link, ssl.SSLError):
            return Failure.TLS
        link = link and (link.__cause__ or link.__context__)
    return Failure.CONNECT
