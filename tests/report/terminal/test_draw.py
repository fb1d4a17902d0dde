"""Tables in terminals of any width: an id is whole on one line, and a long one changes no other row."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from monitor.core.domain.vocabulary import EventKind, Reason, Status
from monitor.core.history.reliability import Uptime
from monitor.core.history.rows import OutageRow
from monitor.report.terminal.draw import drawn
from monitor.report.terminal.table import TerminalTable
from monitor.report.terminal.tables import event_line, events_table, facts_table, outages_table, status_table
from monitor.report.terminal.uptime import uptime_table
from tests.report.terminal.rows import EVENT, NOON, ROW

WIDTHS = (60, 70, 80, 100, 120, 200)
ROOM = st.one_of(st.sampled_from(WIDTHS), st.integers(60, 260))
LETTERS = "abcxyz019-./_[]:日本語モデル한국어e\u0301🤖❤\ufe0f"
IDS = st.text(LETTERS, min_size=20, max_size=200)
SHORT = st.text("abcxyz019-./_", min_size=1, max_size=40)
PROVIDERS = st.sampled_from(["nvidia", "openrouter", "p" * 58])
FIGURES = Uptime(
    provider="nvidia",
    model="m",
    uptime_percent=99.9,
    coverage_percent=100.0,
    checks=12_345,
    outages=112,
    downtime_s=1_000_000.0,
    mttr_s=30_000.0,
    mtbf_s=3_000_000.0,
    latency_p50_ms=12_345,
    latency_p95_ms=60_000,
)


def lines(table: TerminalTable, room: int | None) -> list[str]:
    return [line.plain for line in drawn(table, room)]


def tables(ids: Sequence[str], providers: Sequence[str]) -> list[TerminalTable]:
    """Return every table that names models, a row for each id."""
    kinds = (Reason.OK, Reason.TOO_MANY_REQUESTS, Reason.MODEL_QUOTA)
    pairs = list(zip(ids, providers, strict=True))
    rows = [
        replace(
            ROW,
            provider=provider,
            model=model,
            status=list(Status)[place % 4],
            flapping=place % 5 == 0,
            reason=kinds[place % 3],
            latency_ms=60_000,
            http_status=200,
            uptime_30d=100.0,
        )
        for place, (model, provider) in enumerate(pairs)
    ]
    events = [
        replace(EVENT, provider=provider, model=model, kind=EventKind.RETIRED, reason=Reason.END_OF_LIFE)
        for model, provider in pairs
    ]
    figures = [replace(FIGURES, provider=provider, model=model) for model, provider in pairs]
    return [status_table(rows), status_table(rows, watched=()), events_table(events), uptime_table(figures)]


def assert_whole(text: str, shown: Sequence[str], room: int) -> None:
    """Assert that an id is whole on one line or, if it is wider than the terminal, on lines of its own."""
    if cell_len(text) <= room:
        assert any(text in line for line in shown), (text, shown)
    else:
        first = next(place for place, line in enumerate(shown) if line and text.startswith(line.strip()))
        rest = text
        while rest:
            assert rest.startswith(shown[first])
            rest, first = rest.removeprefix(shown[first]), first + 1


@given(st.lists(st.tuples(IDS, PROVIDERS), min_size=1, max_size=6, unique_by=lambda pair: pair[0]), ROOM)
@example([("日本" * 30, "nvidia"), ("a" * 61, "nvidia"), ("b" * 60, "nvidia"), ("c" * 200, "other")], 60)
def test_every_id_is_whole_on_a_line_and_no_line_is_wider_than_the_terminal(
    pairs: list[tuple[str, str]], room: int
) -> None:
    ids, providers = zip(*pairs, strict=True)
    for table in tables(ids, providers):
        shown = lines(table, room)
        assert all(cell_len(line) <= room for line in shown)
        for model in ids:
            assert_whole(model, shown, room)
        for provider in set(providers) if len(set(providers)) > 1 else ():
            assert any(provider in line for line in shown)


@given(
    st.lists(SHORT, min_size=2, max_size=6, unique=True), st.integers(60, 200), st.floats(1, 2).map(Fraction)
)
@example(["0", "0" * 33], 60, Fraction(1))  # less than twice the middle one
def test_an_id_that_is_too_long_for_its_column_changes_no_other_line(
    ids: list[str], room: int, factor: Fraction
) -> None:
    providers = ["nvidia"] * (len(ids) + 1)
    longest = "m" * int(room * factor)
    for usual, other in zip(tables([*ids, "mm"], providers), tables([*ids, longest], providers), strict=True):
        lines_left = iter(lines(other, room))
        assert all(line in lines_left for line in lines(usual, room) if "mm" not in line), "in the same order"


@given(st.lists(IDS, min_size=1, max_size=6, unique=True))
def test_in_a_pipe_a_row_is_a_line_with_all_its_cells(ids: list[str]) -> None:
    for table in tables(ids, ["nvidia", "other"] * 3 if len(ids) == 6 else ["nvidia"] * len(ids)):
        heading, *rows = lines(table, None)
        assert len(rows) == len(ids)
        assert heading.split() == " ".join(column.name for column in table.columns).split()
        for place, row in enumerate(rows):
            assert all(column.cells[place] in row for column in table.columns)
            assert row == row.rstrip()


@pytest.mark.parametrize("room", WIDTHS)
def test_the_figures_of_a_row_stand_beside_its_id_wherever_both_fit(room: int) -> None:
    ids = ["meta/llama-3.1-8b-instruct", "x/" + "y" * 45, "z/" + "w" * 30]
    for model in ids:
        (line,) = (line for line in lines(tables(ids, ["nvidia"] * 3)[0], room) if model in line)
        assert any(status in line for status in Status)


@given(IDS, ROOM)
def test_facts_and_single_events_keep_their_ids_whole(model: str, room: int) -> None:
    story = lines(facts_table(replace(ROW, model=model, reason=Reason.OK, served_as=f"{model}1")), room)
    swap = replace(EVENT, model=model, kind=EventKind.SERVED_MODEL_CHANGED, detail=f"{model}1 -> {model}2")
    for shown in (story, event_line(swap, room).splitlines()):
        assert all(cell_len(line) <= room for line in shown)
        if cell_len(model) < room:
            assert any(f"{model}1" in line for line in shown)
    assert_whole(model, story, room)
    assert "\n" not in event_line(swap)


def test_what_has_no_room_beside_stands_below_its_row() -> None:
    outage = OutageRow(
        provider="p",
        model="m",
        began_at=NOON,
        ended_at=NOON + timedelta(days=13, hours=5),
        reason=Reason.FALLBACK,
    )
    assert lines(outages_table([outage], NOON), 60) == [
        "began (UTC)          ended (UTC)          lasted",
        "  why",
        "2026-04-06 12:00:00  2026-04-19 17:00:00  13 d 5 h",
        "  another deployment answered in its place",
    ]
    assert lines(outages_table([outage], NOON), 80) == [
        "began (UTC)          ended (UTC)          lasted    why",
        "2026-04-06 12:00:00  2026-04-19 17:00:00  13 d 5 h  another deployment answered",
        "                                                    in its place",
    ]


@given(IDS, st.integers(1, 59))
def test_a_terminal_that_is_narrower_than_any_is_no_error(model: str, room: int) -> None:
    for table in tables([model, "short"], ["nvidia", "other"]):
        assert "".join("".join(lines(table, room)).split()).count(model[0])
