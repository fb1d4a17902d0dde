"""How reliable models were in a window of time, for people and for machines."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Final

from rich.cells import cell_len

from monitor.core.domain.percentages import percent_words
from monitor.core.history.reliability import Uptime, WindowFigures, model_uptimes, provider_uptimes
from monitor.report.formats.outages import outage_document
from monitor.report.terminal.table import Form, TerminalColumn, TerminalTable
from monitor.report.terminal.tables import leaving, number, provider_column
from monitor.report.words.codes import shown_id
from monitor.report.words.numbers import counted
from monitor.report.words.times import rounded_duration

_OF_MODELS: Final = frozenset({"model", "latency_p50_ms", "latency_p95_ms"})


def uptime_table(rows: Sequence[Uptime]) -> TerminalTable:
    """Return a line for each model, in the order given."""
    figures = {
        "uptime": [percent_words(row.uptime_percent, otherwise="-") for row in rows],
        "coverage": [percent_words(row.coverage_percent, otherwise="-") for row in rows],
        "checks": [str(row.checks) for row in rows],
        "outages": [str(row.outages) for row in rows],
        "down": [_span(row.downtime_s or None) for row in rows],  # none is a dash, not "0 s"
        "MTTR": [_span(row.mttr_s) for row in rows],
        "MTBF": [_span(row.mtbf_s) for row in rows],
        "p50 ms": [number(row.latency_p50_ms) for row in rows],
        "p95 ms": [number(row.latency_p95_ms) for row in rows],
    }
    providers = [shown_id(row.provider) for row in rows]
    return TerminalTable(
        (
            provider_column(providers),
            TerminalColumn("model", [shown_id(row.model or "-") for row in rows], Form.ID),
            *(TerminalColumn(name, cells, is_right=True) for name, cells in figures.items()),
        ),
        leaving=leaving(
            providers, "checks", "p50 ms", "MTBF", "MTTR", "coverage", "p95 ms", "down", "outages"
        ),
    )


def provider_lines(rows: Iterable[Uptime], room: int | None) -> Iterator[str]:
    """Say of each provider how reliable its models were altogether; what there is no data of is left out.

    Where a line has no room in so many terminal columns, it goes on in the next one, between two figures.
    """
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
        yield from _folded(f"{row.provider}: ", facts, room)


def _folded(subject: str, facts: Iterable[str], room: int | None) -> Iterator[str]:
    line, separator = subject, ""
    for fact in facts:
        more = f"{separator}{fact}"
        if separator and room is not None and cell_len(f"{line}{more},") > room:
            yield f"{line},"
            line, more = "  ", fact
        line += more
        separator = ", "
    yield line


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
        "outages": [outage_document(outage, figures.ends_at) for outage in figures.outages],
    }


def _span(seconds: float | None) -> str:
    return "-" if seconds is None else rounded_duration(timedelta(seconds=seconds))
