"""The history as tables for a terminal: the current status, one model's story, the change log."""

from collections import Counter
from collections.abc import Collection, Iterable
from datetime import datetime

from rich.table import Table
from rich.text import Text

from monitor.core.domain.percentages import percent_words
from monitor.core.domain.vocabulary import Status
from monitor.core.history.rows import EventRow, ModelRow, OutageRow, StreamRow
from monitor.report.words.codes import answer_words, change_words, reason_words, shown_id
from monitor.report.words.times import duration_words, short_moment

_COLOURS = {Status.AVAILABLE: "green", Status.UNAVAILABLE: "red", Status.RETIRED: "dim", Status.NEW: "yellow"}
_ORDER = (Status.AVAILABLE, Status.UNAVAILABLE, Status.NEW, Status.RETIRED)  # what a reader can use first


def status_table(rows: Iterable[ModelRow], watched: Collection[str] | None = None) -> Table:
    """Return every model with what is believed of it, what answers first.

    `watched` are the providers in the configuration, None for all: others are marked (rules.md 34).
    """
    columns = ("provider", "model", "kind", "status", "since (UTC)", "why", "HTTP", "ms", "30 d")
    table = _table(*columns)
    for row in sorted(rows, key=lambda row: (row.provider, _ORDER.index(row.status), row.model)):
        table.add_row(
            Text(provider_words(row.provider, watched)),
            Text(shown_id(row.model)),  # Text: rich would read brackets of an id as markup
            row.kind,
            Text(_status_words(row), style=_COLOURS[row.status]),
            short_moment(row.since),
            Text(reason_words(row.reason)),
            number(row.http_status),
            number(row.latency_ms),
            percent_words(row.uptime_30d, otherwise="-"),
        )
    return table


def status_counts(rows: Iterable[ModelRow]) -> str:
    """Return how many models there are of each status, in one line."""
    counts = Counter(row.status for row in rows)
    return ", ".join(f"{counts[status]} {status}" for status in _ORDER)


def provider_words(provider: str, watched: Collection[str] | None) -> str:
    """Return a provider's name, marked where it is not watched any more."""
    is_watched = watched is None or provider in watched
    return shown_id(provider) if is_watched else f"{shown_id(provider)} (not watched)"


def facts_table(
    row: ModelRow, streamed: StreamRow | None = None, *, watched: Collection[str] | None = None
) -> Table:
    """Return what is believed of one model, a fact a line, and its latest streamed answer if there is one."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")  # fold: a long id goes on in the next line and is not cut
    facts = {
        "model": shown_id(row.model),
        "provider": provider_words(row.provider, watched),
        "kind": row.kind,
        "status": _status_words(row),
        "since": f"{short_moment(row.since)} UTC",
        "why": answer_words(row.reason, row.served_as),
        "listed": "yes" if row.listed else "no",
        "last checked": short_moment(row.last_checked_at),
        "last available": short_moment(row.last_available_at),
        "HTTP status": number(row.http_status),
        "latency": f"{row.latency_ms} ms" if row.latency_ms is not None else "-",
        "retires": short_moment(row.retires_at),
        "uptime, 30 days": percent_words(row.uptime_30d),
    }
    for name, fact in (facts | _streamed_facts(streamed)).items():
        table.add_row(name, Text(fact))
    return table


def _streamed_facts(row: StreamRow | None) -> dict[str, str]:
    if row is None:
        return {}
    first = "-" if row.first_token_ms is None else f"{row.first_token_ms} ms"
    rate = "-" if row.tokens_per_s is None else f"{row.tokens_per_s:.2f}"
    return {"last streamed": short_moment(row.observed_at), "first token": first, "tokens per second": rate}


def events_table(rows: Iterable[EventRow]) -> Table:
    """Return the change log, in the order given."""
    table = _table("confirmed (UTC)", "began (UTC)", "provider", "model", "change")
    for row in rows:
        table.add_row(*map(Text, _event_cells(row)))
    return table


def event_line(row: EventRow) -> str:
    """Return one event as a line with the columns of `events_table`, two spaces between them."""
    return "  ".join(_event_cells(row))


def _event_cells(row: EventRow) -> tuple[str, ...]:
    words = change_words(row.kind, to_status=row.to_status, reason=row.reason, detail=row.detail)
    moments = (short_moment(row.confirmed_at), short_moment(row.began_at))
    return (*moments, shown_id(row.provider), shown_id(row.model or "-"), words)


def outages_table(rows: Iterable[OutageRow], now: datetime) -> Table:
    """Return outages with how long they lasted; `now` ends those that still last."""
    table = _table("began (UTC)", "ended (UTC)", "lasted", "why")
    for row in rows:
        lasted = duration_words((row.ended_at or now) - row.began_at)
        ended = short_moment(row.ended_at) if row.ended_at else "still down"
        table.add_row(short_moment(row.began_at), ended, lasted, Text(reason_words(row.reason)))
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        table.add_column(
            column, overflow="fold", justify="right" if column in {"HTTP", "ms", "30 d"} else "left"
        )
    return table


def _status_words(row: ModelRow) -> str:
    return f"{row.status} (flapping)" if row.flapping else str(row.status)


def number(value: int | None) -> str:
    """Return a number, a dash for none."""
    return "-" if value is None else str(value)
