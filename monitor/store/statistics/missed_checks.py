"""Sweeps that were due and proved nothing: inconclusive or missed ones, for the coverage of rules.md 27.

Such a sweep was due for the models that the latest conclusive sweep before it listed and that were not
retired. Moments are milliseconds since 1970.
"""

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import (
    BindParameter,
    Connection,
    Select,
    Subquery,
    bindparam,
    literal,
    select,
    tuple_,
    union_all,
)

from monitor.core.domain.vocabulary import Status, Verdict
from monitor.store.facts.identities import catalog_members
from monitor.store.schema import event, missed_slot, sweep, untracked

_RETIRED = Status.RETIRED.value
_BEFORE_EVERY_ID = -(2**31)  # a missed slot comes before a sweep of the same moment
_OWNER: BindParameter[int] = bindparam("owner")
_TURNS = (
    select(event.c.model_id, event.c.swept_at, event.c.sweep_id, event.c.to_status)
    .where((event.c.from_status == _RETIRED) | (event.c.to_status == _RETIRED))
    .where(event.c.from_status.is_(None) | (event.c.from_status != event.c.to_status))
    .order_by(event.c.model_id, event.c.swept_at, event.c.id)
)
_TURNS_OF_ALL = _TURNS.where(event.c.provider_id == _OWNER, event.c.model_id.is_not(None))
# Without the provider, by whose index SQLite would go through all of its events.
_TURNS_OF_ONE = _TURNS.where(event.c.model_id == bindparam("number"))
_SHUT_OUT = select(untracked.c.policy_id, untracked.c.model_id).where(
    untracked.c.policy_id.in_(bindparam("policies", expanding=True))
)
_Turn = tuple[int, int]  # start and id of a sweep: what orders them
_Listing = tuple[int, int]  # ids of a catalog and of the policy that says which of it is tracked


def count_uninformative(
    connection: Connection, provider_id: int, begins_at: int, ends_at: int, model_id: int | None = None
) -> Counter[int]:
    """Return how many inconclusive sweeps and missed slots of [`begins_at`, `ends_at`) each model was due in.

    With `model_id` only that model is counted.
    """
    due = _by_listing(connection, provider_id, begins_at, ends_at)
    members = catalog_members(connection, (catalog for catalog, _ in due))
    excluded = _excluded(connection, {policy for _, policy in due})
    retirements = _retirements(connection, provider_id, model_id)
    counts = Counter[int]()
    for (catalog, policy), turns in due.items():
        for model in set(members[catalog]) - excluded[policy]:
            if model_id in {None, model}:
                gone = retirements.get(model)
                counts[model] += sum(not (gone and _is_retired_before(turn, gone)) for turn in turns)
    return +counts  # + drops zeros


def _by_listing(
    connection: Connection, provider_id: int, begins_at: int, ends_at: int
) -> Mapping[_Listing, list[_Turn]]:
    """Return what was due, by the listing of the latest conclusive sweep before it; few listings differ."""
    params = {"owner": provider_id, "begins_at": begins_at, "ends_at": ends_at}
    turns_of = defaultdict[_Listing, list[_Turn]](list)
    for row in connection.execute(_with_listing(), params).all():
        turns_of[row.catalog_id, row.policy_id].append((row.at, row.id))
    return turns_of


@cache
def _with_listing() -> Select[Any]:
    """Select what was due with the catalog and the policy of the latest conclusive sweep before it."""
    uninformative, before, earlier = _uninformative(), sweep.alias("last"), sweep.alias()
    latest = (
        select(earlier.c.id)
        .where(
            earlier.c.provider_id == _OWNER,
            earlier.c.verdict == Verdict.CONCLUSIVE.value,
            tuple_(earlier.c.started_at, earlier.c.id) < tuple_(uninformative.c.at, uninformative.c.id),
        )
        .order_by(earlier.c.started_at.desc(), earlier.c.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(uninformative.c.at, uninformative.c.id, before.c.catalog_id, before.c.policy_id)
        .select_from(uninformative)
        .join(before, before.c.id == latest)
        .where(before.c.catalog_id.is_not(None))
    )


def _uninformative() -> Subquery:
    made: Select[tuple[int, int]] = select(sweep.c.started_at.label("at"), sweep.c.id).where(
        sweep.c.provider_id == _OWNER,
        sweep.c.verdict == Verdict.INCONCLUSIVE.value,
        sweep.c.started_at >= bindparam("begins_at"),
        sweep.c.started_at < bindparam("ends_at"),
    )
    missed: Select[tuple[int, int]] = select(missed_slot.c.slot, literal(_BEFORE_EVERY_ID)).where(
        missed_slot.c.provider_id == _OWNER,
        missed_slot.c.slot >= bindparam("begins_at"),
        missed_slot.c.slot < bindparam("ends_at"),
    )
    return union_all(made, missed).subquery()


def _excluded(connection: Connection, policies: Iterable[int]) -> Mapping[int, set[int]]:
    models_of = defaultdict[int, set[int]](set)
    for row in connection.execute(_SHUT_OUT, {"policies": list(policies)}).all():
        models_of[row.policy_id].add(row.model_id)
    return models_of


def _retirements(
    connection: Connection, provider_id: int, model_id: int | None
) -> Mapping[int, list[tuple[_Turn, bool]]]:
    """Return each model's turns into retirement (True) and out of it, in their order; or one model's."""
    turns_of = defaultdict[int, list[tuple[_Turn, bool]]](list)
    chosen = _TURNS_OF_ALL if model_id is None else _TURNS_OF_ONE
    for row in connection.execute(chosen, {"owner": provider_id, "number": model_id}).all():
        turns_of[row.model_id].append(((row.swept_at, row.sweep_id), row.to_status == Status.RETIRED))
    return turns_of


def _is_retired_before(turn: _Turn, retirements: Sequence[tuple[_Turn, bool]]) -> bool:
    place = bisect_left(retirements, turn, key=lambda retirement: retirement[0])
    return place > 0 and retirements[place - 1][1]
