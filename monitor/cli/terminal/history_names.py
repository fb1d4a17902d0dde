"""Providers and models by the names that the user gives, looked up in the history."""

from monitor.core.domain.names import did_you_mean
from monitor.core.history.rows import ModelRow
from monitor.errors import UnknownModel, UsageError
from monitor.store import query
from monitor.store.connection.engine import Engine


def known_provider(engine: Engine, provider: str | None) -> str | None:
    """Return the name as it is, or None; raises UsageError for a provider without a history."""
    if provider is not None:
        query.chosen_providers(engine, provider)
    return provider


def known_model(engine: Engine, model: str, provider: str | None) -> ModelRow:
    """Return what is believed of a model; raises UnknownModel, or UsageError where two providers have it."""
    rows = query.current_models(engine, known_provider(engine, provider), model=model)
    if not rows:
        meant = did_you_mean(model, (row.model for row in query.current_models(engine, provider)))
        raise UnknownModel(
            f'no model "{model}" in the history{meant}; `monitor list --status all` prints the ids'
        )
    if len(rows) > 1:
        names = ", ".join(row.provider for row in rows)
        raise UsageError(f'several providers have a model "{model}" ({names}); choose one with --provider')
    return rows[0]
