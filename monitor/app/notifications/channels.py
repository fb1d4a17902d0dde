"""The configured channels: built, named and tested."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import uuid4

from monitor.app.notifications.heartbeats import missing_addresses
from monitor.app.notifications.maintenance import silence_of
from monitor.app.notifications.publisher import ConfiguredChannel, MessageBuilder
from monitor.config import (
    NEEDS_TYPE,
    WEBHOOK,
    Fault,
    NotifySettings,
    Settings,
    known_secrets,
    private_parts,
    resolve_notify_secret,
    resolve_notify_url,
)
from monitor.core.domain.names import unknown_words
from monitor.core.notification.message import Channel, Message
from monitor.core.notification.suppression import Subscription
from monitor.errors import ConfigError, NotDelivered, UsageError
from monitor.notify.apprise_channel import AppriseChannel
from monitor.notify.webhook import Webhook
from monitor.report.layout.content import Content
from monitor.report.layout.message import message_of
from monitor.report.message.changes import changes_message, combined_message, late_message
from monitor.report.words.paths import Links
from monitor.store.memory.notifications import CHANGES, LATE, Outbox, read_changes

SUMMARY = "summary"  # the topic of a daily summary, and what a channel asks for to get it


@dataclass(frozen=True, slots=True, kw_only=True)
class Tested:
    """What became of a test message; `error` is None where it arrived."""

    channel: str
    error: str | None


def configured_channels(settings: Settings, environ: Mapping[str, str]) -> list[ConfiguredChannel]:
    """Return the configured channels; raises ConfigError for a missing variable or an unusable address."""
    secrets = known_secrets(settings, environ)
    return [
        ConfiguredChannel(
            channel=_placed(place, channel, environ, secrets), most_per_hour=channel.most_per_hour
        )
        for place, channel in enumerate(settings.notify)
    ]


def check_channels(settings: Settings, environ: Mapping[str, str]) -> list[Fault]:
    """Return what is not set yet; raises ConfigError for an address that is not understood."""
    missing, secrets = list[Fault](), known_secrets(settings, environ)
    for place, channel in enumerate(settings.notify):
        try:
            resolve_notify_url(channel, environ)
        except ConfigError as error:
            missing.append(Fault(("notify", place, "url"), str(error)))
        else:
            try:
                resolve_notify_secret(channel, environ)
            except ConfigError as error:
                missing.append(Fault(("notify", place, "secret"), str(error)))
            else:
                _placed(place, channel, environ, secrets)
    silence_of(settings)
    return missing + missing_addresses(settings, environ)


def address_errors(settings: Settings, environ: Mapping[str, str]) -> dict[str, str]:
    """Return by channel why it cannot be used; an empty text where its address is understood."""
    errors, secrets = dict[str, str](), known_secrets(settings, environ)
    for place, channel in enumerate(settings.notify):
        try:
            _placed(place, channel, environ, secrets)
        except ConfigError as error:
            errors[channel.channel] = str(error)
        else:
            errors[channel.channel] = ""
    return errors


def outbox_of(settings: Settings) -> Outbox:
    """Return which channels get which events, and when all are silent. Raises ConfigError as `silence_of`."""
    subscriptions = tuple(
        Subscription(channel=channel.channel, topics=frozenset(channel.on), providers=channel.providers)
        for channel in settings.notify
    )
    return Outbox(subscriptions=subscriptions, is_silent=silence_of(settings))


def summary_channels(settings: Settings) -> list[str]:
    """Return the channels that get the daily summary."""
    return [channel.channel for channel in settings.notify if SUMMARY in channel.on]


def message_builders(settings: Settings, **others: MessageBuilder) -> dict[str, MessageBuilder]:
    """Return what words messages, by topic: the changes of sweeps, one or several as one, and `others`."""
    public_url, zone = settings.web.public_url, settings.schedule.timezone
    links = Links(public_url) if public_url else None

    def build(documents: Sequence[str], number: str) -> Message:
        sweeps = [read_changes(document) for document in documents]
        if len(sweeps) == 1:
            return changes_message(sweeps[0], id=number, links=links, zone=zone)
        return combined_message(sweeps, id=number, links=links, zone=zone)

    def build_late(documents: Sequence[str], number: str) -> Message:
        sweeps = [read_changes(document) for document in documents]
        return late_message(sweeps, id=number, links=links, zone=zone)

    return {CHANGES: build, LATE: build_late, **others}


async def send_test(settings: Settings, environ: Mapping[str, str], name: str | None) -> list[Tested]:
    """Send a message to every channel, or to that one, and say what became of it.

    Raises UsageError for a name that no channel has, ConfigError as `configured_channels`.
    """
    chosen = [
        (place, channel) for place, channel in enumerate(settings.notify) if name in {None, channel.channel}
    ]
    if not chosen:
        names = [channel.channel for channel in settings.notify]
        raise UsageError(unknown_words("channel", name or "", names, " in the configuration"))
    secrets = known_secrets(settings, environ)
    channels = [_placed(place, channel, environ, secrets) for place, channel in chosen]
    return await asyncio.gather(*map(_test, channels))  # a channel that hangs delays no other


async def _test(channel: Channel) -> Tested:
    try:
        await channel.deliver(_test_message(channel.name, f"monitor-test-{uuid4().hex[:12]}"))
    except NotDelivered as error:
        return Tested(channel=channel.name, error=str(error))
    return Tested(channel=channel.name, error=None)


def _test_message(name: str, number: str) -> Message:
    words = f"This is a test: the channel {name} works. Nothing has happened."
    title = f"monitor: test of the channel {name}"
    return message_of(number, title, Content(about=words), {"topic": "test"})


def _placed(
    place: int, settings: NotifySettings, environ: Mapping[str, str], secrets: tuple[str, ...]
) -> Channel:
    """Build a channel; an error says which table of the file it is about."""
    try:
        return _channel(settings, environ, secrets)
    except ConfigError as error:
        words = str(error)
    raise ConfigError(words, key=("notify", place, "url"))


def _channel(settings: NotifySettings, environ: Mapping[str, str], secrets: tuple[str, ...]) -> Channel:
    url = resolve_notify_url(settings, environ).get_secret_value()
    if settings.lacks_type(url):  # behind env:NAME it was not checked yet
        raise ConfigError(f"channel {settings.channel}: its address {NEEDS_TYPE}")
    # in messages about this channel any part of its address may be secret
    secrets = (*secrets, *private_parts(url))
    if settings.type != WEBHOOK:
        return AppriseChannel(settings.channel, url, secrets)
    if not url.startswith(("http://", "https://")):  # as above
        raise ConfigError(f'channel {settings.channel}: its address must start with "http://" or "https://"')
    key = resolve_notify_secret(settings, environ)
    return Webhook(settings.channel, url, key=key.get_secret_value() if key else None, secrets=secrets)
