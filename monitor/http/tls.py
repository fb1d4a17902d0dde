"""Whom a connection trusts, and the TLS sessions that later connections go on with.

A session saves the certificates and their signatures of each new connection: the server does not send them
again. So one is used for an hour at most, and never beyond the certificate's end: what is wrong with a new
certificate is noticed within the hour.
"""

import functools
import ssl
import time
from typing import Any, Final, NamedTuple

import certifi

from monitor.clock import utc_now

_LONGEST_S: Final = 3600.0
_HOSTS_KEPT: Final = 256  # a configuration names a few


class _Kept(NamedTuple):
    """A session, and until when it may be offered: by the steady clock, by the certificate (since 1970)."""

    session: ssl.SSLSession
    until: float
    ends_at: float


class Sessions:
    """The last session with each server whose certificate was verified, by its host name."""

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}

    def offer(self, host: str) -> ssl.SSLSession | None:
        """Return the session that a new connection may go on with."""
        kept = self._kept.get(host)
        if kept and time.monotonic() < kept.until and utc_now().timestamp() < kept.ends_at:
            return kept.session
        self.forget(host)
        return None

    def forget(self, host: str) -> None:
        """Offer this host no session until it gave a new one."""
        self._kept.pop(host, None)

    def keep(self, host: str, connection: ssl.SSLObject) -> None:
        """Keep the session of a connection that received something: tickets come with the first answer."""
        session, kept = connection.session, self._kept.pop(host, None)
        if session is None or not session.has_ticket:
            return
        if connection.session_reused and kept is not None:  # counted from when the certificate was verified
            self._kept[host] = kept._replace(session=session)
        elif certificate := connection.getpeercert():
            ends_at = ssl.cert_time_to_seconds(str(certificate["notAfter"]))
            self._kept[host] = _Kept(session, time.monotonic() + _LONGEST_S, ends_at)
        if len(self._kept) > _HOSTS_KEPT:
            self.forget(next(iter(self._kept)))


def resuming(sessions: Sessions) -> type[ssl.SSLObject]:
    """Return the class of connections that offer and keep these sessions: a context's `sslobject_class`."""

    class Resuming(ssl.SSLObject):
        is_offered = False
        is_kept = False

        def do_handshake(self) -> None:
            """Offer a session, once: the handshake is called again for each message of the server's."""
            host = self.server_hostname or ""
            if not self.is_offered:
                self.is_offered = True
                if session := sessions.offer(host):
                    self.session = session
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError:
                sessions.forget(host)
                raise

        def read(self, len: int = 1024, buffer: Any = None) -> Any:  # noqa: A002, ANN401 - ssl's
            """Read, and keep the session when the first answer has come."""
            data = super().read(len, buffer)
            if data and not self.is_kept and self.server_hostname:
                self.is_kept = True
                sessions.keep(self.server_hostname, self)
            return data

    return Resuming


@functools.cache
def tls_context() -> ssl.SSLContext:
    """Trust the bundled authorities and the machine's own; built once, as it costs 14 ms."""
    # not the library's own: SSL_CERT_FILE would replace the authorities, and its two lines differ in them
    context = ssl.create_default_context(cafile=certifi.where())
    context.load_default_certs()  # a proxy inside a company signs with the machine's own
    context.sslobject_class = resuming(Sessions())
    return context
