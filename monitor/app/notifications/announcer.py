"""What a leading daemon announces: messages when they are due, summaries when their hour has come."""

import asyncio
import logging
from asyncio import to_thread
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from monitor.app.notifications.channels import (
    SUMMARY,
    configured_channels,
    message_builders,
    summary_channels,
)
from monitor.app.notifications.maintenance import WindowLog
from monitor.app.notifications.publisher import DAEMON, MaySend, Publisher, send_always
from monitor.app.notifications.summaries import Summaries, summaries_of
from monitor.app.periodic import every
from monitor.clock import Clock, utc_now
from monitor.config import Settings
from monitor.core.history.calendar import span_of
from monitor.core.notification.message import Message
from monitor.core.summary.values import ProviderSummary, Summary
from monitor.errors import Fenced, MonitorError
from monitor.logs import event
from monitor.report.summary import Links, summary_html, summary_message, summary_subject
from monitor.store.connection.engine import Engine
from monitor.store.memory import outbox

log = logging.getLogger(__name__)

_LOOK_EVERY_S: Final = 20.0
_STALE_AFTER: Final = timedelta(days=1)  # a summary as late as this is written to its file, but not sent


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posted:
    """A summary as it waits in the outbox: it stays what it was when it was posted."""

    first: date
    last: date
    timezone: str
    known_until: datetime | None
    providers: tuple[ProviderSummary, ...]
    undelivered: Mapping[str, int]


_POSTED: Final = TypeAdapter(_Posted)


class Announcer:
    """Sends to the channels of one configuration what one history holds for them."""

    def __init__(
        self,
        settings: Settings,
        environ: Mapping[str, str],
        engine: Engine,
        *,
        readers: Engine | None = None,
        now: Clock = utc_now,
        by: str = DAEMON,
        may_send: MaySend = send_always,
    ) -> None:
        """Wire the channels; summaries read from `readers` if given, as they count over years.

        Raises ConfigError naming a missing variable or an unusable address.
        """
        self.summaries = summaries_of(settings, readers or engine, now)
        messages = message_builders(settings, **{SUMMARY: self._message})
        channels = configured_channels(settings, environ)
        self.publisher = Publisher(engine, channels, messages, now=now, by=by, may_send=may_send)
        self._engine, self._now, self._channels = engine, now, summary_channels(settings)
        self._window_log = WindowLog(settings, now)
        self._trouble = ""

    async def run(self, stop: asyncio.Event) -> None:
        """Announce until `stop` is set; a message that is being sent then is finished."""
        async with asyncio.TaskGroup() as announcing:
            announcing.create_task(self.publisher.run(stop))
            announcing.create_task(self._window_log.run(stop))
            announcing.create_task(every(_LOOK_EVERY_S, self._summarise, stop, "summary"))

    async def _summarise(self) -> None:
        """Announce the days that are due; the same error is logged once, and tried again."""
        try:
            await to_thread(self.announce_days)
        except Fenced:  # it is the new leader's to announce
            return
        except MonitorError as error:
            if str(error) != self._trouble:  # every 20 seconds the same line would hide others
                event(log, logging.ERROR, "summary_failed", error=str(error))
            self._trouble = str(error)
        else:
            self._trouble = ""

    def announce_days(self) -> None:
        """Post and write the summary of every day that is due."""
        now = self._now()
        for day in self.summaries.due_days(now):
            if self._channels and now - self.summaries.due_at(day) < _STALE_AFTER:
                self._post(day, now)  # before it is written: the outbox refuses a second one after a crash
            if self.summaries.write(day):
                event(log, logging.INFO, "summary_written", file=str(self.summaries.file_of(day)))

    def _post(self, day: date, now: datetime) -> None:
        summary = self.summaries.build(span_of(day, day, self.summaries.zone))
        document = _document_of(summary)
        outbox.post_all(
            self._engine, self._channels, topic=SUMMARY, subject=f"{day}", document=document, at=now
        )

    def _message(self, documents: Sequence[str], number: str) -> Message:
        return summary_message(_summary_of(documents[0]), id=number, links=self.summaries.links)


def day_entries(summaries: Summaries) -> Callable[[date], tuple[str, str, datetime]]:
    """Return a function that gives a feed a past day: its title, its HTML, and when it was due."""

    def entry(day: date) -> tuple[str, str, datetime]:
        summary = summaries.build(span_of(day, day, summaries.zone))
        links = summaries.links or Links("")
        return summary_subject(summary), summary_html(summary, links), summaries.due_at(day)

    return entry


def _document_of(summary: Summary) -> str:
    posted = _Posted(
        first=summary.span.first,
        last=summary.span.last,
        timezone=summary.span.timezone,
        known_until=summary.known_until,
        providers=summary.providers,
        undelivered=summary.undelivered,
    )
    return _POSTED.dump_json(posted).decode()


def _summary_of(document: str) -> Summary:
    posted = _POSTED.validate_json(document)
    span = span_of(posted.first, posted.last, ZoneInfo(posted.timezone))
    return Summary(
        span=span, known_until=posted.known_until, providers=posted.providers, undelivered=posted.undelivered
    )
