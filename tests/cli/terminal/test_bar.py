"""A bar shows what is done and never all of it too early; where stderr is no terminal there is none."""

import pytest
from rich.console import Console

from monitor.cli.terminal.bar import Bar


def drawn(bar: Bar) -> str:
    """Return what a wide terminal would show of a bar."""
    console = Console(width=200, color_system=None)
    with console.capture() as shown:
        console.print(bar.get_renderable())
    return shown.get()


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


def test_nothing_is_drawn_where_stderr_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    with Bar() as bar:
        bar.show("copying", 1, 2, "rows")
    assert capsys.readouterr() == ("", "")
