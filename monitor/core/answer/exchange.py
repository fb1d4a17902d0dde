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
    PROXY = "proxy"
    UNSENDABLE = "unsendable"  # the address or a header cannot be put on the wire: a matter of configuration
    TIMEOUT = "timeout"  # the request was sent and nothing came
    TIMEOUT_AFTER_HEADERS = "timeout_after_headers"
    CLOSED = "closed"  # the connection stood, then broke or spoke something other than HTTP
    GARBLED = "garbled"  # a content encoding that cannot be undone


CONNECTION_LEVEL = frozenset({Failure.DNS, Failure.CONNECT, Failure.TLS, Failure.PROXY})

FAILURE_TEXT: Mapping[Failure, str] = MappingProxyType(
    {
        Failure.DNS: "the host name cannot be resolved",
        Failure.CONNECT: "no connection",
        Failure.TLS: "no secure connection: the certificate or the TLS handshake failed",
        Failure.PROXY: "the proxy refused the connection",
        Failure.UNSENDABLE: "the request cannot be sent to this address",
        Failure.TIMEOUT: "nothing came in time",
        Failure.TIMEOUT_AFTER_HEADERS: "the answer began but did not end in time",
        Failure.CLOSED: "the connection closed before a whole answer came",
        Failure.GARBLED: "the content encoding cannot be undone",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """The facts of one exchange.

    `headers` has lower-case names and only those that are read. `body` is text up to the reader's cap,
    `truncated` says that there was more. `latency_ms` runs from the request's last byte sent to the last
    byte read of the answer, without DNS, TCP and TLS; it is None where no whole answer came. Body and
    headers stay out of the `repr`: a provider may echo the key in them.
    """

    http_status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: str = field(default="", repr=False)
    truncated: bool = False
    failure: Failure | None = None
    latency_ms: int | None = None
    sign_ms: int | None = None
