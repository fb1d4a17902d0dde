"""What a provider's next sweep begins with, as the text that a process leaves for the one after it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from monitor.core.domain.sweep import ModelOrigin
from monitor.core.planning.inputs import Knowledge
from monitor.store.admin.migrate import HEAD
from monitor.store.connection.codecs import stable_json
from monitor.store.derived.states import read_document, state_document
from monitor.sweep.keeping.memory import ProviderMemory
from monitor.sweep.values import SweepStart


@dataclass(frozen=True, slots=True, kw_only=True)
class _Document:
    schema: str
    state: str
    knowledge: Mapping[str, Knowledge]
    origins: tuple[ModelOrigin, ...]
    is_accepted: bool
    slot: datetime | None
    day: date
    spent: int
    ended_at: datetime


_DOCUMENT: Final = TypeAdapter(_Document)


def memory_document(memory: ProviderMemory) -> str:
    """Return a memory as text; `read_memory` gives the same memory back."""
    start = memory.start
    document = _Document(
        schema=HEAD,
        state=state_document(start.state),
        knowledge=start.knowledge,
        origins=tuple(start.origins.values()),
        is_accepted=start.is_accepted,
        slot=start.slot,
        day=memory.day,
        spent=memory.spent,
        ended_at=memory.ended_at,
    )
    content: dict[str, Any] = _DOCUMENT.dump_python(document, mode="json", exclude_defaults=True)
    return stable_json(content)


def read_memory(document: str) -> ProviderMemory | None:
    """Return the memory of a document; None for one of another version."""
    try:
        read = _DOCUMENT.validate_json(document)
        if read.schema != HEAD:
            return None
        start = SweepStart(
            slot=read.slot,
            state=read_document(read.state),
            knowledge=read.knowledge,
            is_accepted=read.is_accepted,
            spent_today=read.spent,
            origins={each.model: each for each in read.origins},
        )
    except (ValidationError, ValueError, KeyError, TypeError):
        return None
    return ProviderMemory(start=start, day=read.day, spent=read.spent, ended_at=read.ended_at)
