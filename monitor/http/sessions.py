"""TLS sessions that outlive their connections: the next handshake with a host is a short one."""

import ssl
from typing import Final

_SESSIONS_KEPT: Final = 256  # hosts; a configuration names a few

_sessions: dict[str, ssl.SSLSession] = {}


class ResumedTLS(ssl.SSLObject):
    """A TLS connection that offers the last session of its host, and keeps its own for the next one.

    Set as a context's `sslobject_class`. Only a session whose certificate was verified is kept, and it is
    offered to the same host name alone.
    """

    _is_begun = False
    _is_kept = False

    def do_handshake(self) -> None:
        """Offer the host's last session, once; forget it where the handshake fails."""
        if not self._is_begun:
            self._is_begun = True
            self._offer()
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError:
            _sessions.pop(self._host(), None)
            raise

    def _offer(self) -> None:
        session = _sessions.get(self._host())
        if session is None:
            return
        try:
            self.session = session
        except ValueError:  # it belongs to another context
            del _sessions[self._host()]

    def read(self, len: int = 1024, buffer: bytearray | None = None) -> bytes | int:  # type: ignore[override]  # noqa: A002  # ssl's own name
        """Read, and keep the session after the first data: a ticket of TLS 1.3 comes before them."""
        data: bytes | int = super().read(len, buffer)
        if data and not self._is_kept:
            self._is_kept = True
            self._keep()
        return data

    def _keep(self) -> None:
        session, host = self.session, self._host()
        if session is None or not session.has_ticket or not host:
            return
        _sessions.pop(host, None)
        _sessions[host] = session
        if len(_sessions) > _SESSIONS_KEPT:
            del _sessions[next(iter(_sessions))]

    def _host(self) -> str:
        return self.server_hostname or ""
