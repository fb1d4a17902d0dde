"""A progress bar for work that is mostly quick: it comes after a second, and a quick command loads none."""

import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from monitor.cli.terminal.bar import Bar

_AFTER_S: Final = 1.0


class SlowBar:
    """A bar on stderr, where it is a terminal, from a second after the beginning to `end`."""

    def __init__(self, work: str) -> None:
        self._work = work
        self._bar: Bar | None = None
        self._timer = threading.Timer(_AFTER_S, self._show)

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            self._timer.start()
        return self

    def _show(self) -> None:
        from monitor.cli.terminal.bar import Bar  # noqa: PLC0415 - it loads rich, which takes a while

        bar = Bar()
        bar.show(self._work, 0, None)
        bar.start()
        self._bar = bar

    def show(self, words: str) -> None:
        """Show a few words beside the bar, if it is there."""
        if self._bar:
            self._bar.show(self._work, 0, None, words)

    def end(self) -> None:
        """Take the bar away, for good; the first result is to be printed."""
        self._timer.cancel()
        if self._timer.is_alive():
            self._timer.join()
        if self._bar:
            self._bar.stop()
            self._bar = None

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.end()
