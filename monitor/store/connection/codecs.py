"""How core values stand in columns: times as milliseconds, memories and policies as stable JSON, digests."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import blake2b
from itertools import islice
from typing import TypeVar

from pydantic import TypeAdapter

from monitor.clock import to_datetime, to_millis
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import Memory, Streak

_EPOCH_2020_MS = 1_577_836_800_000  # 2020-01-01T00:00:00Z
_EVENTS_PER_SWEEP = 2**20  # far more than a sweep's models have events; fits 64 bits with a 32-bit sweep id

T = TypeVar("T")


def millis(moment: datetime | None) -> int | None:
    """Milliseconds since 1970, NULL for None."""
    return None if moment is None else to_millis(moment)


def moment(value: int | None) -> datetime | None:
    """Aware UTC moment, None for NULL."""
    return None if value is None else to_datetime(value)


def wanted_sweep_id(started_at: datetime) -> int:
    """Seconds since 2020: the id a sweep gets unless another has it."""
    return (to_millis(started_at) - _EPOCH_2020_MS) // 1000


def event_id(sweep_id: int, place: int) -> int:
    """Id of the event at a place (from 0) in a sweep's order (rules.md 26, 29)."""
    return sweep_id * _EVENTS_PER_SWEEP + place


def sweep_of_event(event_id: int) -> int:
    """Id of the sweep that an event belongs to."""
    return event_id // _EVENTS_PER_SWEEP


def is_storable(name: str) -> bool:
    """Return whether a name can be in a database: no lone surrogates, no NUL. What cannot be is not there."""
    return "\0" not in name and not any("\ud800" <= letter <= "\udfff" for letter in name)


def digest(*parts: object) -> bytes:
    """16 bytes that stand for these values, distinguished by type and position."""
    return blake2b(json.dumps(parts, default=str).encode("utf-8", "surrogatepass"), digest_size=16).digest()


# 500 ids stay below the 999 parameters that SQLite took before 3.32
def batches(rows: Iterable[T], size: int = 500) -> Iterator[Sequence[T]]:
    """Cut rows so that one statement never meets a limit on parameters."""
    position = iter(rows)
    while batch := list(islice(position, size)):
        yield batch


def stable_json(value: object) -> str:
    """JSON that is the same text for the same value: sorted keys and sets, no spaces."""
    # stable text: unchanged states compare equal and are not written again
    return json.dumps(value, default=_plain, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _plain(value: object) -> object:
    if isinstance(value, frozenset):
        return sorted(value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, timedelta):
        return value.total_seconds()
    raise TypeError(type(value).__name__)


_MEMORY = TypeAdapter(Memory)
_POLICY = TypeAdapter(Policy)


def memory_text(memory: Memory) -> str:
    """Return a model's memory as text; what is at its default is left out."""
    # Defaults take most of a memory, and there is one of each model. Not by pydantic, which takes five times
    # as long: nearly every memory is written with each sweep. Names in alphabetical order: stable text.
    parts = [
        _streak_part("absent", memory.absent),
        _streak_part("downs", memory.downs),
        '"has_answered":true' if memory.has_answered else "",
        '"has_served":true' if memory.has_served else "",
        '"is_gone":true' if memory.is_gone else "",
        f'"swap":{stable_json(asdict(memory.swap))}' if memory.swap else "",
        _streak_part("timeouts", memory.timeouts),
        _streak_part("unclear", memory.unclear),
        _streak_part("ups", memory.ups),
        f'"window":{_window_text(memory.window)}' if memory.window else "",
    ]
    return f"{{{','.join(filter(None, parts))}}}"


def _streak_part(name: str, streak: Streak | None) -> str:
    if streak is None:
        return ""
    return f'"{name}":{{"began_at":"{streak.began_at.isoformat()}","count":{streak.count}}}'


@lru_cache(maxsize=1024)  # few windows differ
def _window_text(window: tuple[bool, ...]) -> str:
    return stable_json(window)


def read_memory(text: str) -> Memory:
    """Return the memory that `memory_text` wrote."""
    return _MEMORY.validate_json(text)


def policy_text(policy: Policy) -> str:
    """Return a policy as text, complete: defaults may change with a version, a stored policy must not."""
    return stable_json(_POLICY.dump_python(policy))


def read_policy(text: str) -> Policy:
    """Return the policy that `policy_text` wrote."""
    return _POLICY.validate_json(text)
