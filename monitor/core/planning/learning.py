"""What to remember of a search, so that the next sweep asks straight where the model is. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from monitor.core.answer.answer import Answer
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.planning.inputs import NOTHING_KNOWN, Knowledge, ProviderTraits
from monitor.core.planning.search import PASSING, Plan, is_lost, known_wrong, most_telling, usual_form
from monitor.core.request.forms import KIND_OF, RequestChange, RequestForm, Route


def learned(
    knowledge: Knowledge, plan: Plan, answers: Sequence[Answer], *, traits: ProviderTraits, now: datetime
) -> Knowledge:
    """Return what to remember after a whole search: the form that works or leads on, or that none does.

    A form that would be chosen anyway is not remembered. Where one route is in trouble and no other knows the
    model, that is where to go on; a 429 proves no route, but those before it are known to be wrong. Where the
    catalog declared a model to be is kept until something is proven: its source may not be asked again.
    """
    if plan.is_declared and plan.main is not traits.routes[0]:
        knowledge = replace(knowledge, form=_unmeasured(plan.first, plan))
    if is_lost(plan, answers):
        if plan.later:
            return _with_wrong(knowledge, plan, {answer.form.route for answer in answers}, now)
        # a single route that refuses has not searched the provider
        is_whole = len({answer.form.route for answer in answers}) > 1 or knowledge.searched_at is None
        searched_at = now if is_whole else knowledge.searched_at
        fruitless = replace(knowledge, wrong=(), wrong_since=None)
        return replace(fruitless, searched_at=searched_at, searches=knowledge.searches + 1)
    end = most_telling(plan, answers)
    is_known = end.finding.outcome is Outcome.AVAILABLE or end.finding.proves is not None
    leads_on = end.finding.adaptation is not None and end.form not in (plan.first, *plan.others)
    is_last_hope = end.finding.reason in PASSING and end.form.route is not plan.main
    if not (is_known or leads_on or is_last_hope):
        # A limit, or nothing there to take the request: the route may answer otherwise after a wait.
        if end.finding.outcome is not Outcome.RATE_LIMITED and end.finding.reason is not Reason.NO_CAPACITY:
            return knowledge
        wrong = {answer.form.route for answer in answers if answer.finding.reason is Reason.NO_ENDPOINT}
        return _with_wrong(knowledge, plan, wrong, now)
    form = _unmeasured(end.form, plan)
    kind = end.finding.proves or end.form.kind  # the history's from now on
    chosen = next((route for route in traits.routes if KIND_OF[route] == kind), None)
    is_usual = form.route is chosen and form == usual_form(form.route, traits, NOTHING_KNOWN)
    kept = None if is_usual and not is_last_hope else form
    return replace(knowledge, form=kept, searched_at=None, searches=0, wrong=(), wrong_since=None)


def proven(knowledge: Knowledge, plan: Plan, answers: Sequence[Answer]) -> Knowledge:
    """Return what to remember where the history learns nothing: where an answer came that was searched for.

    An answer stays one in a sweep that is inconclusive for others' sake (rules.md 38).
    """
    last = answers[-1]
    if last.finding.outcome is not Outcome.AVAILABLE or last.form.route is plan.first.route:
        return knowledge
    return replace(NOTHING_KNOWN, looks=knowledge.looks, form=_unmeasured(last.form, plan))


def _with_wrong(knowledge: Knowledge, plan: Plan, wrong: set[Route], now: datetime) -> Knowledge:
    """Add routes that are known to be wrong to those of the same search; so is what the catalog declared."""
    before = known_wrong(knowledge, now)
    if wrong <= before:
        return knowledge
    since = knowledge.wrong_since if before else now
    form = None if plan.is_declared and plan.main in wrong else knowledge.form
    return replace(knowledge, form=form, wrong=tuple(sorted(before | wrong)), wrong_since=since)


def _unmeasured(form: RequestForm, plan: Plan) -> RequestForm:
    """Return a form without the stream that was only asked for to measure it."""
    if not plan.is_streamed or form.kind is not Kind.CHAT:
        return form
    return RequestForm(
        form.route, tuple(change for change in form.changes if change is not RequestChange.STREAM)
    )
