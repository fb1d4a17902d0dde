"""Notification channels, and the heartbeat. Their addresses are secrets as a whole."""

import re
from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, model_validator

from monitor.config.schema.fields import (
    ChannelType,
    ChannelUrl,
    HeartbeatUrl,
    Hourly,
    SecretReference,
    SubscriptionGlobs,
    Topics,
)
from monitor.config.schema.table import Name, Table, impossible
from monitor.config.values.urls import REFERENCE, is_of_no_service, is_reference

APPRISE: Final = "apprise"
WEBHOOK: Final = "webhook"
NEEDS_TYPE: Final = (
    'is a web address; write type = "webhook" beside it to post JSON there, or an address of Apprise\'s '
    "such as slack:// or mailto://"
)
_LONGEST_NAME = 32  # as of a name that the user gives


class NotifySettings(Table):
    """One channel and its subscription. `most_per_hour` 0 is no limit; `secret` signs what a webhook gets."""

    name: Name | None = None
    type: ChannelType = APPRISE
    url: Annotated[ChannelUrl, Field(repr=False)]
    secret: SecretReference | None = None
    on: Topics = (
        "summary",
        "retired",
        "became_unavailable",
        "became_available",
        "appeared",
        "retirement_announced",
        "credential_rejected",
    )
    providers: SubscriptionGlobs = ("*",)
    most_per_hour: Hourly = 20  # a storm of changes becomes one message instead of a hundred

    @model_validator(mode="after")
    def _check(self) -> "NotifySettings":
        if self.lacks_type(self.url):
            raise impossible(("url", NEEDS_TYPE))
        if self.secret is not None and self.type != WEBHOOK:
            raise impossible(("secret", 'is only for type = "webhook"'))
        # checked after the type is known, since Apprise has addresses of its own
        if self.type == WEBHOOK and not re.match(rf"(https?://.|{REFERENCE})", self.url):
            raise impossible(
                ("url", 'of a webhook must start with "http://" or "https://", or be "env:NAME"')
            )
        return self

    def lacks_type(self, url: str) -> bool:
        """Return whether `url`, this channel's address, is a webhook's, and the table does not say so."""
        return "type" not in self.model_fields_set and is_of_no_service(url)

    @property
    def channel(self) -> str:
        """The name it is known by: its own, else its variable's or what its address begins with."""
        if self.name is not None:
            return self.name
        if is_reference(self.url):
            source = self.url.removeprefix(REFERENCE)
        else:
            source = self.url.partition("://")[0] if self.type == APPRISE else WEBHOOK
        return re.sub(r"[^a-z0-9]+", "-", source.lower()).strip("-")[:_LONGEST_NAME].strip("-")


class HeartbeatSettings(Table):
    """Where a sign of life of all providers is sent after each sweep; nowhere by default."""

    url: Annotated[HeartbeatUrl | None, Field(repr=False)] = None


def repeated_channels(channels: tuple[NotifySettings, ...]) -> list[tuple[str, str]]:
    """Return what is wrong where two channels have one name."""
    first_places: Mapping[str, int] = {  # the first of equal names wins
        channel.channel: place for place, channel in reversed([*enumerate(channels)])
    }
    return [
        (
            f"notify.{place}.name",
            f'"{channel.channel}" is already the name of another channel'
            + ("" if channel.name else "; give this one a different name"),
        )
        for place, channel in enumerate(channels)
        if first_places[channel.channel] != place
    ]
