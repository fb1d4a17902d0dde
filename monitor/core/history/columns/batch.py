"""Some sweeps for a writer of records, model by model as columns: what repeats stands once."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.core.domain.sweep import Observation, Sweep


@dataclass(frozen=True, slots=True, eq=False)
class Prototype:
    """What observations of one model have in common, as one without latency, moment and stream.

    One is equal to itself alone, so that what becomes of it can be kept by it.
    """

    observation: Observation


Streamed = tuple[int | None, float | None]
"""Milliseconds to the first token, and tokens a second."""


@dataclass(frozen=True, slots=True)
class ModelColumns:
    """A model's observations in some sweeps; `streams` is empty where nothing was streamed.

    `sweeps` are ids; `latencies` and `moments` (`at_ms`) are in digits, a latency that is not there is empty.
    """

    model_id: int
    sweeps: Sequence[int]
    prototypes: Sequence[Prototype]
    latencies: Sequence[str]
    moments: Sequence[str]
    streams: Sequence[Streamed | None]


@dataclass(frozen=True, slots=True)
class BatchedSweep:
    """A sweep of a batch without its observations: `models` are ids of those it may have, in order."""

    id: int
    sweep: Sweep
    models: Sequence[int]


@dataclass(frozen=True, slots=True)
class SweepBatch:
    """Some sweeps in their order, and the observations of these and maybe of others, by model."""

    sweeps: Sequence[BatchedSweep]
    columns: Sequence[ModelColumns]
