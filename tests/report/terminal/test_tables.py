"""Tables for a terminal: what answers first, ids as they are, dashes for what is not there."""

from dataclasses import replace
from datetime import timedelta

from monitor.core.domain.vocabulary import Status
from monitor.core.history.rows import OutageRow
from monitor.report.terminal.draw import drawn
from monitor.report.terminal.table import TerminalTable
from monitor.report.terminal.tables import (
    event_line,
    events_table,
    facts_table,
    outages_table,
    provider_words,
    status_counts,
    status_table,
)
from tests.report.terminal.rows import EVENT, NOON, ROW


def printed(table: TerminalTable) -> str:
    """Return a table as a pipe gets it."""
    return "\n".join(line.plain for line in drawn(table, None))


def cells(table: TerminalTable, column: int) -> list[str]:
    return list(table.columns[column].cells)


def test_what_a_reader_can_use_comes_first_and_then_by_name() -> None:
    statuses = (Status.RETIRED, Status.NEW, Status.UNAVAILABLE, Status.AVAILABLE, Status.AVAILABLE)
    rows = [replace(ROW, model=f"m/{5 - place}", status=status) for place, status in enumerate(statuses)]
    assert cells(status_table(rows), 1) == ["m/1", "m/2", "m/3", "m/4", "m/5"]
    assert status_counts(rows) == "2 available, 1 unavailable, 1 new, 1 retired"


def test_rule_34_a_provider_that_is_not_watched_any_more_is_marked() -> None:
    assert provider_words("nvidia", None) == provider_words("nvidia", {"nvidia"}) == "nvidia"
    assert provider_words("nvidia", {"other"}) == "nvidia (not watched)"
    assert cells(status_table([ROW], watched=()), 0) == ["nvidia (not watched)"]


def test_brackets_of_an_id_are_no_markup() -> None:
    rows = [replace(ROW, model="[red]m[/red]")]
    assert "[red]m[/red]" in printed(status_table(rows))
    assert "[red]m[/red]" in printed(facts_table(rows[0]))


def test_a_flapping_model_says_so() -> None:
    assert cells(status_table([replace(ROW, flapping=True)]), 3) == ["available (flapping)"]


def test_what_is_not_there_is_a_dash_and_never_a_nought() -> None:
    table = status_table([ROW, replace(ROW, model="n", http_status=200, latency_ms=0, uptime_30d=0.0)])
    assert [cells(table, column) for column in (6, 7, 8)] == [["-", "200"], ["-", "0"], ["-", "0.00 %"]]


def test_a_line_of_an_event_has_the_cells_of_its_table() -> None:
    rows = [EVENT, replace(EVENT, model="a/b", kind="appeared", to_status="new")]
    table = events_table(rows)
    columns = [cells(table, column) for column in range(len(table.columns))]
    assert ["  ".join(row) for row in zip(*columns, strict=True)] == [event_line(row) for row in rows]


def test_an_outage_that_lasts_is_measured_up_to_now() -> None:
    ended = OutageRow(provider="p", model="m", began_at=NOON, ended_at=NOON + timedelta(hours=1), reason=None)
    table = outages_table([ended, replace(ended, ended_at=None)], NOON + timedelta(hours=3))
    assert cells(table, 1)[1] == "still down"
    assert cells(table, 2) == ["1 h", "3 h"]
