"""The catalog of a sweep: the provider's list, in the ids that requests have, and the ids that are named."""

from collections.abc import Mapping
from dataclasses import replace

from monitor.catalog.litellm import completed, read_model_info
from monitor.catalog.read import read_catalog
from monitor.catalog.reading import CatalogReading, without_prefix
from monitor.core.answer.answer import Answer
from monitor.core.domain.state import ProviderState
from monitor.core.domain.sweep import ModelOrigin
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.lifecycle.fold import is_tracked
from monitor.core.request.forms import RequestForm
from monitor.core.request.route_hints import in_order
from monitor.probe.probe import ProviderSession, SweepListener, probe_model
from monitor.sweep.values import SweepStart, Target

_PREFIX = "models/"
_SAMPLES = 3  # models; by both ids each
# what a server says to an id that it does not know
_UNKNOWN_THERE = frozenset({Reason.NOT_FOUND, Reason.NO_ENDPOINT, Reason.BAD_REQUEST})


async def read_listing(target: Target, session: ProviderSession, start: SweepStart) -> CatalogReading:
    """Read a provider's catalog as a sweep takes it; its requests are counted in the reading.

    Ids that the configuration names are listed as long as they are named. Where the provider has no list, or
    an empty one, they are the catalog; any other trouble with the list stays one.
    """
    reading, prefix = CatalogReading(), target.traits.id_prefix
    if target.has_catalog:
        reading = await read_catalog(
            session.client, session.endpoint, pacer=target.pacer, traits=target.traits
        )
    if reading.trouble and not (reading.trouble.lists_nothing and target.models):
        return reading
    if not prefix:  # a preset knows it
        prefix, requests = await _prefix_of(reading, target, session, start.state)
        reading = replace(without_prefix(reading, prefix), requests=reading.requests + requests)
    named = (model.removeprefix(prefix) or model for model in target.models)
    reading = replace(reading, ids=tuple(dict.fromkeys((*reading.ids, *named))), trouble=None)
    return await _with_model_info(reading, target, session, start)


def new_origins(reading: CatalogReading, known: Mapping[str, ModelOrigin]) -> tuple[ModelOrigin, ...]:
    """Return what a catalog says of models' origins that is not known yet, by id.

    A model is made once: the first time stands, since some servers say the time of the question.
    """
    said = (
        ModelOrigin(model, entry.owned_by, entry.created)
        for model, entry in sorted(reading.entries.items())
        if entry.owned_by or entry.created
    )
    return tuple(each for each in said if _is_new(each, known.get(each.model)))


def _is_new(said: ModelOrigin, known: ModelOrigin | None) -> bool:
    if known is None:
        return True
    is_made_known = known.created is None and said.created is not None
    return is_made_known or said.owned_by not in {None, known.owned_by}


async def _with_model_info(
    reading: CatalogReading, target: Target, session: ProviderSession, start: SweepStart
) -> CatalogReading:
    """Ask a LiteLLM for the kinds of models that neither its list nor the history says (rules.md 38)."""
    if not (target.traits.has_model_info or reading.is_litellm):
        return reading
    tracked = (model for model in reading.ids if is_tracked(model, target.policy))
    if not any(_is_of_unknown_kind(model, reading, start) for model in tracked):
        return reading
    more = await read_model_info(session.client, session.endpoint, pacer=target.pacer)
    entries = completed(reading.entries, more, reading.ids)
    return replace(reading, entries=entries, requests=reading.requests + 1)


def _is_of_unknown_kind(model: str, reading: CatalogReading, start: SweepStart) -> bool:
    """Whether nothing says yet as what a model is to be asked: no row, no answer, nothing remembered."""
    if (entry := reading.entries.get(model)) and entry.says_kind:
        return False
    state, knowledge = start.state.models.get(model), start.knowledge.get(model)
    is_asked = state is not None and (state.kind != Kind.UNKNOWN or state.http_status is not None)
    return not is_asked and (knowledge is None or knowledge.form is None)


async def _prefix_of(
    reading: CatalogReading, target: Target, session: ProviderSession, state: ProviderState
) -> tuple[str, int]:
    """Return what requests need not say before the ids, and how many requests it took (rules.md 40).

    A proxy in front of Gemini lists as Gemini does, and does not say that it is one; all others' ids are
    whole. In this order it shows: by the ids that the configuration names, by a list that has both, by which
    of them the history knows to have answered, by asking. So a provider's first sweep alone asks.
    """
    whole = [model for model in reading.ids if model.startswith(_PREFIX) and model != _PREFIX]
    short = {model.removeprefix(_PREFIX) for model in whole}
    if not whole or not short.isdisjoint(reading.ids):  # a list that has both kinds of ids is whole
        return "", 0
    if named := target.models and {*whole, *short}.intersection(target.models):
        return (_PREFIX if named <= short else ""), 0
    if recorded := {*whole, *short}.intersection(state.models):
        # ids that never answered prove nothing
        has_answered = any(state.models[model].last_available_at for model in recorded)
        return (_PREFIX if recorded <= short and has_answered else ""), 0
    return await _ask_for_prefix(reading, target, session)


async def _ask_for_prefix(
    reading: CatalogReading, target: Target, session: ProviderSession
) -> tuple[str, int]:
    """Ask a few models by both ids, likely chat models first; the first that is there by one decides."""
    routes = target.traits.routes
    forms = {
        model: RequestForm(
            in_order(model, routes, entry.route if (entry := reading.entries.get(model)) else None)[0]
        )
        for model in reading.ids
        if model.startswith(_PREFIX) and model != _PREFIX
    }
    requests = 0
    for model in sorted(forms, key=lambda model: routes.index(forms[model].route))[:_SAMPLES]:
        answer = await _ask(model, forms[model], target, session)
        requests += answer.requests
        if answer.finding.reason not in _UNKNOWN_THERE:  # any other answer, also a limit, knows the id
            break
        answer = await _ask(model.removeprefix(_PREFIX), forms[model], target, session)
        requests += answer.requests
        if answer.finding.outcome is Outcome.AVAILABLE:
            return _PREFIX, requests
    return "", requests


async def _ask(model: str, form: RequestForm, target: Target, session: ProviderSession) -> Answer:
    await target.gap.claim(model)
    await target.pacer.acquire()
    silent = replace(session, listener=SweepListener())  # the reading counts this request
    answer = await probe_model(silent, model, form=form, timeout_s=target.timeout.total_seconds())
    target.gap.note_request(model)
    return answer
