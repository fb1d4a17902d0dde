"""What the exceptions of the HTTP library and the layers below it mean, translated here and nowhere else."""

import socket
import ssl
import zlib
from collections.abc import Mapping
from types import MappingProxyType

from monitor.core.answer.exchange import Failure
from monitor.http.library import httpcore, httpx

_FAILURES: tuple[tuple[type[Exception], Failure], ...] = (  # the first match counts: subclasses first
    (httpcore.ConnectTimeout, Failure.CONNECT),
    (httpcore.PoolTimeout, Failure.CONNECT),
    (httpcore.TimeoutException, Failure.TIMEOUT),  # the base of the two above
    (httpcore.ConnectError, Failure.CONNECT),
    (httpcore.ProxyError, Failure.PROXY),
    (httpcore.UnsupportedProtocol, Failure.UNSENDABLE),
    (httpcore.LocalProtocolError, Failure.UNSENDABLE),
    (httpcore.ProtocolError, Failure.CLOSED),
    (httpcore.NetworkError, Failure.CLOSED),
    (httpcore.ConnectionNotAvailable, Failure.CLOSED),
    (httpx.UnsupportedProtocol, Failure.UNSENDABLE),
    (httpx.RequestError, Failure.GARBLED),
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


# OpenSSL's numbers of what is wrong with a certificate (openssl-verification-options(1)).
_CERTIFICATES: Mapping[int, Failure] = MappingProxyType(
    {
        9: Failure.TLS_NOT_YET,
        10: Failure.TLS_EXPIRED,
        18: Failure.TLS_UNTRUSTED,  # self-signed
        19: Failure.TLS_UNTRUSTED,  # self-signed in the chain
        20: Failure.TLS_UNTRUSTED,
        21: Failure.TLS_UNTRUSTED,
        62: Failure.TLS_OTHER_HOST,
        64: Failure.TLS_OTHER_HOST,  # another IP address
    }
)
_VERSIONS = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION", "NO_PROTOCOLS_AVAILABLE"})


def failure_of(fault: BaseException, *, has_proxy: bool = False) -> Failure:
    """Return what a foreign exception means; `has_proxy` says that a proxy is what was connected to.

    Its message is never read: it may quote a header.
    """
    failure = next((meaning for kind, meaning in _FAILURES if isinstance(fault, kind)), Failure.CLOSED)
    if isinstance(fault, httpcore.ConnectError):
        failure = _connect_failure(fault)
    is_about_proxy = has_proxy and failure in {Failure.DNS, Failure.CONNECT}
    return Failure.PROXY_AWAY if is_about_proxy else failure


def tls_failure(error: ssl.SSLError) -> Failure:
    """Return why a handshake failed."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return _CERTIFICATES.get(getattr(error, "verify_code", 0), Failure.TLS)
    return Failure.TLS_VERSION if error.reason in _VERSIONS else Failure.TLS


def _connect_failure(fault: BaseException) -> Failure:
    """Return by its causes why no connection came."""
    link: BaseException | None = fault
    for _ in range(_CHAIN_LIMIT):
        if isinstance(link, socket.gaierror):  # httpx and anyio each wrap the cause
            return Failure.DNS
        if isinstance(link, ssl.SSLError):
            return tls_failure(link)
        link = link and (link.__cause__ or link.__context__)
    return Failure.CONNECT
