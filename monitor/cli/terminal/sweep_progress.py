"""Progress of a running sweep: a live bar on a terminal, a few plain lines on a pipe."""

from collections import Counter

from rich.progress import Task

from monitor.cli.terminal.bar import StderrProgress
from monitor.cli.terminal.output import note
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome
from monitor.report.words.numbers import counted
from monitor.report.words.outcomes import outcome_counts
from monitor.sweep import ProgressListener

_PLAIN_STEPS = 4


class PlainSpectator:
    """A line at the start and at every quarter, on stderr."""

    def watch(self, provider: str) -> ProgressListener:
        """Count one provider's observations."""
        outcomes = Counter[Outcome]()
        listed = 0

        def on_catalog(models: int) -> None:
            nonlocal listed
            listed = models
            note(f"{provider}: {counted(models, 'model')} to probe")

        def on_observation(observation: Observation) -> None:
            outcomes[observation.outcome] += 1
            done = outcomes.total()
            if done * _PLAIN_STEPS // listed > (done - 1) * _PLAIN_STEPS // listed:
                note(f"{provider}: {done} of {listed}: {outcome_counts(outcomes)}")

        return ProgressListener(on_catalog, on_observation)


class LiveSpectator(StderrProgress):
    """A bar for each provider, on stderr, so that stdout stays a list of ids."""

    def __init__(self) -> None:
        super().__init__(_share)

    def watch(self, provider: str) -> ProgressListener:
        """Draw one provider's sweep."""
        outcomes = Counter[Outcome]()
        task = self.add_task(provider, total=None, words="reading the catalog")

        def on_catalog(models: int) -> None:
            self.update(task, total=models)

        def on_observation(observation: Observation) -> None:
            outcomes[observation.outcome] += 1
            self.update(task, advance=1, words=outcome_counts(outcomes))

        return ProgressListener(on_catalog, on_observation)


def _share(task: Task) -> str:
    return f"{int(task.completed)}/{'?' if task.total is None else int(task.total)}"
