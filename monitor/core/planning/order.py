"""In which order a sweep asks its models, and which of them where not all may be asked."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import zip_longest

from monitor.core.domain.state import ModelState
from monitor.core.domain.vocabulary import Status

_LONG_AGO = datetime.min.replace(tzinfo=UTC)


def interleaved(models: Iterable[str]) -> tuple[str, ...]:
    """Deal the models out publisher by publisher, so that no publisher's are asked in one row."""
    publishers: dict[str, list[str]] = {}
    for model in models:
        publishers.setdefault(model.partition("/")[0] if "/" in model else "", []).append(model)
    rounds = zip_longest(*publishers.values())
    return tuple(model for each in rounds for model in each if model is not None)


def by_worth(models: Sequence[str], states: Mapping[str, ModelState]) -> tuple[str, ...]:
    """Order models by how much one more observation tells: in doubt, new, available, down, retired.

    Among equals the one not looked at for longest comes first, so that none is left out for ever.
    """

    def worth(model: str) -> tuple[int, datetime]:
        known = states.get(model)
        if known is None:
            return 1, _LONG_AGO
        return _class(known), known.last_checked_at or _LONG_AGO

    return tuple(sorted(interleaved(models), key=worth))


def _class(known: ModelState) -> int:
    if _is_in_doubt(known):
        return 0
    return {Status.NEW: 1, Status.AVAILABLE: 2, Status.UNAVAILABLE: 3, Status.RETIRED: 4}[known.status]


def _is_in_doubt(known: ModelState) -> bool:
    """Whether a streak against what is believed has begun, or the model flaps."""
    memory = known.memory
    against = memory.downs if known.status is Status.AVAILABLE else memory.ups
    return known.flapping or (against is not None and known.status is not Status.NEW)
