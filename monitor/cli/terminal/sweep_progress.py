"""What a person sees of a running sweep: a live bar on a terminal, a few plain lines on a pipe."""

from collections import Counter
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from monitor.cli.terminal.output import counted, note
from monitor.core.domain.sweep import Observation
from monitor.sweep import Watch

_PLAIN_STEPS = 4


class Spectator(Protocol):
    """Makes the watch of each provider's sweep."""

    def watch(self, provider: str) -> Watch:
        """Return what the sweep of this provider shall call."""


class PlainSpectator:
    """A line at the start and at every quarter, on stderr."""

    def watch(self, provider: str) -> Watch:
        """Count one provider's observations."""
        seen: Counter[str] = Counter()
        listed = 0

        def on_catalog(models: int) -> None:
            nonlocal listed
            listed = models
            note(f"{provider}: {counted(models, 'model')} to probe")

        def on_observation(observation: Observation) -> None:
            seen[observation.outcome] += 1
            if seen.total() * _PLAIN_STEPS // listed > (seen.total() - 1) * _PLAIN_STEPS // listed:
                note(f"{provider}: {seen.total()} of {listed}: {_counts(seen)}")

        return Watch(on_catalog, on_observation)


class LiveSpectator:
    """A bar for each provider, on stderr, so that stdout stays a list of ids."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[counts]}"),
            console=Console(stderr=True, markup=False),
        )

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def watch(self, provider: str) -> Watch:
        """Draw one provider's sweep."""
        seen: Counter[str] = Counter()
        task = self._progress.add_task(provider, total=None, counts="reading the catalog")

        def on_catalog(models: int) -> None:
            self._progress.update(task, total=models)

        def on_observation(observation: Observation) -> None:
            seen[observation.outcome] += 1
            self._progress.update(task, advance=1, counts=_counts(seen))

        return Watch(on_catalog, on_observation)


def _counts(seen: Counter[str]) -> str:
    return ", ".join(f"{count} {outcome}" for outcome, count in sorted(seen.items()))
