"""What a sweep is given, whom it tells, and what it returns."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from monitor.core.model import Decision, Observation, Policy, Sweep
from monitor.http import Endpoint
from monitor.probe.pacer import Pacer


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What to sweep and how. `interval` is the time until the next sweep is due."""

    provider: str
    vantage: str
    endpoint: Endpoint
    policy: Policy
    pacer: Pacer
    concurrency: int
    timeout: timedelta
    interval: timedelta


@dataclass(frozen=True, slots=True)
class Watch:
    """What a spectator of a running sweep is told: how many models will be probed, and each observation."""

    on_catalog: Callable[[int], None] = lambda _models: None
    on_observation: Callable[[Observation], None] = lambda _observation: None


@dataclass(frozen=True, slots=True)
class Swept:
    """A finished sweep: what it saw, its verdict in place, and what that means."""

    sweep_id: int
    sweep: Sweep
    decision: Decision
