"""What the guard holds back of a provider, in plain words, for the operator who may accept it."""

from collections.abc import Iterator
from typing import Final

from monitor.core.domain.state import Held, ProviderState
from monitor.core.lifecycle.guard import ACCOUNT, GONE, REQUEST, TROUBLE
from monitor.report.words.codes import cause_words, readable
from monitor.report.words.numbers import counted
from monitor.report.words.times import moment_words

# Classes of failing to answer (rules.md 8).
FAILURES: Final[dict[str, str]] = {
    ACCOUNT: "refused or not found (HTTP 401 to 404)",
    GONE: "reported as gone (HTTP 410)",
    REQUEST: "refusing the request (HTTP 400, 422)",
    TROUBLE: "failing (HTTP 5xx, no answer or an invalid one)",
}


def held_back(state: ProviderState) -> list[str]:
    """Return a sentence for each thing that the guard does not believe yet; an empty list for nothing."""
    sentences = [f"the latest sweeps do not count: {cause_words(cause)}" for _, cause in state.open_troubles]
    if lost := state.missing.keys() & state.believed:  # released ids are believed no more (rules.md 11)
        believed = counted(len(state.believed), "model")
        sentences.append(f"{len(lost):,} of the {believed} last believed to be listed are missing")
    return [*sentences, *_mass_failure(state.held)]


def _mass_failure(held: Held | None) -> Iterator[str]:
    if held is None or not held.models:
        return
    since = min(streak.began_at for streak in held.models.values())
    sweeps = max(streak.count for streak in held.models.values())
    words = FAILURES.get(held.failure_class, f"failing alike ({readable(held.failure_class)})")
    times = counted(sweeps, "sweep", "sweeps in a row")
    yield f"{counted(len(held.models), 'model')} {words}, for {times} since {moment_words(since)}"
