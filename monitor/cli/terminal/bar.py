"""Progress bars on stderr for long tasks; nothing where stderr is not a terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, TypeVar

from rich.console import Console, ConsoleOptions, RenderableType
from rich.progress import Progress, Task
from rich.text import Text

from monitor.core.domain.percentages import percent_words
from monitor.report.terminal.draw import drawn
from monitor.report.terminal.table import Form, TerminalColumn, TerminalTable
from monitor.report.words.codes import shown_id

_BAR: Final = 20  # terminal columns

T = TypeVar("T")


def _share(task: Task) -> str:
    """Return how much is done, nothing while it is open how much there is to do."""
    return "" if task.total is None else percent_words(task.percentage)


@dataclass(frozen=True)
class _Rows:
    """Tasks in the width they are drawn in: where it is small the bar leaves, and words go on more lines."""

    tasks: Sequence[Task]
    share: Callable[[Task], str]

    def __rich_console__(self, _console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Yield the lines of all tasks."""
        works = [shown_id(task.description) for task in self.tasks]
        bars = [_bar(task) for task in self.tasks]
        table = TerminalTable(
            (
                TerminalColumn("work", works, Form.ID),
                TerminalColumn("bar", bars, styles=["bar.complete"] * len(bars)),
                TerminalColumn("share", [self.share(task) for task in self.tasks], is_right=True),
                TerminalColumn("time", [_elapsed(task) for task in self.tasks]),
                TerminalColumn("words", [task.fields["words"] for task in self.tasks], Form.TEXT),
            ),
            leaving=("bar",),
            below="words",
            has_header=False,
        )
        yield from drawn(table, options.max_width)


def _bar(task: Task) -> str:
    return "" if task.total is None else f"{'━' * int(task.percentage * _BAR / 100):{_BAR}}"


def _elapsed(task: Task) -> str:
    seconds = task.finished_time if task.finished else task.elapsed
    return str(timedelta(seconds=int(seconds or 0)))


class StderrProgress(Progress):
    """Bars on stderr, where it is a terminal: what is done, the bar, `share`, the time, a few words."""

    def __init__(self, share: Callable[[Task], str], *, transient: bool = False) -> None:
        self._share_of = share  # first: the base class draws as it is made
        super().__init__(
            console=Console(stderr=True),
            disable=not sys.stderr.isatty(),  # rich prints its bars into files, too
            transient=transient,
        )

    def get_renderable(self) -> RenderableType:
        """Return what is drawn now, in place of rich's table, which cuts words off."""
        return _Rows(self.tasks, self._share_of)


class Bar(StderrProgress):
    """One bar that shows one piece of work after the other."""

    def __init__(self) -> None:
        super().__init__(_share, transient=True)
        self._work = ""
        self._task = self.add_task(self._work, total=None, words="")

    def show(self, work: str, done: int, total: int | None, words: str = "") -> None:
        """Show how far a piece of work is, with a few words beside it; at once where it has just begun."""
        begins, self._work = work != self._work, work
        self.update(self._task, description=work, completed=done, total=total, words=words, refresh=begins)

    def counted(self, work: str, things: Iterable[T], then: str) -> Iterator[T]:
        """Yield things while showing their number, and at the end the work that follows."""
        for done, thing in enumerate(things, start=1):
            yield thing
            self.show(work, done, None, f"{done:,}")
        self.show(then, 0, None)
