"""The history as tables for a terminal: the current status, one model's story, the change log."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from monitor.core.domain.percentages import percent_words
from monitor.core.domain.vocabulary import Status
from monitor.core.history.rows import EventRow, ModelRow, OutageRow, StreamRow
from monitor.report.terminal.draw import drawn
from monitor.report.terminal.table import Form, TerminalColumn, TerminalTable
from monitor.report.words.codes import answer_words, change_words, reason_words, shown_id
from monitor.report.words.outcomes import reason_now, status_words
from monitor.report.words.times import duration_words, short_moment

_COLOURS = {Status.AVAILABLE: "green", Status.UNAVAILABLE: "red", Status.RETIRED: "dim", Status.NEW: "yellow"}
_ORDER = (Status.AVAILABLE, Status.UNAVAILABLE, Status.NEW, Status.RETIRED)  # what a reader can use first
_LEAST_PROVIDER = 16  # terminal columns


def status_table(
    rows: Iterable[ModelRow],
    watched: Collection[str] | None = None,
    busy: Collection[tuple[str, str]] = (),
    unwatched: Collection[tuple[str, str]] = (),
) -> TerminalTable:
    """Return every model with what is believed of it, what answers first.

    `watched` are the providers in the configuration, None for all: others are marked (rules.md 34). `busy`
    are the provider and id of models that were limited when last asked, `unwatched` of those not probed.
    """
    rows = sorted(rows, key=lambda row: (row.provider, _ORDER.index(row.status), row.model))
    are_busy = [(row.provider, row.model) in busy for row in rows]
    statuses = [
        status_words(row, is_busy=is_busy) + _mark(row, watched, unwatched)
        for row, is_busy in zip(rows, are_busy, strict=True)
    ]
    reasons = [reason_now(row, is_busy=is_busy) for row, is_busy in zip(rows, are_busy, strict=True)]
    colours = [_COLOURS[row.status] for row in rows]
    providers = [provider_words(row.provider, watched) for row in rows]
    return TerminalTable(
        (
            provider_column(providers),
            TerminalColumn("model", [shown_id(row.model) for row in rows], Form.ID),
            TerminalColumn("kind", [shown_id(row.kind) for row in rows]),
            TerminalColumn("status", statuses, Form.TEXT, styles=colours, least=len(Status.UNAVAILABLE)),
            TerminalColumn("since (UTC)", [short_moment(row.since) for row in rows]),
            TerminalColumn("why", [reason_words(reason) for reason in reasons], Form.TEXT),
            TerminalColumn("HTTP", [number(row.http_status) for row in rows], is_right=True),
            TerminalColumn("ms", [number(row.latency_ms) for row in rows], is_right=True),
            TerminalColumn(
                "30 d", [percent_words(row.uptime_30d, otherwise="-") for row in rows], is_right=True
            ),
        ),
        leaving=leaving(providers, "HTTP", "kind", "ms", "since (UTC)", "why", "30 d"),
    )


def _mark(row: ModelRow, watched: Collection[str] | None, unwatched: Collection[tuple[str, str]]) -> str:
    """Return a mark for a model that is not probed, though its provider is watched: that name has none."""
    is_excluded = (row.provider, row.model) in unwatched and (watched is None or row.provider in watched)
    return ", not watched" if is_excluded else ""


def provider_column(names: Sequence[str]) -> TerminalColumn:
    """Return the column of the providers, broken where a name is marked as not watched."""
    return TerminalColumn("provider", names, Form.TEXT, least=_LEAST_PROVIDER)


def leaving(providers: Collection[str], *names: str) -> tuple[str, ...]:
    """Return the names of the columns that leave a table: the provider's first, if all rows have the same."""
    return ("provider", *names) if len(set(providers)) <= 1 else names


def status_counts(rows: Iterable[ModelRow]) -> str:
    """Return how many models there are of each status, in one line."""
    counts = Counter(row.status for row in rows)
    return ", ".join(f"{counts[status]} {status}" for status in _ORDER)


