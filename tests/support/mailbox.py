"""Where letters arrive in the tests: a mail server and a receiver of webhooks on loopback, both real.

Each can be told to refuse for a while, and keeps what it took.
"""

import asyncio
import email.policy
import json
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

PASSWORD = "mail-pass%20w0rd-that-nobody-sees"  # noqa: S105 (made up)
USER = "post"


@dataclass
class Mailbox:
    """A running mail server: what it took, and how many more mails it refuses."""

    letters: list[EmailMessage] = field(default_factory=list)
    refusals: int = 0
    refused: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        """The address to configure, with a password that must stay hidden."""
        return (
            f"mailto://{USER}:{PASSWORD}@127.0.0.1:{self.port}/"
            "?from=monitor@example.org&to=reader@example.org&mode=insecure"
        )

    async def handle_DATA(self, _server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take or refuse one mail; aiosmtpd calls this."""
        if not session.authenticated:
            return "530 who are you?"
        if self.refusals:
            self.refusals -= 1
            self.refused += 1
            return "451 not now"
        assert isinstance(envelope.content, bytes)
        letter = BytesParser(policy=email.policy.default).parsebytes(envelope.content)
        self.letters.append(letter)
        return "250 taken"

    def text_of(self, place: int = -1) -> str:
        """Return a mail's plain text, or its HTML where it has no other."""
        body = self.letters[place].get_body(("plain", "html"))
        assert body is not None
        return str(body.get_content())

    def html_of(self, place: int = -1) -> str:
        """Return a mail's HTML."""
        body = self.letters[place].get_body(("html",))
        assert body is not None
        return str(body.get_content())


@contextmanager
def mailbox() -> Iterator[Mailbox]:
    """Serve mail on loopback; whoever delivers must know the password."""
    box, loop = Mailbox(), asyncio.new_event_loop()

    def session() -> SMTP:
        return SMTP(box, authenticator=_login, auth_require_tls=False, hostname="here", loop=loop)

    # A command of this process must not show what the mail server has to say.
    logging.getLogger("mail.log").propagate = False
    server = loop.run_until_complete(loop.create_server(session, "127.0.0.1", 0))
    box.port = server.sockets[0].getsockname()[1]
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        loop.close()


def _login(_server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any) -> AuthResult:  # noqa: ANN401 - aiosmtpd's signature
    wanted = LoginPassword(USER.encode(), b"mail-pass w0rd-that-nobody-sees")
    return AuthResult(success=given == wanted, handled=False)


@dataclass(frozen=True)
class Posted:
    """One request that a receiver got."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def document(self) -> dict[str, Any]:
        """The body as JSON."""
        value = json.loads(self.body)
        assert isinstance(value, dict)
        return value


@dataclass
class Receiver:
    """A running receiver of POSTs: `taken` with a 2xx, `refused` with a status, headers and a body.

    `refusals` more are refused; `hold` set to an event lets answers wait for it. `begun` counts what came in.
    """

    taken: list[Posted] = field(default_factory=list)
    refused: list[Posted] = field(default_factory=list)
    begun: int = 0
    refusals: int = 0
    status: int = 503
    headers: Mapping[str, str] = field(default_factory=dict)
    said: bytes = b""
    hold: threading.Event | None = None
    base_url: str = ""


@contextmanager
def receiver() -> Iterator[Receiver]:
    """Take POSTs on loopback."""
    place = Receiver()

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(length)
            if len(body) < length:
                return  # the sender was killed while it sent
            place.begun += 1
            posted = Posted(self.path, dict(self.headers.items()), body)
            if place.hold:
                place.hold.wait(30)
            is_refused = place.refusals > 0
            place.refusals -= is_refused
            (place.refused if is_refused else place.taken).append(posted)
            with suppress(OSError):
                self._answer(is_refused=is_refused)

        def _answer(self, *, is_refused: bool) -> None:
            self.send_response(place.status if is_refused else 200)
            for name, value in (place.headers if is_refused else {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(place.said if is_refused else b"")

        def finish(self) -> None:
            with suppress(OSError):
                super().finish()

        def log_message(self, *_words: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    place.base_url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield place
    finally:
        if place.hold:
            place.hold.set()
        server.shutdown()
        server.server_close()
        thread.join(10)
