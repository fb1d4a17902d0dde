"""Finds or makes the rows that are stored once and pointed at: names, catalogs, policies, findings."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache, lru_cache
from importlib import import_module
from json import dumps, loads
from operator import attrgetter
from typing import Any, Final, cast

from sqlalchemy import Connection, Insert, Select, Table, bindparam, or_, select

from monitor.clock import to_millis
from monitor.core.domain.fields import field_types
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Outcome
from monitor.core.history.publishers import publishers
from monitor.core.lifecycle.fold import is_tracked
from monitor.errors import StoreError
from monitor.store.connection.codecs import batches, digest, is_storable, policy_text
from monitor.store.connection.columns import columns_of
from monitor.store.schema import alias, catalog, finding, model, policy, provider, untracked

Row = Mapping[str, Any]
NO_ALIASES: Final[Mapping[str, int]] = {}
OWN: Final = 0  # the number of a model's own name
# What findings hold of observations: in the first version, whose digests stand, and what came later.
_FIRST: Final = ("outcome", "reason", "kind", "http_status", "attempts", "retires_at", "detail")
_LATER: Final = tuple(name for name in field_types(Observation) if name in finding.c and name not in _FIRST)
_parts: Final = attrgetter(*_FIRST, *_LATER)
_FEW: Final = 20  # names; above it reading all of a provider is quicker than a long list
_MOST_TRIES: Final = 10  # two writers at the same name settle in the second try
# Made once: a sweep runs some of them again and again, and making one takes longer than its answer.
_PROVIDER: Final = select(provider.c.id).where(provider.c.name == bindparam("name"))
_MODELS: Final = select(model.c.name, model.c.id).where(model.c.provider_id == bindparam("owner"))
_MODELS_NAMED: Final = _MODELS.where(model.c.name.in_(bindparam("names", expanding=True)))
_FINDINGS: Final = select(finding.c.digest, finding.c.id).where(
    finding.c.digest.in_(bindparam("marks", expanding=True))
)


def insert_new(connection: Connection, table: Table) -> Insert:
    """Return an insert that leaves rows alone which are already there."""
    return _insert_new(connection.dialect.name, table)


def upsert(connection: Connection, table: Table) -> Insert:
    """Return an insert that overwrites the row with the same primary key, unless it is equal."""
    return _upsert(connection.dialect.name, table)


def _insert(dialect: str, table: Table) -> Any:  # noqa: ANN401 - a dialect's own, with `on_conflict_do_nothing`
    return import_module(f"sqlalchemy.dialects.{dialect}").insert(table)  # Postgres loads six drivers'


@cache
def _insert_new(dialect: str, table: Table) -> Insert:
    return cast("Insert", _insert(dialect, table).on_conflict_do_nothing())


@cache
def _upsert(dialect: str, table: Table) -> Insert:
    statement = _insert(dialect, table)
    key = [column.name for column in table.primary_key.columns]
    rest = {
        column.name: statement.excluded[column.name] for column in table.columns if column.name not in key
    }
    # IS DISTINCT FROM: NULL equals NULL, so that an equal row is not written
    differs = or_(*(table.c[name].is_distinct_from(value) for name, value in rest.items()))
    updating = statement.on_conflict_do_update(index_elements=key, set_=rest, where=differs)
    return cast("Insert", updating)


def find_provider(connection: Connection, name: str) -> int | None:
    """Return the id of a provider that has a history."""
    if not is_storable(name):
        return None
    return connection.scalar(_PROVIDER, {"name": name})


def provider_id(connection: Connection, name: str) -> int:
    """Return the id of a provider, known from now on."""
    return _one_id(connection, provider, {"name": name})


@dataclass(slots=True)
class Identities:
    """Ids that are known to stand in the database, for as long as one sweep's row points at them.

    Models by name, aliases by model and name, findings by digest.
    """

    models: dict[str, int] = field(default_factory=dict)
    aliases: dict[tuple[int, str], int] = field(default_factory=dict)
    findings: dict[bytes, int] = field(default_factory=dict)

    def copy(self) -> "Identities":
        """Return another one: what a transaction adds holds only once it is committed."""
        return Identities(dict(self.models), dict(self.aliases), dict(self.findings))


def model_ids(
    connection: Connection, provider: int, names: Sequence[str], known: Identities | None = None
) -> dict[str, int]:
    """Return the ids of a provider's models by name, known from now on."""
    if known is None:
        return _model_ids(connection, provider, names)
    if unknown := [name for name in names if name not in known.models]:
        known.models |= _model_ids(connection, provider, unknown)
    return {name: known.models[name] for name in names}