def provider_words(provider: str, watched: Collection[str] | None) -> str:
    """Return a provider's name, marked where it is not watched any more."""
    is_watched = watched is None or provider in watched
    return shown_id(provider) if is_watched else f"{shown_id(provider)} (not watched)"


def facts_table(
    row: ModelRow,
    streamed: StreamRow | None = None,
    *,
    watched: Collection[str] | None = None,
    is_busy: bool = False,
) -> TerminalTable:
    """Return what is believed of one model, a fact a line, and its latest streamed answer if there is one."""
    facts = {
        "model": shown_id(row.model),
        "provider": provider_words(row.provider, watched),
        "kind": shown_id(row.kind),
        "status": status_words(row, is_busy=is_busy),
        "since": f"{short_moment(row.since)} UTC",
        "why": answer_words(reason_now(row, is_busy=is_busy), row.served_as),
        "listed": "yes" if row.listed else "no",
        "last checked": short_moment(row.last_checked_at),
        "last available": short_moment(row.last_available_at),
        "HTTP status": number(row.http_status),
        "latency": f"{row.latency_ms} ms" if row.latency_ms is not None else "-",
        "retires": short_moment(row.retires_at),
        "uptime, 30 days": percent_words(row.uptime_30d),
    }
    facts |= _streamed_facts(streamed)
    names = TerminalColumn("fact", list(facts), styles=["bold"] * len(facts))
    return TerminalTable((names, TerminalColumn("value", list(facts.values()), Form.ID)), has_header=False)


def _streamed_facts(row: StreamRow | None) -> dict[str, str]:
    if row is None:
        return {}
    first = "-" if row.first_token_ms is None else f"{row.first_token_ms} ms"
    rate = "-" if row.tokens_per_s is None else f"{row.tokens_per_s:.2f}"
    return {"last streamed": short_moment(row.observed_at), "first token": first, "tokens per second": rate}


def events_table(rows: Sequence[EventRow], *, has_header: bool = True) -> TerminalTable:
    """Return the change log, in the order given."""
    providers = [shown_id(row.provider) for row in rows]
    return TerminalTable(
        (
            TerminalColumn("confirmed (UTC)", [short_moment(row.confirmed_at) for row in rows]),
            TerminalColumn("began (UTC)", [short_moment(row.began_at) for row in rows]),
            provider_column(providers),
            TerminalColumn("model", [shown_id(row.model or "-") for row in rows], Form.ID),
            TerminalColumn("change", [_change_words(row) for row in rows], Form.TEXT),
        ),
        leaving=leaving(providers, "began (UTC)"),
        below="change",
        has_header=has_header,
    )


def event_line(row: EventRow, room: int | None = None) -> str:
    """Return one event as a row of `events_table`, for readers who want each as soon as it is there."""
    return "\n".join(line.plain for line in drawn(events_table([row], has_header=False), room))


def _change_words(row: EventRow) -> str:
    return change_words(row.kind, to_status=row.to_status, reason=row.reason, detail=row.detail)


def outages_table(rows: Sequence[OutageRow], now: datetime) -> TerminalTable:
    """Return outages with how long they lasted; `now` ends those that still last."""
    return TerminalTable(
        (
            TerminalColumn("began (UTC)", [short_moment(row.began_at) for row in rows]),
            TerminalColumn(
                "ended (UTC)", [short_moment(row.ended_at) if row.ended_at else "still down" for row in rows]
            ),
            TerminalColumn("lasted", [duration_words((row.ended_at or now) - row.began_at) for row in rows]),
            TerminalColumn("why", [reason_words(row.reason) for row in rows], Form.TEXT),
        ),
        below="why",
    )


def number(value: int | None) -> str:
    """Return a number, a dash for none."""
    return "-" if value is None else str(value)
