"""What a message says, before it is laid out: the same value for a daily summary and a notification.

Words are ready to be read: what came from outside went through `shown_id`. A model's id is as it came.
"""

from dataclasses import dataclass
from typing import Final

MOST_ITEMS: Final = 20  # of a section in a message; pages and files for machines have all
MOST_IN_LINE: Final = 3  # of a section that is one line
MOST_MEMBERS: Final = 3  # that plain text names of a group


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line: of a model and where its page is, or of the provider itself where `model` is None.

    With an `opening` it is one sentence: opening, model, words. Models that moved together are the `members`
    of one item. `short` is what a section in one line says instead of `words`.
    """

    words: str
    model: str | None = None
    opening: str = ""
    url: str = ""
    short: str = ""
    members: tuple["Item", ...] = ()

    @property
    def named_members(self) -> tuple["Item", ...]:
        """The members that plain text names."""
        return self.members[:MOST_MEMBERS]

    @property
    def members_left_out(self) -> int:
        """How many of its members plain text does not name."""
        return max(len(self.members) - MOST_MEMBERS, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FigureTable:
    """Figures of models: the names of the columns, the model's last, and a line for each model."""

    columns: tuple[str, ...]
    lines: tuple[tuple[Item, tuple[str, ...]], ...]

    @property
    def first(self) -> tuple[tuple[Item, tuple[str, ...]], ...]:
        """The lines that a message shows."""
        return self.lines[:MOST_ITEMS]


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A title and its items, or a table; `note` explains it to first readers, `url` is where all items are.

    One that is in line is a list of names after its title, for what needs no action; pages list its items.
    `most` is how many items a message shows, where it is another number than usual.
    """

    title: str
    items: tuple[Item, ...] = ()
    note: str = ""
    url: str = ""
    is_in_line: bool = False
    most: int | None = None
    table: FigureTable | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return not self.items and not (self.table and self.table.lines)

    @property
    def first(self) -> tuple[Item, ...]:
        """The items that a message shows."""
        return self.items[: self.most or (MOST_IN_LINE if self.is_in_line else MOST_ITEMS)]

    @property
    def rest(self) -> str:
        """How many it leaves out, in words."""
        if self.table:
            hidden = self.table.lines[len(self.table.first) :]
            left_out = sum(len(item.members) or 1 for item, _ in hidden)
        else:
            left_out = len(self.items) - len(self.first)
        return f"and {left_out:,} more" if left_out else ""


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

    With a title it is a document for mail, files and terminals; without one a short message for chats. A
    brief document needs no action and is three lines: the title, the providers, and the rest.
    `more` is a link's words and its address.
    """

    title: str = ""
    about: str
    notices: tuple[str, ...] = ()
    providers: tuple[ProviderContent, ...] = ()
    legend: str = ""
    more: tuple[str, str] | None = None
    foot: str = ""
    is_brief: bool = False
