"""How reliable models were in a window of time, for people and for machines."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from rich.table import Table
from rich.text import Text

from monitor.core.domain.percentages import percent_words
from monitor.core.history.reliability import Uptime, WindowFigures, model_uptimes, provider_uptimes
from monitor.core.history.rows import OutageRow
from monitor.report.terminal.tables import number
from monitor.report.words.codes import shown_id
from monitor.report.words.numbers import counted
from monitor.report.words.times import rounded_duration

_NUMBERS: Final = ("uptime", "coverage", "checks", "outages", "down", "MTTR", "MTBF", "p50 ms", "p95 ms")
_OF_MODELS: Final = frozenset({"model", "latency_p50_ms", "latency_p95_ms"})


def uptime_table(rows: Iterable[Uptime]) -> Table:
    """Return a line for each model, in the order given."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("provider", "model"):
        table.add_column(name, overflow="fold")
    for name in _NUMBERS:
        table.add_column(name, justify="right", no_wrap=True)  # figures are not cut; ids give way
    for row in rows:
        table.add_row(
            row.provider,
            Text(shown_id(row.model or "-")),
            percent_words(row.uptime_percent, otherwise="-"),
            percent_words(row.coverage_percent, otherwise="-"),
            str(row.checks),
            str(row.outages),
            _span(row.downtime_s or None),  # none is a dash, not "0 s"
            _span(row.mttr_s),
            _span(row.mtbf_s),
            number(row.latency_p50_ms),
            number(row.latency_p95_ms),
        )
    return table


def provider_lines(rows: Iterable[Uptime]) -> Iterator[str]:
    """Say of each provider how reliable its models were altogether; what there is no data of is left out."""
    for row in rows:
        facts = [
            f"uptime {percent_words(row.uptime_percent)}",
            f"coverage {percent_words(row.coverage_percent)}",
            counted(row.checks, "check"),
            counted(row.outages, "outage"),
            *([f"down for {_span(row.downtime_s)}"] if row.downtime_s else []),
            *([f"MTTR {_span(row.mttr_s)}"] if row.mttr_s is not None else []),
            *([f"MTBF {_span(row.mtbf_s)}"] if row.mtbf_s is not None else []),
        ]
        yield f"{row.provider}: {', '.join(facts)}"


def uptime_document(figures: WindowFigures, *, with_providers: bool) -> Mapping[str, object]:
    """Return the window as what `--json` prints: lengths in seconds, shares in percent, not rounded.

    Without `with_providers`, for figures of a part of their models, there are none.
    """
    pooled = provider_uptimes(figures) if with_providers else []
    return {
        "models": [asdict(row) for row in model_uptimes(figures)],
        "providers": [
            {name: value for name, value in asdict(row).items() if name not in _OF_MODELS} for row in pooled
        ],
        "outages": [_outage(outage) for outage in figures.outages],
    }


def _outage(row: OutageRow) -> Mapping[str, object]:
    lasted_s = None if row.ended_at is None else (row.ended_at - row.began_at).total_seconds()
    return {
        "provider": row.provider,
        "model": row.model,
        "began_at": row.began_at,
        "ended_at": row.ended_at,
        "duration_s": lasted_s,
        "reason": row.reason,
    }


def _span(seconds: float | None) -> str:
    return "-" if seconds is None else rounded_duration(timedelta(seconds=seconds))
