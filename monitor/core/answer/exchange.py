"""One request and what came back, as a value without any network library in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType


class Failure(StrEnum):
    """How an exchange ended without a whole HTTP answer."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TLS_EXPIRED = "tls_expired"
    TLS_NOT_YET = "tls_not_yet"  # by our clock the certificate begins later
    TLS_OTHER_HOST = "tls_other_host"
    TLS_UNTRUSTED = "tls_untrusted"  # self-signed, or signed by an authority that is not known here
    TLS_VERSION = "tls_version"
    PROXY = "proxy"
    PROXY_AWAY = "proxy_away"
    UNSENDABLE = "unsendable"  # the address or a header cannot be put on the wire: a matter of configuration
    TIMEOUT = "timeout"  # the request was sent and nothing came
    TIMEOUT_AFTER_HEADERS = "timeout_after_headers"
    CLOSED = "closed"  # the connection stood, then broke or spoke something other than HTTP
    GARBLED = "garbled"  # a content encoding that cannot be undone


CONNECTION_LEVEL = frozenset(
    {
        Failure.DNS,
        Failure.CONNECT,
        Failure.TLS,
        Failure.TLS_EXPIRED,
        Failure.TLS_NOT_YET,
        Failure.TLS_OTHER_HOST,
        Failure.TLS_UNTRUSTED,
        Failure.TLS_VERSION,
        Failure.PROXY,
        Failure.PROXY_AWAY,
    }
)

_INSECURE = "no secure connection: "
FAILURE_TEXT: Mapping[Failure, str] = MappingProxyType(
    {
        Failure.DNS: "the host name cannot be resolved",
        Failure.CONNECT: "no connection",
        Failure.TLS: f"{_INSECURE}the certificate or the TLS handshake failed",
        Failure.TLS_EXPIRED: f"{_INSECURE}the certificate has expired",
        Failure.TLS_NOT_YET: f"{_INSECURE}the certificate is not valid yet",
        Failure.TLS_OTHER_HOST: f"{_INSECURE}the certificate is another host's",
        Failure.TLS_UNTRUSTED: f"{_INSECURE}no known authority signed the certificate",
        Failure.TLS_VERSION: f"{_INSECURE}the host and this machine share no TLS version",
        Failure.PROXY: "the proxy refused the connection",
        Failure.PROXY_AWAY: "the proxy cannot be reached",
        Failure.UNSENDABLE: "the request cannot be sent to this address",
        Failure.TIMEOUT: "nothing came in time",
        Failure.TIMEOUT_AFTER_HEADERS: "the answer began but did not end in time",
        Failure.CLOSED: "the connection closed before a whole answer came",
        Failure.GARBLED: "the content encoding cannot be undone",
    }
)

_REMEDIES: Mapping[Failure, str] = MappingProxyType(
    {
        Failure.DNS: "check the host in base_url, and this machine's name server",
        Failure.CONNECT: "refused, or not answered; check host, port, http or https, and firewalls",
        Failure.TLS: "check the certificate, and whether base_url must begin with http://",
        Failure.TLS_EXPIRED: "the provider has to renew it; check this machine's clock, too",
        Failure.TLS_NOT_YET: "check this machine's clock",
        Failure.TLS_OTHER_HOST: "check the host in base_url, and whether a network's log-in page answers",
        Failure.TLS_UNTRUSTED: "if you trust it, name a file with its authority in SSL_CERT_FILE",
        Failure.TLS_VERSION: "one of them is too old, or a device between them",
        Failure.PROXY: "check proxy, the user and password in it, and what it lets through",
        Failure.PROXY_AWAY: "check proxy, and whether it runs",
    }
)


def remedy_of(failure: Failure) -> str:
    """Return what an operator can do about a failed connection; empty where there is nothing."""
    return _REMEDIES.get(failure, "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The facts of one exchange.

    `headers` has lower-case names and only those that are read. `body` is text up to the reader's cap,
    `truncated` says that there was more. `latency_ms` runs from the request's last byte sent to the last
    byte read of the answer, without DNS, TCP and TLS; it is None where no whole answer came. Body and
    headers stay out of the `repr`: a provider may echo the key in them. `host` is who should have been
    spoken to, with the port where one was named: the proxy, where that is what failed.
    """

    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: str = field(default="", repr=False)
    truncated: bool = False
    failure: Failure | None = None
    latency_ms: int | None = None
    sign_ms: int | None = None
    host: str = ""


def failure_words(exchange: Exchange) -> str:
    """Say how an exchange failed, at which host, and what to do; empty where it did not fail."""
    if exchange.failure is None:
        return ""
    text, remedy = FAILURE_TEXT[exchange.failure], _REMEDIES.get(exchange.failure)
    return f"{text} ({exchange.host}): {remedy}" if exchange.host and remedy else text
