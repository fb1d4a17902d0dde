"""What a sweep begins with, as the history has it at one moment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import ModelOrigin
from monitor.core.planning.inputs import Knowledge
from monitor.store.connection.engine import reading
from monitor.store.derived.latest import latest_state
from monitor.store.facts.identities import find_provider
from monitor.store.facts.origins import latest_origins
from monitor.store.memory.acceptance import waits
from monitor.store.memory.knowledge import read_all_knowledge
from monitor.store.query.sweeps import count_requests


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepBasis:
    """What is believed, learned and known of origins, whether it is accepted, and the day's requests."""

    state: ProviderState = field(default_factory=ProviderState)
    knowledge: Mapping[str, Knowledge] = field(default_factory=dict)
    origins: Mapping[str, ModelOrigin] = field(default_factory=dict)
    is_accepted: bool = False
    requests: int = 0


def read_beginning(engine: Engine, provider: str, since: datetime, until: datetime) -> SweepBasis:
    """Return what a sweep begins with; the requests are of sweeps begun from `since` on, before `until`."""
    with reading(engine) as connection:
        owner = find_provider(connection, provider)
        if owner is None:
            return SweepBasis()
        return SweepBasis(
            state=latest_state(connection, owner),
            knowledge=read_all_knowledge(connection, provider),
            origins=latest_origins(connection, owner),
            is_accepted=waits(connection, provider),
            requests=count_requests(connection, provider, since, until),
        )
