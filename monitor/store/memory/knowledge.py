"""What the prober learned of each model, kept from sweep to sweep: one small document a model.

It is no fact of the history and follows from none: exports do not carry it, a rebuild leaves it alone.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from pydantic import TypeAdapter, ValidationError
from sqlalchemy import Connection, Engine, bindparam, delete, select

from monitor.core.planning.inputs import NOTHING_KNOWN, Knowledge
from monitor.store.connection.codecs import batches, stable_json
from monitor.store.connection.engine import reading, writing
from monitor.store.facts.identities import find_provider, model_ids, provider_id, upsert
from monitor.store.schema import knowledge, model

_KNOWLEDGE: Final = TypeAdapter(Knowledge)
_STORED: Final = (
    select(model.c.name, knowledge.c.model_id, knowledge.c.document)
    .join_from(model, knowledge)
    .where(model.c.provider_id == bindparam("owner"))
)


def load_knowledge(engine: Engine, provider: str) -> dict[str, Knowledge]:
    """Return what was learned of a provider's models, by name; models nothing is known of are left out.

    A document that cannot be read (damaged, or a newer version's) counts as nothing known: learning it again
    costs a few requests, while an error here would stop every sweep of the provider.
    """
    with reading(engine) as connection:
        return read_all_knowledge(connection, provider)


def read_all_knowledge(connection: Connection, provider: str) -> dict[str, Knowledge]:
    """As `load_knowledge`, in the transaction at hand."""
    stored = _stored(connection, provider)
    documents = {name: read_knowledge(document) for name, (_, document) in stored.items()}
    return {name: learned for name, learned in documents.items() if learned != NOTHING_KNOWN}


def save_knowledge(engine: Engine, provider: str, learned: Mapping[str, Knowledge]) -> None:
    """Keep what was learned of these models, by name, in one transaction; others are left as they are."""
    if not learned:  # most sweeps
        return
    with writing(engine) as connection:
        write_knowledge(connection, provider, learned)


def write_knowledge(connection: Connection, provider: str, learned: Mapping[str, Knowledge]) -> None:
    """As `save_knowledge`, in the transaction at hand.

    Only rows that change are written; one of a model that nothing is known of any more is deleted.
    """
    wanted = {name: knowledge_text(value) for name, value in learned.items() if value != NOTHING_KNOWN}
    stored = _stored(connection, provider)
    written = {name: document for name, (_, document) in stored.items()}
    changed = {name: document for name, document in wanted.items() if written.get(name) != document}
    _write(connection, provider, changed)
    gone = [number for name, (number, _) in stored.items() if name in learned and name not in wanted]
    for batch in batches(gone):
        connection.execute(delete(knowledge).where(knowledge.c.model_id.in_(batch)))


def knowledge_text(learned: Knowledge) -> str:
    """Return knowledge as stable JSON; what is at its default is left out."""
    return stable_json(_KNOWLEDGE.dump_python(learned, exclude_defaults=True))


@lru_cache(maxsize=1024)  # most models are asked in one of a few forms
def read_knowledge(document: str) -> Knowledge:
    """Return the knowledge that `knowledge_text` wrote, nothing known for what it cannot have written."""
    try:
        learned = _KNOWLEDGE.validate_json(document)
    except ValidationError:
        return NOTHING_KNOWN
    moments = (learned.searched_at, learned.wrong_since)
    is_naive = any(moment is not None and moment.tzinfo is None for moment in moments)
    return NOTHING_KNOWN if is_naive else learned


def _stored(connection: Connection, provider: str) -> dict[str, tuple[int, str]]:
    """Return the id and the document of a provider's models, by name."""
    rows = connection.execute(_STORED, {"owner": find_provider(connection, provider)})
    return {name: (number, document) for name, number, document in rows}


def _write(connection: Connection, provider: str, documents: Mapping[str, str]) -> None:
    if not documents:
        return
    ids = model_ids(connection, provider_id(connection, provider), list(documents))
    rows = [{"model_id": ids[name], "document": document} for name, document in documents.items()]
    connection.execute(upsert(connection, knowledge), rows)
