"""What a channel is: somewhere a letter can be delivered to."""

from typing import Protocol

from monitor.core.notification.message import Letter


class Channel(Protocol):
    """Where letters go. `is_for_people` says that several of them may be told as one."""

    @property
    def name(self) -> str:
        """What it is called in the configuration, in logs and in the outbox."""

    @property
    def is_for_people(self) -> bool:
        """Whether people read it, and not a program."""

    async def deliver(self, letter: Letter) -> None:
        """Hand a letter over, within a minute; raises NotDelivered, whose words hold no secret."""
