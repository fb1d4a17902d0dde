"""A bar shows what is done and never all of it too early; where stderr is no terminal there is none."""

import re

import pytest
from rich.cells import cell_len
from rich.console import Console

from monitor.cli.terminal.bar import Bar, StderrProgress
from monitor.cli.terminal.sweep_progress import LiveSpectator
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome

WORDS = "3 available, 2 busy, 12 unavailable, 1 unclear"


def drawn(bar: StderrProgress, width: int = 200) -> str:
    """Return what a terminal would show of a bar."""
    console = Console(width=width, color_system=None)
    with console.capture() as shown:
        console.print(bar.get_renderable())
    return re.sub(r"\d:\d\d:\d\d", "0:00:00", shown.get())  # no outcome depends on the time that a test takes


@pytest.mark.parametrize(
    ("done", "total", "words"),
    [(0, 200, " 0.00 % "), (99_999, 100_000, " 99.99 % "), (200, 200, " 100.00 % ")],
)
def test_nothing_but_all_is_a_hundred_percent(done: int, total: int, words: str) -> None:
    bar = Bar()
    bar.show("copying", done, total)
    assert words in drawn(bar)


def test_there_is_no_share_while_it_is_open_how_much_there_is_to_do() -> None:
    bar = Bar()
    bar.show("reading", 7, None, "7 rows")
    assert "7 rows" in drawn(bar)
    assert "%" not in drawn(bar)


def test_things_are_counted_as_they_pass_and_then_the_next_work_is_shown() -> None:
    bar = Bar()
    task = bar.tasks[0]
    counts = [
        (thing, task.description, task.fields["words"]) for thing in bar.counted("reading", "ab", "writing")
    ]
    assert counts == [("a", "", ""), ("b", "reading", "1")]
    assert (task.description, task.completed, task.total) == ("writing", 0, None)


def sweep_of(*providers: str) -> LiveSpectator:
    """Return the progress of sweeps that have 18 of 189 observations each."""
    spectator = LiveSpectator()
    outcomes = (
        *[Outcome.AVAILABLE] * 3,
        *[Outcome.RATE_LIMITED] * 2,
        *[Outcome.UNAVAILABLE] * 12,
        Outcome.UNKNOWN,
    )
    for provider in providers:
        listener = spectator.watch(provider)
        listener.on_catalog(189)
        for outcome in outcomes:
            listener.on_observation(Observation("m", outcome, "ok", at_ms=0))
    return spectator


@pytest.mark.parametrize("width", [60, 70, 80, 100, 120, 200])
@pytest.mark.parametrize("names", [["nvidia"], ["a", "[b]odd", "日本語" * 10, "p" * 58]])
def test_progress_of_a_sweep_is_whole_at_every_width(names: list[str], width: int) -> None:
    lines = drawn(sweep_of(*names), width).splitlines()
    assert max(map(cell_len, lines)) <= width
    assert all(any(name in line for line in lines) for name in names)
    assert sum("18/189" in line for line in lines) == len(names)
    assert " ".join(" ".join(lines).split()).count("12 unavailable, 1 unclear") == len(names)


def test_a_sweep_takes_one_line_with_its_bar_where_there_is_room() -> None:
    (line,) = drawn(sweep_of("nvidia"), 120).splitlines()
    assert line == f"nvidia  ━                     18/189  0:00:00  {WORDS}"
    assert drawn(sweep_of("nvidia"), 60).splitlines() == [
        "nvidia  18/189  0:00:00  3 available, 2 busy, 12",
        "                         unavailable, 1 unclear",
    ]


def test_nothing_is_drawn_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar.show("copying", 1, 2, "rows")
    assert capsys.readouterr() == ("", "")
