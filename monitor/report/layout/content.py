"""What a message says, before it is laid out: the same value for a daily summary and a notification.

Words are ready to be read: what came from outside went through `shown_id`. A model's id is as it came.
"""

from dataclasses import dataclass
from typing import Final

MOST_ITEMS: Final = 20  # of a section in a message; pages and files for machines have all


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line: of a model and where its page is, or of the provider itself where `model` is None.

    With an `opening` it is one sentence: opening, model, words.
    """

    words: str
    model: str | None = None
    opening: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A title and its items; `note` explains it to first readers, `url` is where all items are."""

    title: str
    items: tuple[Item, ...]
    note: str = ""
    url: str = ""

    @property
    def first(self) -> tuple[Item, ...]:
        """The items that a message shows."""
        return self.items[:MOST_ITEMS]

    @property
    def rest(self) -> str:
        """How many it leaves out, in words."""
        return f"and {len(self.items) - MOST_ITEMS:,} more" if len(self.items) > MOST_ITEMS else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderContent:
    """One provider's part: a quiet one has `words` alone, on one line; one without a name, sections."""

    name: str = ""
    words: str = ""
    sections: tuple[Section, ...] = ()
    figures: tuple[str, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether `words` are all there is."""
        return not self.sections and not self.figures


@dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """A whole message. `about` begins it, `notices` come before all else, `legend` explains its words.

    With a title it is a document for mail, files and terminals; without one a short message for chats. `more`
    is a link's words and its address.
    """

    title: str = ""
    about: str
    notices: tuple[str, ...] = ()
    providers: tuple[ProviderContent, ...] = ()
    legend: str = ""
    more: tuple[str, str] | None = None
    foot: str = ""
