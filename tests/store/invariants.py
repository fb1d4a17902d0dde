"""What must hold of a provider's history at any moment, and its rows in a form that both databases share."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Engine, Select, Table, bindparam, delete, select

from monitor.core.lifecycle.rules import BASELINE
from monitor.report.formats.records import format_record
from monitor.report.words.rebuild_report import difference_lines
from monitor.store import schema as t
from monitor.store.connection.engine import reading, writing
from monitor.store.derived.compare import compare
from monitor.store.write.import_export import read_sweeps

_STATUS_KINDS = frozenset({"appeared", "reappeared", "became_available", "became_unavailable", "retired"})
_IDS = frozenset({"id", "model_id", "provider_id", "policy_id", "catalog_id", "folds_before"})
_OF_PROVIDER = t.provider.c.name == bindparam("provider")


def _of_models(table: Table) -> Select[Any]:
    return (
        select(t.model.c.name, table)
        .join_from(t.model, table, table.c.model_id == t.model.c.id)
        .join(t.provider, t.provider.c.id == t.model.c.provider_id)
        .where(_OF_PROVIDER)
    )


_EVENTS = (
    select(t.event, t.model.c.name.label("model"))
    .select_from(t.event)
    .outerjoin(t.model, t.model.c.id == t.event.c.model_id)
    .join(t.provider, t.provider.c.id == t.event.c.provider_id)
    .where(_OF_PROVIDER)
    .order_by(t.event.c.swept_at, t.event.c.id)
)
_SWEEPS = select(t.sweep).join(t.provider).where(_OF_PROVIDER).order_by(t.sweep.c.id)
_MEMORY = select(t.provider_state.c.memory).join(t.provider).where(_OF_PROVIDER)
_OF_MODELS = {each.name: _of_models(each) for each in (t.model_state, t.daily, t.monthly, t.period, t.gap)}


def assert_sound(engine: Engine, provider: str) -> None:
    """Assert that the rows are those a rebuild gives, and that the events tell a life (rules.md 13, 29)."""
    found = compare(engine, provider)
    assert not found.differs, "\n".join(difference_lines(found))
    with reading(engine) as connection:
        events = _rows(connection, _EVENTS, provider)
        states = _rows(connection, _OF_MODELS["model_state"], provider)
    assert len({each["id"] for each in events}) == len(events)
    identities = {(each["model"], each["kind"], each["sweep_id"]) for each in events}
    assert len(identities) == len(events)
    lives = defaultdict[str, list[dict[str, Any]]](list)
    for each in events:
        if each["model"] is not None:
            lives[each["model"]].append(each)
    assert {name: life[-1]["to_status"] for name, life in lives.items()} == {
        row["name"]: row["status"] for row in states
    }
    for life in lives.values():
        _assert_a_life(life)


def _assert_a_life(life: list[dict[str, Any]]) -> None:
    turns = [each for each in life if each["kind"] in _STATUS_KINDS]
    assert turns[0]["kind"] == "appeared"
    assert turns[0]["from_status"] is None
    assert all(each["kind"] != "appeared" for each in turns[1:])
    assert all(former["to_status"] == later["from_status"] for former, later in pairwise(life))
    assert all(former["to_status"] != later["to_status"] for former, later in pairwise(turns))
    assert all(each["detail"] in {None, BASELINE} for each in turns)
    flaps = [each["kind"] for each in life if each["kind"].startswith("flapping")]
    assert (
        flaps == ["flapping_started", "flapping_stopped"] * (len(flaps) // 2) + flaps[len(flaps) // 2 * 2 :]
    )
    assert flaps[-1:] in ([], ["flapping_started"], ["flapping_stopped"])


def everything(engine: Engine, provider: str) -> dict[str, list[Any]]:
    """Return all that is derived of a provider, and its export, with names in the place of ids.

    Tokens are left out: each opening of a sweep has one of its own.
    """
    with reading(engine) as connection:
        rows = {
            "events": [_named(each) | {"id": each["id"]} for each in _rows(connection, _EVENTS, provider)],
            "sweeps": [
                _named(row) | {"id": row["id"], "token": None} for row in _rows(connection, _SWEEPS, provider)
            ],
            "memory": [row["memory"] for row in _rows(connection, _MEMORY, provider)],
            **{
                name: sorted(map(repr, map(_named, _rows(connection, query, provider))))
                for name, query in _OF_MODELS.items()
            },
        }
    return rows | {"export": [format_record(each) for each in read_sweeps(engine, providers=[provider])]}


def derived(engine: Engine, provider: str) -> dict[str, list[Any]]:
    """Return the same without what goes with the observations when they are pruned."""
    return without_observations(everything(engine, provider))


def without_observations(rows: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """Return of `everything` what stays when observations are pruned."""
    return {name: values for name, values in rows.items() if name not in {"gap", "export"}}


def forget(engine: Engine, provider: str) -> None:
    """Delete all that is known of a provider."""
    with writing(engine) as connection:
        owner = select(t.provider.c.id).where(t.provider.c.name == provider).scalar_subquery()
        models = select(t.model.c.id).where(t.model.c.provider_id == owner)
        connection.execute(delete(t.event).where(t.event.c.provider_id == owner))
        for table in (
            t.streamed,
            t.observation,
            t.alias,
            t.origin,
            t.gap,
            t.daily,
            t.monthly,
            t.period,
            t.model_state,
            t.untracked,
        ):
            connection.execute(delete(table).where(table.c.model_id.in_(models)))
        for table in (t.horizon, t.checkpoint, t.sweep, t.catalog, t.provider_state, t.acceptance, t.model):
            connection.execute(delete(table).where(table.c.provider_id == owner))
        connection.execute(delete(t.provider).where(t.provider.c.name == provider))


def _rows(connection: Connection, query: Select[Any], provider: str) -> list[dict[str, Any]]:
    return [dict(row) for row in connection.execute(query, {"provider": provider}).mappings()]


def _named(row: Any) -> dict[str, Any]:  # noqa: ANN401  # a row of any table
    return {name: value for name, value in row.items() if name not in _IDS}