def _model_ids(connection: Connection, provider: int, names: Sequence[str]) -> dict[str, int]:
    ids = _known_models(connection, provider, names)
    new = [name for name in dict.fromkeys(names) if name not in ids]
    if new:
        by = publishers(dict.fromkeys(new))
        rows = [{"provider_id": provider, "name": name, "publisher": by[name]} for name in new]
        connection.execute(insert_new(connection, model), rows)
        ids |= _known_models(connection, provider, new)  # DO NOTHING returns no id of older rows
    return ids


def catalog_id(connection: Connection, provider: int, members: Sequence[int]) -> int:
    """Return the id of a listing; the same ids in the same order are stored once."""
    text = dumps(members, separators=(",", ":"))
    return _one_id(connection, catalog, {"provider_id": provider, "digest": digest(text)}, members=text)


def catalog_members(connection: Connection, catalog_ids: Iterable[int]) -> dict[int, list[int]]:
    """Return the model ids of catalogs, in their order."""
    members_of: dict[int, list[int]] = {}
    for batch in batches(sorted(set(catalog_ids))):
        rows = connection.execute(select(catalog.c.id, catalog.c.members).where(catalog.c.id.in_(batch)))
        members_of |= {row.id: loads(row.members) for row in rows}
    return members_of


def policy_id(connection: Connection, rules: Policy) -> int:
    """Return the id of a policy, stored once."""
    text = policy_text(rules)
    return _one_id(connection, policy, {"digest": digest(text)}, document=text)


def note_untracked(connection: Connection, policy: int, rules: Policy, models: Mapping[str, int]) -> None:
    """Remember which of these models the policy excludes, so that SQL need not match patterns."""
    if rules.include == ("*",) and not rules.exclude:  # the usual policy excludes nothing
        return
    rows = [
        {"policy_id": policy, "model_id": number}
        for name, number in models.items()
        if not is_tracked(name, rules)
    ]
    if rows:
        connection.execute(insert_new(connection, untracked), rows)


def alias_numbers(
    connection: Connection,
    models: Mapping[str, int],
    observations: Iterable[Observation],
    known: Identities | None = None,
) -> dict[str, int]:
    """Return by model the number of the name in its answer, known from now on; OWN is its own.

    A model without an answer, or with one not read for a name, has none. `models` are the ids of the models,
    each of which has one observation. Raises StoreError where others number the same model's names again and
    again meanwhile.
    """
    named = {
        observation.model: observation.served_as
        for observation in observations
        # an answer that names no model is the model's own (rules.md 37); a limit names none
        if observation.served_as
        or (observation.served_as is None and observation.outcome is Outcome.AVAILABLE)
    }
    own = {name: OWN for name, served in named.items() if served is None}
    wanted = {name: served for name, served in named.items() if served is not None}
    if not wanted:
        return own
    if known is not None and all((models[name], served) in known.aliases for name, served in wanted.items()):
        return own | {name: known.aliases[models[name], served] for name, served in wanted.items()}
    given = _numbered(connection, models, wanted)
    if known is not None:
        known.aliases |= {(models[name], served): given[name] for name, served in wanted.items()}
    return own | given


def _numbered(connection: Connection, models: Mapping[str, int], wanted: Mapping[str, str]) -> dict[str, int]:
    for _ in range(_MOST_TRIES):
        numbers = _known_aliases(connection, [models[name] for name in wanted])
        new = {name: served for name, served in wanted.items() if served not in numbers.get(models[name], {})}
        if not new:
            return {name: numbers[models[name]][served] for name, served in wanted.items()}
        rows = [
            # numbered from 1 on; two writers may take the same number, and one is left alone
            {"model_id": number, "number": len(numbers.get(number, {})) + 1, "name": new[name]}
            for name in new
            for number in [models[name]]
        ]
        connection.execute(insert_new(connection, alias), rows)
    raise StoreError("the names of a model's answers are numbered by others at the same time: try again")


