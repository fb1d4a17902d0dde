"""Where does a model answer, and in what form? The next request after those already made, and what they mean.

Pure: it sees forms and findings. Every form is asked at most once, every route in at most two forms (the
plain one, and one adapted to the words of its refusal), so a search ends.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from monitor.core.answer.answer import Answer
from monitor.core.answer.table import NO_SUCH_MODEL_ROW
from monitor.core.domain.vocabulary import ANSWERED, Kind, Outcome, Reason
from monitor.core.planning.inputs import CatalogEntry, Knowledge, ProviderTraits
from monitor.core.request.forms import COSTLY, KIND_OF, RequestChange, RequestForm, Route
from monitor.core.request.route_hints import in_order, named_in

_COSTLY_KINDS = frozenset(KIND_OF[route] for route in COSTLY)
SEARCH_AGAIN = timedelta(days=1)  # a day: a kind changes seldom, and each search costs requests

# Beside "not on this endpoint", what says nothing of a model on a route that was only a guess.
_FRUITLESS = frozenset(
    {Reason.NO_ENDPOINT, Reason.NOT_FOUND, Reason.BAD_REQUEST, Reason.WRONG_ADDRESS, Reason.INVALID_ANSWER}
)
PASSING = frozenset({Reason.TIMEOUT, Reason.CONNECTION_CLOSED, Reason.CONNECTION_FAILED, Reason.SERVER_ERROR})
# What may be otherwise a little later, asked with more patience.
SECOND_PASS = PASSING | {Reason.NO_CAPACITY, Reason.DEGRADED, Reason.INVALID_ANSWER, Reason.BAD_REQUEST}


@dataclass(frozen=True, slots=True)
class Plan:
    """The forms to ask a model in: `first`, then where it is not on that endpoint the `others` in order.

    `main` is the route whose word counts most: the one that served the model, else the one that the catalog
    declares (`is_declared`), else the provider's usual one. `is_streamed` says that streams are asked for to
    measure them, not because the model wants it so. `later` are the routes that the search leaves to the next
    sweeps.
    """

    first: RequestForm
    others: tuple[RequestForm, ...] = ()
    main: Route = Route.CHAT
    is_streamed: bool = False
    is_declared: bool = False
    later: tuple[Route, ...] = ()

    def waiting_for(self, route: Route) -> "Plan":
        """Return the plan of a search that a wait holds up on a route: the others are left to later sweeps.

        Behind a proxy that takes a model away from all clients after a request on a wrong endpoint, a sweep
        tries no further one (rules.md 38).
        """
        later = tuple(form.route for form in self.others if form.route is not route)
        return replace(self, others=(), later=(*later, *self.later))


def plan_for(
    model: str,
    traits: ProviderTraits,
    *,
    kind: str = Kind.UNKNOWN,
    knowledge: Knowledge,
    now: datetime,
    declared: Route | None = None,
    streamed: bool = False,
) -> Plan:
    """Plan how to ask a model of which `kind` and `knowledge` are remembered.

    One of unknown kind is asked where the catalog declares it to be, else on the provider's usual route
    first (rules.md 38); names only order the others. For a day after a fruitless search, one of known kind is
    asked there alone, so is one whose kind is declared; any other one on one route a sweep, each in its turn.
    So it goes on where a wait held a search up.
    """
    declared = _declared(declared, traits)
    usual = _usual(traits, kind, knowledge, declared)
    main = usual or declared or traits.routes[0]
    others = in_order(model, traits.routes, declared)
    order = tuple(dict.fromkeys((main, *((declared,) if declared else ()), traits.routes[0], *others)))
    if knowledge.searched_at is not None and now - knowledge.searched_at < SEARCH_AGAIN:
        order = (main,) if usual or declared else (order[knowledge.searches % len(order)],)  # decisions 0015
    left = () if usual else tuple(route for route in order if route not in known_wrong(knowledge, now))
    is_going_on = 0 < len(left) < len(order)  # a search that a wait held up goes on with one route
    order, later = (left[:1], left[1:]) if is_going_on else (order, ())
    forms = [_streamed(usual_form(route, traits, knowledge), streamed) for route in order]
    is_declared = usual is None and forms[0].route is declared
    return Plan(forms[0], tuple(forms[1:]), main, is_streamed=streamed, is_declared=is_declared, later=later)


def known_wrong(knowledge: Knowledge, now: datetime) -> frozenset[Route]:
    """Return the routes of an unfinished search that are not asked again, for a day."""
    since = knowledge.wrong_since
    return frozenset(knowledge.wrong if since is not None and now - since < SEARCH_AGAIN else ())


def is_askable(entry: CatalogEntry, traits: ProviderTraits, *, kind: str) -> bool:
    """Say whether a model may be asked at all: not where history or catalog say that no probe may do so.

    It is of a kind that no route asks, or whose cost is not allowed: asking it as another kind is useless,
    and may do harm (rules.md 38). History counts more than the catalog.
    """
    if kind != Kind.UNKNOWN:
        return kind not in _COSTLY_KINDS or any(KIND_OF[route] == kind for route in traits.routes)
    return not entry.is_unaskable and (entry.route not in COSTLY or entry.route in traits.routes)


def _declared(route: Route | None, traits: ProviderTraits) -> Route | None:
    """Return the route that serves a declared kind here; None for one whose cost is not allowed."""
    if route is None or route in traits.routes:
        return route
    same = (other for other in traits.routes if KIND_OF[other] is KIND_OF[route])
    return next(same, None if route in COSTLY else route)


def _usual(traits: ProviderTraits, kind: str, knowledge: Knowledge, declared: Route | None) -> Route | None:
    """Return the route that served the model last, or serves its kind at this provider.

    Where nothing was ever proven, a form that was only to be gone on with does not outdo the catalog's word.
    """
    form = knowledge.form
    if form and form.route in (*traits.routes, declared):
        is_other = declared is not None and KIND_OF[declared] is not form.kind
        if kind != Kind.UNKNOWN or not is_other:
            return form.route
    return next((route for route in (*traits.routes, declared) if route and KIND_OF[route] == kind), None)


def usual_form(route: Route, traits: ProviderTraits, knowledge: Knowledge) -> RequestForm:
    """Return the form that worked, else the plain one of the route."""
    if knowledge.form and knowledge.form.route is route:
        return knowledge.form
    is_typed = route is Route.EMBEDDINGS and traits.wants_input_type
    return RequestForm(route, (RequestChange.INPUT_TYPE,) if is_typed else ())


def _streamed(form: RequestForm, streamed: bool) -> RequestForm:  # noqa: FBT001 - a setting handed on
    if not streamed or form.kind is not Kind.CHAT or RequestChange.NO_STREAM in form.changes:
        return form
    return RequestForm(
        form.route,
        tuple(change for change in RequestChange if change in {*form.changes, RequestChange.STREAM}),
    )


def next_form(plan: Plan, answers: Sequence[Answer]) -> RequestForm | None:
    """Return the form to ask in next; None where what was answers is the answer."""
    if (adapted := _adapted(answers)) is not None:
        return adapted
    if not _goes_on(plan, answers):
        return None
    tried = {answer.form.route for answer in answers}
    left = [form for form in plan.others if form.route not in tried]
    named = named_in(answers[-1].finding.detail or "")
    return next((form for form in left if form.route is named), left[0] if left else None)


def _adapted(answers: Sequence[Answer]) -> RequestForm | None:
    """Return the form that a refusal asks for, once for answer route."""
    last = answers[-1]
    # one adaptation a route: refusals that contradict each other would never end
    if last.finding.adaptation is None or sum(answer.form.route is last.form.route for answer in answers) > 1:
        return None
    adapted = last.form.adapted(last.finding.adaptation)
    return None if adapted == last.form else adapted  # an equal form would get the same answer


def _goes_on(plan: Plan, answers: Sequence[Answer]) -> bool:
    """Whether to look elsewhere: after "not on this endpoint" or a guess, until one knows the model."""
    last = answers[-1].finding
    if plan.is_declared and _is_settled_by_declaration(plan, answers):
        return False
    is_guess = plan.is_declared or answers[0].form.route is not plan.main
    is_searching = is_guess or any(answer.finding.reason is Reason.NO_ENDPOINT for answer in answers)
    is_unmet = last.reason is Reason.NEEDS_OTHER_REQUEST and last.proves is None
    return is_searching and (is_unmet or last.reason in _FRUITLESS | PASSING)


def _is_settled_by_declaration(plan: Plan, answers: Sequence[Answer]) -> bool:
    """Whether a declared route has the last word: in trouble, or no other knows the model either."""
    reasons = [answer.finding.reason for answer in answers]
    is_trouble = answers[-1].form.route is plan.main and reasons[-1] in PASSING
    return is_trouble or reasons.count(Reason.NOT_FOUND) > 1


def is_lost(plan: Plan, answers: Sequence[Answer]) -> bool:
    """Whether nothing that was answers knows the model: its main route, if asked, is not its endpoint."""
    reasons = {answer.finding.reason for answer in answers}
    main = [answer for answer in answers if answer.form.route is plan.main]
    is_elsewhere = main[-1].finding.reason is Reason.NO_ENDPOINT if main else True
    return is_elsewhere and reasons <= _FRUITLESS


def conclude(plan: Plan, answers: Sequence[Answer], *, kind: str) -> Answer:
    """Return what the tries of one model say together; `kind` is the one known before.

    The answer of the endpoint that knows the model counts; a model of known kind that is on no endpoint is
    not found, one of unknown kind stays unknown (rules.md 5), unless its main route says that it may be
    nowhere at all. A limit on a route that was only a guess says nothing either: limiters answer before the
    model is looked for.
    """
    if not is_lost(plan, answers):
        best = most_telling(plan, answers)
        is_guess = best.form.route is not plan.main and best.finding.proves is None
        if is_guess and best.finding.outcome is Outcome.RATE_LIMITED:
            return replace(best, finding=replace(best.finding, outcome=Outcome.UNKNOWN))
        return best
    first = next((answer for answer in answers if answer.finding.reason is Reason.NO_ENDPOINT), answers[0])
    if any(answer.form.kind == kind for answer in answers) or _may_be_nowhere(plan, answers):
        gone = replace(first.finding, outcome=Outcome.UNAVAILABLE, reason=Reason.NOT_FOUND)
    else:
        gone = replace(first.finding, outcome=Outcome.UNKNOWN, reason=Reason.NO_ENDPOINT)
    return replace(first, finding=gone)


def _may_be_nowhere(plan: Plan, answers: Sequence[Answer]) -> bool:
    """Whether the main route said "not there, or not on this endpoint"; it is on no other by now."""
    said = [answer.finding for answer in answers if answer.form.route is plan.main]
    return any(answer.row == NO_SUCH_MODEL_ROW and answer.reason is Reason.NO_ENDPOINT for answer in said)


def most_telling(plan: Plan, answers: Sequence[Answer]) -> Answer:
    """Return the answer that says most of the model, the later one among equals."""
    return min(reversed(answers), key=lambda answer: _place(plan, answer))  # the later was given more time


def _place(plan: Plan, answer: Answer) -> int:
    """Rank an answer by how much it says: an answer first, a guess that came to nothing last."""
    finding = answer.finding
    if finding.outcome in ANSWERED or finding.proves is not None:
        return 0
    if finding.reason in _FRUITLESS:
        return 4 if answer.form.route is plan.main else 5
    if finding.reason is Reason.NEEDS_OTHER_REQUEST:
        return 3
    return 2 if finding.reason in PASSING else 1
