"""A message to people or machines, in every form a channel may want, and what a channel is."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message. `id` stays the same however often it is sent; it stands in every form but the title.

    `text`, `markdown` and `html` say the same; `document` is for machines: JSON values only.
    """

    id: str
    title: str
    text: str
    markdown: str
    html: str
    document: Mapping[str, object] = field(default_factory=dict)


class Channel(Protocol):
    """Where messages go. `is_for_people` says that several of them may be combined into one."""

    @property
    def name(self) -> str:
        """What it is called in the configuration, in logs and in the outbox."""

    @property
    def is_for_people(self) -> bool:
        """Whether people read it, and not a program."""

    async def deliver(self, message: Message) -> None:
        """Deliver a message within a minute; raises NotDelivered, whose words hold no secret."""
