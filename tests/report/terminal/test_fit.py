"""Which columns leave a table first, as docs/commands.md says."""

from dataclasses import replace

import pytest

from monitor.report.terminal.fit import fitted
from monitor.report.terminal.table import Form, TerminalColumn, TerminalTable
from monitor.report.terminal.tables import events_table, status_table
from monitor.report.terminal.uptime import uptime_table
from tests.report.terminal.rows import EVENT, ROW
from tests.report.terminal.test_draw import FIGURES
from tests.support.documents import ROOT, read

ID = "meta/llama-3.1-8b-instruct"
OF_ONE = {
    "status": status_table([replace(ROW, model=ID)]),
    "uptime": uptime_table([replace(FIGURES, model=ID)]),
    "events": events_table([replace(EVENT, model=ID)]),
}
OF_TWO = {
    "status": status_table([replace(ROW, model=ID, provider=name) for name in ("one", "two")]),
    "uptime": uptime_table([replace(FIGURES, model=ID, provider=name) for name in ("one", "two")]),
    "events": events_table([replace(EVENT, model=ID, provider=name) for name in ("one", "two")]),
}


def names(table: TerminalTable, room: int) -> list[str]:
    return [column.name for column in fitted(table, room).columns]


def gone(table: TerminalTable) -> list[str]:
    """Return the columns that are left out as a terminal narrows, in the order in which they leave."""
    left: list[str] = []
    for room in range(300, 0, -1):
        shown = names(table, room)
        left += [column.name for column in table.columns if column.name not in (*shown, *left)]
    return left


@pytest.mark.parametrize("table", [*OF_ONE.values(), *OF_TWO.values()])
def test_columns_leave_one_by_one_in_their_order_and_stay_away(table: TerminalTable) -> None:
    everything = [column.name for column in table.columns]
    assert names(table, 300) == everything
    assert gone(table) == [*table.leaving, *([table.below] if table.below else [])]
    for room in range(1, 300):
        assert set(names(table, room)) <= set(names(table, room + 1)), "more room never shows fewer columns"


@pytest.mark.parametrize("name", OF_ONE)
def test_the_document_says_in_which_order_they_leave(name: str) -> None:
    table = OF_ONE[name]
    staying = [column.name for column in table.columns if column.name not in table.leaving]
    row = f"| `{name}` | {', '.join(staying)} | {', '.join(table.leaving)} |"
    assert row in read(ROOT / "docs/commands.md")


@pytest.mark.parametrize("name", OF_TWO)
def test_the_provider_stays_where_rows_are_of_several(name: str) -> None:
    assert ("provider", *OF_TWO[name].leaving) == OF_ONE[name].leaving
    assert "provider" in names(OF_TWO[name], 60)


def test_a_column_that_must_stay_gives_way_only_to_a_narrower_terminal() -> None:
    ids = TerminalColumn("id", ["a" * 30, "b" * 35, "c" * 200], Form.ID)
    table = TerminalTable((ids, TerminalColumn("figure", ["1" * 10] * 3)), leaving=("figure",))
    assert fitted(table, 47).widths == (35, 10), "the longest of them does not count"
    assert fitted(table, 46).widths == (35,)
    assert fitted(table, 20).widths == (20,)
    assert fitted(table, 212).widths == (200, 10), "but gets what is left over"
    assert fitted(table, 211).widths == (35, 10)


def test_one_id_alone_is_never_long() -> None:
    table = TerminalTable(
        (TerminalColumn("id", ["a" * 70], Form.ID), TerminalColumn("figure", ["1" * 10])), leaving=("figure",)
    )
    assert fitted(table, 80).widths == (70,)
