"""Progress bars on stderr for long tasks; nothing where stderr is not a terminal."""

import sys
from collections.abc import Iterable, Iterator
from typing import TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.text import Text

from monitor.core.domain.percentages import percent_words

T = TypeVar("T")


class _Share(ProgressColumn):
    """How much is done, nothing while it is open how much there is to do."""

    def render(self, task: Task) -> Text:
        """Return the percentage; that of rich is rounded, up to 100 too."""
        return Text("" if task.total is None else percent_words(task.percentage))


class StderrProgress(Progress):
    """Bars on stderr, where it is a terminal: what is done, the bar, `share`, the time, a few words."""

    def __init__(self, share: ProgressColumn, *, transient: bool = False) -> None:
        super().__init__(
            TextColumn("{task.description}"),
            BarColumn(),
            share,
            TimeElapsedColumn(),
            TextColumn("{task.fields[words]}"),
            console=Console(stderr=True, markup=False),  # markup: a provider's name may hold brackets
            disable=not sys.stderr.isatty(),  # rich prints its bars into files, too
            transient=transient,
        )


class Bar(StderrProgress):
    """One bar that shows one piece of work after the other."""

    def __init__(self) -> None:
        super().__init__(_Share(), transient=True)
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
