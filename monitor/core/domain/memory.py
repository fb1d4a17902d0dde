"""What the fold remembers beyond what is shown: streaks, swaps, failures held back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Streak:
    """How many in a row agreed, and when the first of them was."""

    count: int
    began_at: datetime

    def longer(self) -> "Streak":
        """Return the same streak with one more."""
        return Streak(self.count + 1, self.began_at)


@dataclass(frozen=True, slots=True)
class Swap:
    """Another model that answered once in this one's name, and when; `served_as` None is the model itself."""

    served_as: str | None
    began_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the fold must remember of a model beyond what is shown of it.

    `unclear` counts the looks in a row that got no clear answer, `timeouts` those that only timed out.
    `absent` counts conclusive catalog reads without the model, `is_gone` says that its absence is confirmed,
    `window` holds the last clear observations for flapping, oldest first, True for up. `has_served` says that
    it was available once, so that it is known who answers, `swap` who else did so last (rules.md 37).
    """

    ups: Streak | None = None
    downs: Streak | None = None
    timeouts: Streak | None = None
    unclear: Streak | None = None
    absent: Streak | None = None
    is_gone: bool = False
    window: tuple[bool, ...] = ()
    has_answered: bool = False
    has_served: bool = False
    swap: Swap | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """A mass failure the guard holds back: its class, and how often each model failed so, since when."""

    failure_class: str
    models: Mapping[str, Streak]
