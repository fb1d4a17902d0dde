"""Daily summaries: which are due, what is in them, and their files, each written once and never in part."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from pathlib import Path
from typing import Final

from monitor.atomic import write_atomically
from monitor.clock import Clock, utc_now
from monitor.config import Settings
from monitor.core.history.calendar import Span, day_of, moment_of, span_of
from monitor.core.summary.values import Summary
from monitor.errors import ConfigError
from monitor.report.summary import FORMS, SUFFIXES, Links
from monitor.store.connection.engine import Engine
from monitor.store.statistics.summaries import spans_with_sweeps, summarise_span

LOOK_BACK_DAYS: Final = 31  # so far back a missing file is made up for
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summaries:
    """The summaries of one history, for readers of one time zone.

    A day's is due at `daily_summary` of the day after it. `form` is one of FORMS; `file_mode` are the
    permission bits of a file.
    """

    engine: Engine
    watched: Sequence[str]
    zone: tzinfo
    daily_summary: time
    directory: Path
    form: str = "markdown"
    file_mode: int = 0o600
    links: Links | None = None
    favourites: Sequence[str] = ()
    now: Clock = utc_now

    def build(self, span: Span, providers: Collection[str] = ()) -> Summary:
        """Return what a span was, for all providers or these; one that is not over up to now."""
        return summarise_span(
            self.engine,
            span,
            watched=self.watched,
            now=self.now(),
            providers=providers,
            favourites=self.favourites,
        )

    def due_at(self, day: date) -> datetime:
        """Return when a day's summary is due."""
        return moment_of(day + _DAY, self.daily_summary, self.zone)

    def due_days(self, now: datetime) -> list[date]:
        """Return the days of the last 31 that were swept in, whose hour has come and that have no file yet.

        The oldest comes first. Raises ConfigError where the directory cannot be looked into.
        """
        today = day_of(now, self.zone)  # from yesterday back; today is not over
        past = [today - days * _DAY for days in range(LOOK_BACK_DAYS, 0, -1)]
        wanted = [day for day in past if self.due_at(day) <= now and not self._is_written(day)]
        spans = [span_of(day, day, self.zone) for day in wanted]
        return [span.first for span in spans_with_sweeps(self.engine, spans)] if spans else []

    def write(self, day: date) -> Summary | None:
        """Write a day's file; returns what is in it, or None where the file was there or came first.

        Raises ConfigError where the directory cannot be written to.
        """
        if self._is_written(day):
            return None
        summary = self.build(span_of(day, day, self.zone))
        text = FORMS[self.form](summary, self.links)
        # replace: a lone surrogate of an old import must not stop the summary
        file, data = self.file_of(day), text.encode("utf-8", "replace")
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            is_first = write_atomically(file, data, mode=self.file_mode, replaces=False)  # the first one wins
        except OSError as error:
            raise self._unusable(error) from None
        return summary if is_first else None

    def file_of(self, day: date) -> Path:
        """Return where a day's summary is kept."""
        return self.directory / f"{day}{SUFFIXES[self.form]}"

    def _is_written(self, day: date) -> bool:
        try:
            return self.file_of(day).exists()
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> ConfigError:
        return ConfigError(
            f"summary.directory: {self.directory} cannot be written to: {error.strerror or error}; "
            "give this user write permission, or name another directory"
        )


def summaries_of(
    settings: Settings, engine: Engine, now: Clock = utc_now, *, watched: Iterable[str] | None = None
) -> Summaries:
    """Return the summaries that a configuration asks for: of its providers, unless others are `watched`."""
    public_url = settings.web.public_url
    return Summaries(
        engine=engine,
        watched=[provider.name for provider in settings.providers] if watched is None else [*watched],
        zone=settings.schedule.timezone,
        daily_summary=settings.schedule.daily_summary,
        directory=settings.summary.path,
        form=settings.summary.format,
        file_mode=settings.database.file_mode,
        links=Links(public_url) if public_url else None,
        favourites=settings.summary.favourites,
        now=now,
    )
