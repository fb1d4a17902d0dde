"""The way to a provider: name, connection, certificate. The first step that fails is the last line."""

import asyncio
import socket
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final
from urllib.parse import urlsplit

from monitor.app.doctor.diagnosis import Diagnosis, fault, ok, warning
from monitor.clock import utc_now
from monitor.core.answer.exchange import FAILURE_TEXT, Failure, remedy_of
from monitor.http import tls_context, tls_failure
from monitor.process.daemon_thread import run_in_daemon_thread

_STEP_S: Final = 10.0  # as long as a sweep waits for a connection
_SOON_D: Final = 14  # days in which a certificate should have been renewed
_PORTS: Final = {"http": 80, "https": 443}
_CONNECT_REMEDY: Final = "check host, port, http or https, and firewalls"


async def check_connection(name: str, url: str, *, proxy: str | None = None) -> tuple[list[Diagnosis], bool]:
    """Return the lines of a way, and whether it leads to the server; through a proxy it ends there."""
    parts = urlsplit(proxy or url)
    host, port = parts.hostname or "", parts.port or _PORTS.get(parts.scheme, 0)
    place = f"{name} ({'proxy ' if proxy else ''}{host}:{port})"
    try:
        found = await asyncio.wait_for(run_in_daemon_thread(lambda: socket.getaddrinfo(host, port)), _STEP_S)
    except (OSError, UnicodeError, TimeoutError) as error:
        words = (
            "no answer from the name server" if isinstance(error, TimeoutError) else FAILURE_TEXT[Failure.DNS]
        )
        return [fault("dns", place, words, remedy_of(Failure.DNS))], False
    addresses = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    lines = [ok("dns", place, ", ".join(addresses[:4]))]
    last, leads = await _connected(place, host, port, is_secure=parts.scheme == "https")
    return [*lines, *last], leads


async def _connected(
    place: str, host: str, port: int, *, is_secure: bool
) -> tuple[Sequence[Diagnosis], bool]:
    try:
        connecting = asyncio.open_connection(
            host, port, happy_eyeballs_delay=0.25, ssl=tls_context() if is_secure else None
        )
        _, writer = await asyncio.wait_for(connecting, _STEP_S)
    except ssl.SSLError as error:
        failure = tls_failure(error)
        return [
            ok("tcp", place, "connected"),
            fault("tls", place, FAILURE_TEXT[failure], remedy_of(failure)),
        ], False
    except (OSError, TimeoutError) as error:
        words = f"no answer within {_STEP_S:g} s" if isinstance(error, TimeoutError) else _reason(error)
        return [fault("tcp", place, words, _CONNECT_REMEDY)], False
    certificate = writer.get_extra_info("peercert") if is_secure else None
    writer.close()
    return [ok("tcp", place, "connected"), *_certificate(place, certificate)], True


def _reason(error: OSError) -> str:
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused"
    return f"no connection: {error.strerror or type(error).__name__}"


def _certificate(place: str, certificate: dict[str, str] | None) -> list[Diagnosis]:
    if not certificate:
        return []
    end = datetime.fromtimestamp(ssl.cert_time_to_seconds(certificate["notAfter"]), UTC)
    days = (end - utc_now()).days
    if days < _SOON_D:
        advice = "the provider has to renew it; its sweeps fail from that day on"
        return [warning("tls", place, f"the certificate expires in {days} days", advice)]
    return [ok("tls", place, f"the certificate is valid for {days} more days")]
