"""What the operator should know now: one sentence each, on every page and in /readyz."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One sentence for people, without its full stop: what is wrong and what to do, or what to wait for.

    `is_trouble` is true where the monitor cannot do its work: /readyz is "not ready" then, with these words
    as a reason. Else it stays "ready" and lists them beside its status.
    """

    words: str
    is_trouble: bool = False


NoticesNow = Callable[[], Sequence[Notice]]
"""Called from any thread, several times for each page: it answers at once and asks no database."""


def no_notices() -> Sequence[Notice]:
    """Return the notices of a server that has nothing to say."""
    return ()
