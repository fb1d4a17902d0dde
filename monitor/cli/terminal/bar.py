"""A bar on stderr for what takes minutes; nothing where stderr is no terminal."""

import sys
from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import Self, TypeVar

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


class Bar:
    """One bar that shows one piece of work after the other."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            _Share(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[said]}"),
            console=Console(stderr=True, markup=False),
            disable=not sys.stderr.isatty(),
            transient=True,
        )
        self._work = ""
        self._task = self._progress.add_task(self._work, total=None, said="")

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, work: str, done: int, total: int | None, said: str = "") -> None:
        """Show how far a piece of work is, with a few words beside it; at once where it has just begun."""
        begins, self._work = work != self._work, work
        self._progress.update(
            self._task, description=work, completed=done, total=total, said=said, refresh=begins
        )

    def counted(self, work: str, things: Iterable[T], then: str) -> Iterator[T]:
        """Give things as they come and show how many there were, and in the end what work follows."""
        for done, each in enumerate(things, start=1):
            yield each
            self.show(work, done, None, f"{done:,}")
        self.show(then, 0, None)
