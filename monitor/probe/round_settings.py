"""What a round of probes is given, and what it gives."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Cause


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSettings:
    """How a round is made.

    At most `concurrency` requests are under way. Each has `timeout_s` in the first pass, `slow_timeout_s` in
    the second. The round ends `deadline_s` after the sweep's start and sends at most `request_limit`
    requests. `is_accepted` says that a common failure is to be believed (`monitor accept`), `is_exhausted`
    that the key's quota was used up in the last sweep.

    `regulars` answered last time, the status of `available_models` is available; `canaries` are those of them
    that are asked first, and again on suspicion (rules.md 6, 8).
    """

    concurrency: int = 4
    timeout_s: float = 20.0
    slow_timeout_s: float = 90.0
    deadline_s: float | None = None
    request_limit: int | None = None
    is_accepted: bool = False
    is_exhausted: bool = False
    canaries: Sequence[str] = ()
    regulars: Sequence[str] = ()
    available_models: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class RoundResult:
    """What a round gave: exactly one observation per model, in the models' order, and the requests it took.

    `trouble` is the run's own, where the round was stopped for it; it says nothing of the models.
    """

    observations: tuple[Observation, ...]
    requests: int
    trouble: Cause | None = None
