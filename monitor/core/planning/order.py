"""In which order a sweep asks its models, and which of them where not all may be asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest

from monitor.core.domain.state import ModelState
from monitor.core.domain.vocabulary import Status

_LONG_AGO = datetime.min.replace(tzinfo=UTC)  # never checked sorts before any date


def interleaved(models: Iterable[str]) -> tuple[str, ...]:
    """Deal the models out publisher by publisher, so that no publisher's are asked in one row."""
    publishers: dict[str, list[str]] = {}
    for model in models:
        publishers.setdefault(model.partition("/")[0] if "/" in model else "", []).append(model)
    rounds = zip_longest(*publishers.values())
    return tuple(model for models in rounds for model in models if model is not None)


def by_worth(models: Sequence[str], states: Mapping[str, ModelState]) -> tuple[str, ...]:
    """Order models by how much one more observation says: in doubt, new, available, down, retired.

    Among equals the one not checked for longest comes first, so that none is always left out.
    """

    def worth(model: str) -> tuple[int, datetime]:
        state = states.get(model)
        if state is None:
            return 1, _LONG_AGO
        return _class(state), state.last_checked_at or _LONG_AGO

    return tuple(sorted(interleaved(models), key=worth))  # stable: interleaved among equals


def _class(state: ModelState) -> int:
    if _is_in_doubt(state):
        return 0
    return {Status.NEW: 1, Status.AVAILABLE: 2, Status.UNAVAILABLE: 3, Status.RETIRED: 4}[state.status]


def _is_in_doubt(state: ModelState) -> bool:
    """Whether a streak against what is believed has begun, or the model flaps."""
    memory = state.memory
    against = memory.downs if state.status is Status.AVAILABLE else memory.ups
    return state.flapping or (against is not None and state.status is not Status.NEW)
