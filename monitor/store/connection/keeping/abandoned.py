"""Sessions of locks that this process has let go of, perhaps without an answer.

A server that was frozen, or a network that swallowed a connection, may count them as holders for a while.
"""

from collections import deque
from typing import Final

Session = tuple[object, object]  # its process at the server, and when that began

_MOST: Final = 500  # many more than a server keeps at a time
_sessions = deque[Session](maxlen=_MOST)


def abandon(session: Session) -> None:
    """Take note that nothing here uses a session any more."""
    _sessions.append(session)


def is_abandoned(session: Session) -> bool:
    """Return whether this process had a session and has let go of it."""
    return session in _sessions