def finding_ids(
    connection: Connection,
    observations: Iterable[Observation],
    aliases: Mapping[str, int] = NO_ALIASES,
    known: Identities | None = None,
) -> dict[str, int]:
    """Return the ids of what these observations found, by the model of each, known from now on.

    `aliases` are those of `alias_numbers`. New ones are numbered from the most frequent on: SQLite keeps
    small numbers in fewer bytes, and the number 1 in none.
    """
    samples, marks = dict[bytes, Observation](), dict[str, bytes]()
    for observation in observations:
        marks[observation.model] = finding_digest(observation, aliases.get(observation.model))
        samples[marks[observation.model]] = observation
    ids = known.findings if known is not None else dict[bytes, int]()
    if unknown := [mark for mark in samples if mark not in ids]:
        ids |= _known_findings(connection, unknown)
    new = [mark for mark, _ in Counter(marks.values()).most_common() if mark not in ids]
    if new:
        rows = [
            {
                "digest": mark,
                **columns_of(samples[mark], (*_FIRST, *_LATER)),
                "alias": aliases.get(samples[mark].model),
            }
            for mark in new
        ]
        connection.execute(insert_new(connection, finding), rows)
        ids |= _known_findings(connection, new)
    return {model: ids[mark] for model, mark in marks.items()}


def finding_digest(observation: Observation, alias: int | None = None) -> bytes:
    """Return what stands for the parts of an observation that repeat, with the number of the name in it.

    Without one it is what it was before those were kept: findings of older databases are found by it.
    """
    return _digest(_parts(observation), alias)


@lru_cache(maxsize=4096)  # findings are what repeats
def _digest(parts: tuple[object, ...], alias: int | None) -> bytes:
    first, later = parts[: len(_FIRST)], zip(_LATER, parts[len(_FIRST) :], strict=True)
    columns = (to_millis(part) if isinstance(part, datetime) else part for part in first)
    # only those that have a value: findings of older versions keep their digest
    given = [pair for pair in later if pair[1] is not None]
    return digest(*columns, *(() if alias is None else (alias,)), *given)


def _one_id(connection: Connection, table: Table, key: Row, **rest: object) -> int:
    chosen = _id_of(table, tuple(key))
    number: int | None = connection.scalar(chosen, key)
    if number is None:
        connection.execute(insert_new(connection, table), {**key, **rest})
        number = connection.execute(
            chosen, key
        ).scalar_one()  # another process may have inserted it meanwhile
    return number


@cache
def _id_of(table: Table, key: tuple[str, ...]) -> Select[int]:
    return select(table.c.id).where(*(table.c[name] == bindparam(name) for name in key))


def _known_models(connection: Connection, provider: int, names: Sequence[str]) -> dict[str, int]:
    """Return the ids of these names; of all where many are asked for, which is then quicker."""
    if not names:
        return {}
    query = _MODELS_NAMED if len(names) <= _FEW else _MODELS
    rows = connection.execute(query, {"owner": provider, "names": list(names)}).all()
    return {name: number for name, number in rows}  # noqa: C416


def _known_aliases(connection: Connection, models: Sequence[int]) -> dict[int, dict[str, int]]:
    """Return the numbers of the names of these models' answers, by model and name."""
    numbers: dict[int, dict[str, int]] = {}
    for batch in batches(models):
        rows = connection.execute(select(alias).where(alias.c.model_id.in_(batch)))
        for number, place, name in rows:
            numbers.setdefault(number, {})[name] = place
    return numbers


def _known_findings(connection: Connection, marks: Sequence[bytes]) -> dict[bytes, int]:
    ids: dict[bytes, int] = {}
    for batch in batches(marks):
        rows = connection.execute(_FINDINGS, {"marks": batch})
        ids |= {bytes(mark): number for mark, number in rows}
    return ids
