"""Where a model answers: what is asked next, what the answers mean together, what is remembered of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.answer.answer import Answer
from monitor.core.answer.classify import Finding
from monitor.core.answer.table import NO_SUCH_MODEL_ROW, TABLE
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.planning.inputs import NOTHING_KNOWN, CatalogEntry, Knowledge, ProviderTraits
from monitor.core.planning.learning import learned, proven
from monitor.core.planning.search import (
    SEARCH_AGAIN,
    SECOND_PASS,
    Plan,
    conclude,
    is_askable,
    is_lost,
    next_form,
    plan_for,
)
from monitor.core.request.adaptations import MORE_ROOM
from monitor.core.request.forms import (
    COSTLY,
    KIND_OF,
    PLAIN_CHAT,
    Adaptation,
    RequestChange,
    RequestForm,
    Route,
)

NOW = datetime(2026, 11, 21, tzinfo=UTC)
HOUR = timedelta(hours=1)
MODEL = "acme/model-1"
USUAL = ProviderTraits()
TYPED = ProviderTraits(wants_input_type=True)
CHAT, VECTORS, TEXT = RequestForm(Route.CHAT), RequestForm(Route.EMBEDDINGS), RequestForm(Route.COMPLETIONS)
WITH_TYPE = RequestForm(Route.EMBEDDINGS, (RequestChange.INPUT_TYPE,))
WITH_SYSTEM = RequestForm(Route.CHAT, (RequestChange.SYSTEM,))
WITH_BOTH = RequestForm(Route.CHAT, (RequestChange.SYSTEM, RequestChange.TEMPERATURE))

Says = Finding | Callable[[RequestForm], Finding]
World = Callable[[RequestForm], Finding]


def finding(
    outcome: Outcome, reason: Reason, *, proves: Kind | None = None, adaptation: Adaptation | None = None
) -> Finding:
    return Finding(outcome, reason, row="", proves=proves, adaptation=adaptation)


def ok(kind: Kind) -> Finding:
    return finding(Outcome.AVAILABLE, Reason.OK, proves=kind)


def wanting(*make: RequestChange, proves: Kind | None = None) -> Finding:
    adaptation = Adaptation(frozenset(make)) if make else None
    return finding(Outcome.UNKNOWN, Reason.NEEDS_OTHER_REQUEST, proves=proves, adaptation=adaptation)


def unless(change: RequestChange, refusal: Finding, answer: Finding) -> Callable[[RequestForm], Finding]:
    return lambda form: answer if change in form.changes else refusal


NOT_HERE = finding(Outcome.UNKNOWN, Reason.NO_ENDPOINT)
NO_SUCH = finding(Outcome.UNAVAILABLE, Reason.NOT_FOUND)
NOT_YOURS = finding(Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT, proves=Kind.EMBEDDINGS)
BROKEN = finding(Outcome.UNAVAILABLE, Reason.SERVER_ERROR)
LATE = finding(Outcome.UNKNOWN, Reason.TIMEOUT)
ODD = finding(Outcome.UNKNOWN, Reason.BAD_REQUEST)
COOLING = finding(Outcome.UNKNOWN, Reason.NO_CAPACITY)
BUSY = finding(Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS)
REFUSED = finding(Outcome.UNKNOWN, Reason.CREDENTIAL)


def world(says: Mapping[Route, Says] | None = None, *, other: Finding = NOT_HERE) -> World:
    """Make a provider that says this of a model, and elsewhere that it is not there."""

    def answer(form: RequestForm) -> Finding:
        told = (says or {}).get(form.route, other)
        return told if isinstance(told, Finding) else told(form)

    return answer


@dataclass(frozen=True)
class Known:
    """What a sweep begins with and leaves: the history's kind, the prober's knowledge."""

    kind: str = Kind.UNKNOWN
    knowledge: Knowledge = NOTHING_KNOWN


@dataclass(frozen=True)
class Search:
    """One model in one sweep."""

    plan: Plan
    tried: tuple[Answer, ...]
    end: Answer
    after: Known

    @property
    def forms(self) -> list[RequestForm]:
        return [each.form for each in self.tried]

    @property
    def routes(self) -> list[Route]:
        return [each.form.route for each in self.tried]

    @property
    def says(self) -> tuple[Outcome, Reason]:
        return self.end.finding.outcome, self.end.finding.reason


def search(
    provider: World,
    known: Known = Known(),
    *,
    traits: ProviderTraits = USUAL,
    now: datetime = NOW,
    model: str = MODEL,
    declared: Route | None = None,
    streamed: bool = False,
) -> Search:
    """Ask a model until its answers stand, as a sweep does."""
    plan = plan_for(
        model,
        traits,
        kind=known.kind,
        knowledge=known.knowledge,
        now=now,
        declared=declared,
        streamed=streamed,
    )
    tried = [Answer(plan.first, provider(plan.first))]
    while (form := next_form(plan, tried)) is not None:
        assert len(tried) < 50, "a search must end"
        tried.append(Answer(form, provider(form)))
    end = conclude(plan, tried, kind=known.kind)
    knowledge = learned(known.knowledge, plan, tried, traits=traits, now=now)
    return Search(plan, tuple(tried), end, Known(end.finding.proves or known.kind, knowledge))


# ---- Cases -----------------------------------------------------------------------------


def test_an_answering_chat_model_is_asked_once_and_nothing_is_remembered() -> None:
    result = search(world({Route.CHAT: ok(Kind.CHAT)}))
    assert result.forms == [PLAIN_CHAT]
    assert result.says == (Outcome.AVAILABLE, Reason.OK)
    assert result.after == Known(Kind.CHAT, NOTHING_KNOWN)


def test_a_model_that_is_not_on_chat_is_found_and_then_asked_there_first_and_only() -> None:
    provider = world({Route.EMBEDDINGS: ok(Kind.EMBEDDINGS)})
    result = search(provider)
    assert result.forms == [CHAT, VECTORS]
    assert (result.says, result.after.kind) == ((Outcome.AVAILABLE, Reason.OK), Kind.EMBEDDINGS)
    assert search(provider, result.after).forms == [VECTORS]


def test_a_second_route_of_a_kind_is_remembered_by_its_form() -> None:
    provider = world({Route.RESPONSES: ok(Kind.CHAT)})
    result = search(provider)
    assert result.after == Known(Kind.CHAT, Knowledge(form=RequestForm(Route.RESPONSES)))
    assert search(provider, result.after).forms == [RequestForm(Route.RESPONSES)]


def test_an_embedder_that_wants_its_input_type_is_asked_once_more_with_it() -> None:
    wants = unless(RequestChange.INPUT_TYPE, wanting(RequestChange.INPUT_TYPE), ok(Kind.EMBEDDINGS))
    provider = world({Route.EMBEDDINGS: wants})
    result = search(provider)
    assert result.forms == [CHAT, VECTORS, WITH_TYPE]
    assert result.after == Known(Kind.EMBEDDINGS, Knowledge(form=WITH_TYPE))
    assert search(provider, result.after).forms == [WITH_TYPE]


def test_where_embedders_want_an_input_type_it_is_there_at_once_and_not_remembered() -> None:
    result = search(world({Route.EMBEDDINGS: ok(Kind.EMBEDDINGS)}), traits=TYPED)
    assert result.forms == [CHAT, WITH_TYPE]
    assert result.after.knowledge == NOTHING_KNOWN


def test_an_embedder_that_refuses_the_input_type_is_remembered_without() -> None:
    def says(form: RequestForm) -> Finding:
        refusal = replace(wanting(), adaptation=Adaptation(undo=frozenset({RequestChange.INPUT_TYPE})))
        return refusal if RequestChange.INPUT_TYPE in form.changes else ok(Kind.EMBEDDINGS)

    result = search(world({Route.EMBEDDINGS: says}), traits=TYPED)
    assert result.forms == [CHAT, WITH_TYPE, VECTORS]
    assert result.after.knowledge.form == VECTORS


def test_a_model_of_unknown_kind_that_is_nowhere_stays_unknown() -> None:
    """Rule 5 is for a known kind."""
    result = search(world())
    assert set(result.routes) == set(USUAL.routes)
    assert result.says == (Outcome.UNKNOWN, Reason.NO_ENDPOINT)
    assert result.after.knowledge == Knowledge(searched_at=NOW, searches=1)


@pytest.mark.parametrize("kind", [Kind.CHAT, Kind.EMBEDDINGS, Kind.COMPLETIONS, Kind.RERANK])
def test_a_model_of_known_kind_that_is_nowhere_is_not_found(kind: Kind) -> None:
    """Rule 5."""
    result = search(world(), Known(kind))
    assert KIND_OF[result.routes[0]] is kind
    assert set(result.routes) == set(USUAL.routes)
    assert result.says == (Outcome.UNAVAILABLE, Reason.NOT_FOUND)


def test_nowhere_or_elsewhere_is_nowhere_once_it_is_on_no_other_route() -> None:
    """Gemini says one sentence of a model that is gone and of one that embeds (rules 5 and 14)."""
    either = replace(NOT_HERE, row=NO_SUCH_MODEL_ROW)
    result = search(world({Route.CHAT: either}))
    assert set(result.routes) == set(USUAL.routes)
    assert result.says == (Outcome.UNAVAILABLE, Reason.NOT_FOUND)
    there = search(world({Route.CHAT: either, Route.EMBEDDINGS: ok(Kind.EMBEDDINGS)}))
    assert there.says == (Outcome.AVAILABLE, Reason.OK)
    elsewhere = search(world({Route.CHAT: NOT_HERE, Route.EMBEDDINGS: either}))
    assert elsewhere.says == (Outcome.UNKNOWN, Reason.NO_ENDPOINT)


def test_after_a_fruitless_search_one_route_is_asked_a_sweep_each_in_its_turn() -> None:
    known, asked, now = search(world()).after, list[list[Route]](), NOW
    for _ in range(6):
        now += HOUR
        result = search(world(), known, now=now)
        assert result.says == (Outcome.UNKNOWN, Reason.NO_ENDPOINT)
        asked.append(result.routes)
        known = result.after
    routes = list(USUAL.routes)
    assert asked == [[route] for route in [*routes[1:], routes[0], routes[1]]]
    assert known.knowledge.searched_at == NOW


def test_after_a_fruitless_search_a_known_kind_is_asked_where_it_was_alone() -> None:
    known = search(world(), Known(Kind.EMBEDDINGS)).after
    for _ in range(3):
        result = search(world(), known, now=NOW + HOUR)
        assert result.forms == [VECTORS]
        assert result.says == (Outcome.UNAVAILABLE, Reason.NOT_FOUND)
        known = result.after


@pytest.mark.parametrize("kind", [Kind.UNKNOWN, Kind.COMPLETIONS])
def test_the_whole_search_is_made_again_after_a_day(kind: Kind) -> None:
    known = search(world(), Known(kind)).after
    early = search(world(), known, now=NOW + SEARCH_AGAIN - timedelta(milliseconds=1))
    assert len(early.tried) == 1
    again = search(world(), early.after, now=NOW + SEARCH_AGAIN)
    assert len(again.tried) == len(USUAL.routes)
    assert again.after.knowledge.searched_at == NOW + SEARCH_AGAIN
    assert len(search(world(), again.after, now=NOW + SEARCH_AGAIN + HOUR).tried) == 1


def test_a_model_that_appears_on_a_route_is_found_in_its_turn_and_forgotten_as_lost() -> None:
    known = search(world()).after
    result = search(world({Route.EMBEDDINGS: ok(Kind.EMBEDDINGS)}), known, now=NOW + HOUR)
    assert result.forms == [VECTORS]
    assert result.after == Known(Kind.EMBEDDINGS, NOTHING_KNOWN)


def test_a_provider_with_one_route_is_asked_there_alone() -> None:
    result = search(world(), traits=ProviderTraits(routes=(Route.CHAT,)))
    assert result.forms == [CHAT]
    assert result.says == (Outcome.UNKNOWN, Reason.NO_ENDPOINT)


def test_a_route_that_leads_to_a_function_proves_the_kind_and_ends_the_search() -> None:
    """Provider facts 1.2: mapped there, but not for this account."""
    provider = world({Route.EMBEDDINGS: NOT_YOURS})
    result = search(provider)
    assert result.forms == [CHAT, VECTORS]
    assert (result.says, result.after.kind) == (
        (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT),
        Kind.EMBEDDINGS,
    )
    assert search(provider, result.after).forms == [VECTORS]


def test_a_429_ends_a_search_and_says_nothing_of_the_model() -> None:
    """Limiters answer before anybody looks for the model, whatever the limit is called."""
    for limit in (BUSY, finding(Outcome.RATE_LIMITED, Reason.SATURATED)):
        result = search(world({Route.EMBEDDINGS: limit}))
        assert result.forms == [CHAT, VECTORS]
        assert result.says == (Outcome.UNKNOWN, limit.reason)


@pytest.mark.parametrize("wait", [BUSY, COOLING])
def test_a_search_that_had_to_wait_goes_on_where_it_stopped(wait: Finding) -> None:
    """Rule 38: a wrong endpoint is not asked again, a proxy would take the model away from everybody."""
    known = search(world({Route.EMBEDDINGS: wait})).after
    assert known == Known(knowledge=Knowledge(wrong=(Route.CHAT,), wrong_since=NOW))
    result = search(world({Route.EMBEDDINGS: ok(Kind.EMBEDDINGS)}), known, now=NOW + HOUR)
    assert (result.forms, result.after) == ([VECTORS], Known(Kind.EMBEDDINGS))


def test_a_search_that_goes_on_asks_on_one_route_a_sweep_until_it_ends() -> None:
    known, asked = search(world({Route.EMBEDDINGS: COOLING})).after, list[Route]()
    for hour in range(1, 5):
        result = search(world(), known, now=NOW + hour * HOUR)
        assert result.says == (Outcome.UNKNOWN, Reason.NO_ENDPOINT)
        asked += result.routes
        known = result.after
    assert asked == list(USUAL.routes[1:])
    assert known.knowledge == Knowledge(searched_at=NOW + 4 * HOUR, searches=1)


def test_a_route_that_keeps_its_model_waiting_is_asked_alone_for_a_day() -> None:
    provider = world({Route.EMBEDDINGS: BUSY})
    known = search(provider).after
    for hour in (1, 12, 23):
        result = search(provider, known, now=NOW + hour * HOUR)
        assert (result.forms, result.after) == ([VECTORS], known)
    anew = search(provider, known, now=NOW + 24 * HOUR)
    assert anew.forms == [CHAT, VECTORS]
    assert anew.after.knowledge.wrong_since == NOW + 24 * HOUR


def test_a_model_of_known_kind_is_asked_on_its_route_whatever_said_otherwise_once() -> None:
    known = search(world({Route.EMBEDDINGS: BUSY}), Known(Kind.CHAT)).after
    assert search(world({Route.CHAT: ok(Kind.CHAT)}), known, now=NOW + HOUR).forms == [CHAT]


def test_a_catalog_that_declares_a_wrong_route_is_not_believed_again() -> None:
    provider = world({Route.CHAT: COOLING})
    known = search(provider, declared=Route.EMBEDDINGS).after
    again = search(world({Route.CHAT: ok(Kind.CHAT)}), known, now=NOW + HOUR, declared=Route.EMBEDDINGS)
    assert again.forms == [CHAT]


def test_an_answer_that_was_searched_for_is_worth_remembering_in_any_sweep() -> None:
    """Rule 38: an inconclusive one teaches the history no kind, so the form itself is kept."""
    result = search(world({Route.EMBEDDINGS: ok(Kind.EMBEDDINGS)}))
    kept = proven(NOTHING_KNOWN, result.plan, result.tried)
    assert kept == Knowledge(form=VECTORS)
    again = search(world({Route.EMBEDDINGS: ok(Kind.EMBEDDINGS)}), Known(knowledge=kept))
    assert (again.forms, again.after) == ([VECTORS], Known(Kind.EMBEDDINGS))


@pytest.mark.parametrize("says", [{Route.CHAT: ok(Kind.CHAT)}, {Route.EMBEDDINGS: BUSY}, {}])
def test_what_nobody_answered_elsewhere_is_worth_nothing_in_an_inconclusive_sweep(
    says: Mapping[Route, Says],
) -> None:
    result = search(world(says))
    assert proven(NOTHING_KNOWN, result.plan, result.tried) == NOTHING_KNOWN


@pytest.mark.parametrize("trouble", [BROKEN, LATE])
def test_trouble_on_a_guessed_route_neither_stops_a_search_nor_wins_against_an_answer(
    trouble: Finding,
) -> None:
    result = search(world({Route.EMBEDDINGS: trouble, Route.COMPLETIONS: ok(Kind.COMPLETIONS)}))
    assert result.forms == [CHAT, VECTORS, TEXT]
    assert (result.says, result.after.kind) == ((Outcome.AVAILABLE, Reason.OK), Kind.COMPLETIONS)


@pytest.mark.parametrize("trouble", [BROKEN, LATE])
def test_trouble_on_a_guessed_route_is_told_where_nobody_knows_the_model(trouble: Finding) -> None:
    """It may be there: such a search found nothing, is not called fruitless, and goes on there."""
    provider = world({Route.EMBEDDINGS: trouble})
    result = search(provider)
    assert set(result.routes) == set(USUAL.routes)
    assert result.end == Answer(VECTORS, trouble)
    assert result.after.knowledge == Knowledge(form=VECTORS)
    assert search(provider, result.after).forms == [VECTORS]


@pytest.mark.parametrize("trouble", [BROKEN, LATE, BUSY, REFUSED, NO_SUCH, ODD, wanting()])
def test_what_the_main_route_says_of_a_model_is_the_answer(trouble: Finding) -> None:
    result = search(world({Route.CHAT: trouble, Route.EMBEDDINGS: ok(Kind.EMBEDDINGS)}))
    assert result.forms == [CHAT]
    assert result.end.finding == trouble
    assert result.after == Known()


@pytest.mark.parametrize("word", [NO_SUCH, ODD, wanting(), wanting(RequestChange.SYSTEM)])
def test_a_guessed_route_that_knows_nothing_does_not_end_a_search(word: Finding) -> None:
    result = search(world({Route.EMBEDDINGS: word, Route.COMPLETIONS: ok(Kind.COMPLETIONS)}))
    assert result.routes[-1] is Route.COMPLETIONS
    assert result.says == (Outcome.AVAILABLE, Reason.OK)


@pytest.mark.parametrize("word", [NO_SUCH, ODD])
def test_a_guessed_route_that_does_not_know_the_model_finds_nobody(word: Finding) -> None:
    result = search(world({Route.CHAT: NOT_HERE}, other=word))
    assert result.says == (Outcome.UNKNOWN, Reason.NO_ENDPOINT)
    assert result.end.form == CHAT


@pytest.mark.parametrize("word", [REFUSED, finding(Outcome.UNKNOWN, Reason.QUOTA)])
def test_a_refusal_of_the_account_ends_a_search_and_is_told(word: Finding) -> None:
    result = search(world({Route.EMBEDDINGS: word}))
    assert result.forms == [CHAT, VECTORS]
    assert result.end.finding == word


def test_a_declared_route_is_asked_first_and_chat_still() -> None:
    """Rule 38."""
    assert search(world(), declared=Route.COMPLETIONS).routes[:2] == [Route.COMPLETIONS, Route.CHAT]
    result = search(world({Route.CHAT: ok(Kind.CHAT)}), declared=Route.EMBEDDINGS)
    assert result.forms == [VECTORS, CHAT]
    assert result.after == Known(Kind.CHAT, NOTHING_KNOWN)


def test_a_declared_route_that_answers_is_enough() -> None:
    result = search(world({Route.EMBEDDINGS: ok(Kind.EMBEDDINGS)}), declared=Route.EMBEDDINGS)
    assert result.forms == [VECTORS]


def test_a_declared_route_that_is_costly_or_unknown_here_is_not_asked() -> None:
    assert Route.IMAGE not in search(world(), declared=Route.IMAGE).routes


@pytest.mark.parametrize("word", [NO_SUCH, ODD, wanting()])
def test_a_declared_route_that_does_not_know_the_model_is_not_the_last(word: Finding) -> None:
    result = search(world({Route.EMBEDDINGS: word, Route.CHAT: ok(Kind.CHAT)}), declared=Route.EMBEDDINGS)
    assert result.forms == [VECTORS, CHAT]
    assert result.says == (Outcome.AVAILABLE, Reason.OK)


@pytest.mark.parametrize("word", [BROKEN, LATE, finding(Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS)])
def test_a_declared_route_in_trouble_or_limited_has_the_last_word(word: Finding) -> None:
    """Rule 38: its deployment is not asked as another kind beside."""
    result = search(world({Route.EMBEDDINGS: word, Route.CHAT: ok(Kind.CHAT)}), declared=Route.EMBEDDINGS)
    assert result.forms == [VECTORS]
    assert result.end.finding == word


def test_a_model_that_neither_its_declared_nor_the_usual_route_has_is_not_searched_further() -> None:
    result = search(world({Route.EMBEDDINGS: NO_SUCH, Route.CHAT: NO_SUCH}), declared=Route.EMBEDDINGS)
    assert result.forms == [VECTORS, CHAT]
    assert result.says == (Outcome.UNAVAILABLE, Reason.NOT_FOUND)


def test_a_lost_model_of_declared_kind_is_asked_as_that_alone_for_a_day() -> None:
    """Rule 38."""
    known = search(world(), declared=Route.EMBEDDINGS).after
    for _ in range(5):
        result = search(world(), known, declared=Route.EMBEDDINGS, now=NOW + HOUR)
        assert result.forms == [VECTORS]
        known = result.after


def test_what_answered_outdoes_the_catalogs_word_and_a_mere_lead_does_not() -> None:
    lead = Knowledge(form=RequestForm(Route.RESPONSES))
    assert search(world(), Known(Kind.CHAT, lead), declared=Route.EMBEDDINGS).routes[0] is Route.RESPONSES
    assert search(world(), Known(Kind.UNKNOWN, lead), declared=Route.EMBEDDINGS).routes[0] is Route.EMBEDDINGS
    assert search(world(), Known(Kind.CHAT), declared=Route.EMBEDDINGS).routes[0] is Route.CHAT


def test_a_declared_kind_is_asked_on_the_providers_own_route_for_it() -> None:
    traits = ProviderTraits(routes=(Route.EMBEDDINGS, Route.MESSAGES))
    assert search(world(), traits=traits, declared=Route.CHAT).routes[0] is Route.MESSAGES
    assert search(world(), traits=traits, declared=Route.MODERATIONS).routes[0] is Route.MODERATIONS


@pytest.mark.parametrize("word", [NOT_HERE, NO_SUCH, BROKEN, LATE, BUSY])
def test_a_declared_route_is_remembered_until_something_is_proven(word: Finding) -> None:
    """Rule 38: who told it, such as a LiteLLM's /model/info, need not be asked in every sweep."""
    result = search(world({Route.EMBEDDINGS: word}), declared=Route.EMBEDDINGS)
    assert result.after.knowledge.form == VECTORS
    again = search(world({Route.EMBEDDINGS: word}), result.after, now=NOW + HOUR)
    assert again.forms[0] == VECTORS
    assert search(world({Route.EMBEDDINGS: ok(Kind.EMBEDDINGS)}), again.after).after.knowledge.form is None


@pytest.mark.parametrize(
    ("entry", "kind", "routes", "expected"),
    [
        (CatalogEntry(), "unknown", (), True),
        (CatalogEntry(route=Route.EMBEDDINGS), "unknown", (), True),
        (CatalogEntry(route=Route.IMAGE), "unknown", (), False),
        (CatalogEntry(route=Route.IMAGE), "unknown", (Route.IMAGE,), True),
        (CatalogEntry(route=Route.SPEECH), "unknown", (Route.IMAGE,), False),
        (CatalogEntry(is_unaskable=True), "unknown", (), False),
        (CatalogEntry(is_unaskable=True), "chat", (), True),
        (CatalogEntry(route=Route.IMAGE), "chat", (), True),
        (CatalogEntry(), "image", (), False),
        (CatalogEntry(), "image", (Route.IMAGE,), True),
        (CatalogEntry(), "moderation", (), True),
    ],
)
def test_nobody_is_asked_as_another_kind_than_one_that_may_not_be_asked(
    entry: CatalogEntry, kind: str, routes: tuple[Route, ...], *, expected: bool
) -> None:
    """Rule 38; what answered once counts more than the catalog."""
    assert is_askable(entry, ProviderTraits(routes=(Route.CHAT, *routes)), kind=kind) is expected


def test_a_name_orders_the_guesses_and_never_comes_before_chat() -> None:
    result = search(world(), model="acme/rerank-embed")
    assert result.routes[:3] == [Route.CHAT, Route.RERANK, Route.EMBEDDINGS]


# ---- Adapting --------------------------------------------------------------------------

PICKY = world(
    {
        Route.CHAT: lambda form: (
            ok(Kind.CHAT)
            if {RequestChange.SYSTEM, RequestChange.TEMPERATURE} <= {*form.changes}
            else wanting(
                RequestChange.TEMPERATURE if RequestChange.SYSTEM in form.changes else RequestChange.SYSTEM
            )
        )
    }
)


def test_a_route_is_adapted_once_and_the_next_complaint_is_for_the_next_sweep() -> None:
    first = search(PICKY)
    assert first.forms == [CHAT, WITH_SYSTEM]
    assert first.says == (Outcome.UNKNOWN, Reason.NEEDS_OTHER_REQUEST)
    assert first.after.knowledge.form == WITH_SYSTEM
    second = search(PICKY, first.after)
    assert second.forms == [WITH_SYSTEM, WITH_BOTH]
    assert second.after == Known(Kind.CHAT, Knowledge(form=WITH_BOTH))
    assert search(PICKY, second.after).forms == [WITH_BOTH]


def test_a_wish_that_was_granted_in_vain_is_not_granted_anew() -> None:
    result = search(world({Route.CHAT: wanting(RequestChange.SYSTEM)}))
    assert result.forms == [CHAT, WITH_SYSTEM]
    assert result.after.knowledge.form == WITH_SYSTEM
    again = search(world({Route.CHAT: wanting(RequestChange.SYSTEM)}), result.after)
    assert again.forms == [WITH_SYSTEM]


def test_a_form_that_stopped_working_is_adapted_back() -> None:
    known = Known(Kind.CHAT, Knowledge(form=WITH_SYSTEM))
    refusal = replace(wanting(), adaptation=Adaptation(undo=frozenset({RequestChange.SYSTEM})))
    provider = world({Route.CHAT: lambda form: refusal if form.changes else ok(Kind.CHAT)})
    result = search(provider, known)
    assert result.forms == [WITH_SYSTEM, CHAT]
    assert result.after == Known(Kind.CHAT, NOTHING_KNOWN)


def test_a_refusal_without_a_wish_is_the_answer() -> None:
    result = search(world({Route.CHAT: wanting()}))
    assert result.forms == [CHAT]
    assert result.says == (Outcome.UNKNOWN, Reason.NEEDS_OTHER_REQUEST)


def test_a_proven_refusal_on_a_guessed_route_ends_the_search_there() -> None:
    result = search(world({Route.EMBEDDINGS: wanting(proves=Kind.EMBEDDINGS)}))
    assert result.forms == [CHAT, VECTORS]
    assert result.after.kind == Kind.EMBEDDINGS


# ---- Streaming -------------------------------------------------------------------------


def test_an_empty_answer_is_asked_once_with_more_room_and_that_is_remembered() -> None:
    """Rule 39."""
    empty = replace(finding(Outcome.UNAVAILABLE, Reason.INVALID_ANSWER), adaptation=MORE_ROOM)
    roomy = RequestForm(Route.CHAT, (RequestChange.MORE_TOKENS,))
    result = search(world({Route.CHAT: unless(RequestChange.MORE_TOKENS, empty, ok(Kind.CHAT))}))
    assert result.forms == [CHAT, roomy]
    assert result.says == (Outcome.AVAILABLE, Reason.OK)
    assert search(world({Route.CHAT: ok(Kind.CHAT)}), result.after).forms == [roomy]
    mute = search(world({Route.CHAT: empty}))
    assert mute.forms == [CHAT, roomy]
    assert mute.says == (Outcome.UNAVAILABLE, Reason.INVALID_ANSWER)


def test_where_the_word_stream_is_refused_it_is_left_out_from_then_on() -> None:
    refusal = wanting(RequestChange.NO_STREAM)
    result = search(world({Route.CHAT: unless(RequestChange.NO_STREAM, refusal, ok(Kind.CHAT))}))
    assert result.forms == [CHAT, RequestForm(Route.CHAT, (RequestChange.NO_STREAM,))]
    assert search(world({Route.CHAT: ok(Kind.CHAT)}), result.after).forms == result.forms[1:]


def test_where_speed_is_measured_chat_is_streamed_and_nothing_else() -> None:
    plan = search(world(), streamed=True).plan
    streamed = {form.route for form in (plan.first, *plan.others) if RequestChange.STREAM in form.changes}
    assert streamed == {Route.CHAT, Route.RESPONSES}


def test_refused_streaming_is_remembered() -> None:
    refusal = wanting(RequestChange.NO_STREAM)
    provider = world(
        {Route.CHAT: lambda form: refusal if RequestChange.STREAM in form.changes else ok(Kind.CHAT)}
    )
    result = search(provider, streamed=True)
    assert result.forms == [
        RequestForm(Route.CHAT, (RequestChange.STREAM,)),
        RequestForm(Route.CHAT, (RequestChange.NO_STREAM,)),
    ]
    assert search(provider, result.after, streamed=True).forms == [
        RequestForm(Route.CHAT, (RequestChange.NO_STREAM,))
    ]


# ---- Costly routes ---------------------------------------------------------------------

COSTING = ProviderTraits(routes=(*USUAL.routes, *COSTLY))


@pytest.mark.parametrize("route", sorted(COSTLY))
def test_a_kind_whose_route_is_not_allowed_any_more_is_not_called_not_found(route: Route) -> None:
    provider = world({route: ok(KIND_OF[route])})
    result = search(provider, traits=COSTING)
    assert result.after.kind == KIND_OF[route]
    withdrawn = search(provider, result.after)
    assert withdrawn.says == (Outcome.UNKNOWN, Reason.NO_ENDPOINT)
    assert search(provider, withdrawn.after, traits=COSTING, now=NOW + HOUR).forms == [RequestForm(route)]


def test_a_remembered_form_of_a_route_that_is_not_allowed_any_more_is_not_used() -> None:
    known = Known(Kind.IMAGE, Knowledge(form=RequestForm(Route.IMAGE, (RequestChange.TEMPERATURE,))))
    assert search(world(), known).routes[0] is Route.CHAT


# ---- Any answers -----------------------------------------------------------------------

CHANGES = st.frozensets(st.sampled_from(RequestChange), max_size=2)
ADAPTATIONS = st.none() | st.builds(
    Adaptation, st.frozensets(st.sampled_from(RequestChange), max_size=1), CHANGES
)


@st.composite
def findings(draw: st.DrawFn, route: Route) -> Finding:
    """Draw what a row of the classification table may say on a route."""
    rule = draw(st.sampled_from(TABLE))
    proves = KIND_OF[route] if rule.is_here else None
    if rule.outcome is Outcome.AVAILABLE:
        proves = draw(st.sampled_from([KIND_OF[route], *KIND_OF.values()]))
    adaptation = draw(ADAPTATIONS) if rule.reason is Reason.NEEDS_OTHER_REQUEST else None
    return finding(rule.outcome, rule.reason, proves=proves, adaptation=adaptation)


class AnyWorld:
    """A provider that says anything, and the same whenever it is asked the same."""

    def __init__(self, draw: st.DrawFn, *, often: Sequence[Finding] = ()) -> None:
        self._draw, self._often, self._said = draw, often, dict[RequestForm, Finding]()

    def __call__(self, form: RequestForm) -> Finding:
        if form not in self._said:
            usual = [st.just(each) for each in self._often]
            self._said[form] = self._draw(st.one_of(*usual, findings(form.route)))
        return self._said[form]


@dataclass(frozen=True)
class Setting:
    """A provider, a model of it and what is known of it."""

    provider: World
    known: Known
    traits: ProviderTraits
    model: str
    declared: Route | None
    streamed: bool

    @property
    def routes(self) -> set[Route]:
        """The provider's, and the declared one where that costs nothing and no other is of its kind."""
        kinds = {KIND_OF[route] for route in self.traits.routes}
        is_more = self.declared and self.declared not in COSTLY and KIND_OF[self.declared] not in kinds
        return {*self.traits.routes, *([self.declared] if self.declared and is_more else [])}

    def search(self, known: Known | None = None, now: datetime = NOW) -> Search:
        return search(
            self.provider,
            self.known if known is None else known,
            traits=self.traits,
            now=now,
            model=self.model,
            declared=self.declared,
            streamed=self.streamed,
        )


ROUTES = st.lists(st.sampled_from(Route), min_size=1, max_size=6, unique=True).map(tuple)
QUIRKS = st.builds(
    lambda routes, typed: ProviderTraits(routes=routes, wants_input_type=typed), ROUTES, st.booleans()
)
FORMS = st.builds(
    lambda route, changes: RequestForm(route, tuple(each for each in RequestChange if each in changes)),
    st.sampled_from(Route),
    CHANGES,
)
KNOWLEDGE = st.builds(
    Knowledge,
    form=st.none() | FORMS,
    searched_at=st.none() | st.integers(0, 30).map(lambda hours: NOW - hours * HOUR),
    searches=st.integers(0, 9),
    wrong=st.lists(st.sampled_from(Route), max_size=3, unique=True).map(tuple),
    wrong_since=st.none() | st.integers(0, 30).map(lambda hours: NOW - hours * HOUR),
    looks=st.integers(0, 9),
    listed_status=st.none() | st.integers(100, 599),
)
NAMES = st.text(max_size=12) | st.sampled_from(
    ["a/embed-1", "b/rerank", "whisper", "flux-pro", "x-base", MODEL]
)


@st.composite
def settings(draw: st.DrawFn, *, often: Sequence[Finding] = (NOT_HERE, NOT_HERE)) -> Setting:
    return Setting(
        provider=AnyWorld(draw, often=often),
        known=Known(draw(st.sampled_from(Kind)), draw(KNOWLEDGE)),
        traits=draw(QUIRKS),
        model=draw(NAMES),
        declared=draw(st.none() | st.sampled_from(Route)),
        streamed=draw(st.booleans()),
    )


@given(settings())
def test_a_search_asks_no_form_twice_and_no_route_more_than_twice(setting: Setting) -> None:
    result = setting.search()
    assert len(set(result.forms)) == len(result.forms)
    assert all(result.routes.count(route) <= 2 for route in Route)
    assert len(result.forms) <= 2 * len(setting.routes)
    assert set(result.routes) <= setting.routes


@given(settings())
def test_a_plan_holds_every_route_once_or_one_route_for_a_day(setting: Setting) -> None:
    plan = setting.search().plan
    routes = [plan.first.route, *(form.route for form in plan.others)]
    assert plan.main in setting.routes
    searched_at = setting.known.knowledge.searched_at
    if searched_at is not None and NOW - searched_at < SEARCH_AGAIN:
        assert len(routes) == 1
    elif plan.later:
        assert len(routes) == 1
        assert {*routes, *plan.later, *setting.known.knowledge.wrong} >= set(setting.traits.routes)
        assert routes[0] not in setting.known.knowledge.wrong
    elif setting.known.knowledge.wrong and len(routes) == 1:
        assert {*routes, *setting.known.knowledge.wrong} >= set(setting.traits.routes)
    else:
        assert sorted(routes) == sorted(setting.routes)


@given(settings())
def test_the_conclusion_is_one_of_the_answers_unless_nobody_knows_the_model(setting: Setting) -> None:
    result = setting.search()
    assert result.end.form in result.forms
    if not is_lost(result.plan, result.tried):
        limited = replace(result.end, finding=replace(result.end.finding, outcome=Outcome.RATE_LIMITED))
        assert result.end in result.tried or limited in result.tried
        return
    is_known = any(form.kind == setting.known.kind for form in result.forms)
    assert result.says == (
        (Outcome.UNAVAILABLE, Reason.NOT_FOUND) if is_known else (Outcome.UNKNOWN, Reason.NO_ENDPOINT)
    )


@given(settings())
def test_an_answer_ends_a_search_and_is_the_conclusion(setting: Setting) -> None:
    """So a model is available exactly where some form was answered."""
    result = setting.search()
    answered = [each for each in result.tried if each.finding.outcome is Outcome.AVAILABLE]
    assert answered in ([], [result.tried[-1]])
    assert (result.end.finding.outcome is Outcome.AVAILABLE) == bool(answered)
    if answered:
        assert result.end == answered[0]


@given(settings())
def test_what_was_proven_is_kept(setting: Setting) -> None:
    result = setting.search()
    proven = {each.finding.proves for each in result.tried} - {None}
    assert result.end.finding.proves in (proven or {None})


@given(settings(often=(NOT_HERE, NOT_HERE, NOT_HERE, NO_SUCH, ODD)))
def test_of_a_search_only_a_form_or_its_fruitlessness_is_remembered(setting: Setting) -> None:
    result = setting.search()
    before, after = setting.known.knowledge, result.after.knowledge
    assert (after.looks, after.listed_status) == (before.looks, before.listed_status)
    declared = result.plan.is_declared and _unmeasured(result.plan.first)
    is_noted = after.form in {before.form, None} or _unmeasured(after.form) == declared
    if after.wrong:
        assert is_noted
        assert after.searched_at == before.searched_at
        told = {each.form.route for each in result.tried if each.finding.reason is Reason.NO_ENDPOINT}
        lost = set(result.routes) if _lost(result) else set()
        assert set(after.wrong) <= {*before.wrong, *told, *lost}
    elif is_lost(result.plan, result.tried):
        assert is_noted
        assert after.searches == before.searches + 1
        assert after.searched_at in {before.searched_at, NOW} - {None}
    elif after != before:
        is_noted = result.plan.is_declared and replace(after, form=before.form) == before
        assert is_noted or (after.searched_at, after.searches) == (None, 0)
        asked = {_unmeasured(form) for form in result.forms}
        assert after.form is None or _unmeasured(after.form) in asked


def _unmeasured(form: RequestForm) -> tuple[Route, frozenset[RequestChange]]:
    return form.route, frozenset(form.changes) - {RequestChange.STREAM}


@given(settings())
def test_a_limit_or_trouble_of_the_provider_teaches_nothing(setting: Setting) -> None:
    """But for a trouble where the search was guessing, as it goes on there, and for what a wait held up."""
    result = setting.search()
    is_untold = (
        result.end.finding.proves is None and result.end.finding.adaptation is None and not _lost(result)
    )
    is_guess = result.end.form.route is not result.plan.main
    is_guess = is_guess and result.end.finding.reason in SECOND_PASS
    if is_untold and not is_guess and not result.plan.is_declared:
        before, after = setting.known.knowledge, result.after.knowledge
        assert replace(after, wrong=before.wrong, wrong_since=before.wrong_since) == before
        assert not after.wrong or not before.wrong or after.wrong_since in {before.wrong_since, NOW}


def test_measuring_streams_leaves_no_trace_when_it_ends() -> None:
    provider = world({Route.RESPONSES: ok(Kind.CHAT)})
    result = search(provider, streamed=True)
    assert result.after.knowledge == Knowledge(form=RequestForm(Route.RESPONSES))


def _lost(result: Search) -> bool:
    return is_lost(result.plan, result.tried)


FOUND = [ok(kind) for kind in (Kind.CHAT, Kind.EMBEDDINGS, Kind.COMPLETIONS)]


@given(settings(often=(NOT_HERE, NOT_HERE, *FOUND)))
def test_what_was_found_is_asked_with_one_request_from_then_on(setting: Setting) -> None:
    """Asked again, whatever the hour, it gets the form that answered, and nothing new is learned."""
    result = setting.search()
    if result.end.finding.outcome is not Outcome.AVAILABLE:
        return
    for later in (NOW, NOW + HOUR, NOW + 30 * HOUR):
        again = setting.search(result.after, later)
        assert again.forms == [result.end.form]
        assert again.after == result.after


@given(settings(often=(NOT_HERE, NOT_HERE, NOT_HERE)))
def test_a_lost_model_costs_one_request_a_sweep_for_a_day(setting: Setting) -> None:
    result = setting.search()
    if not _lost(result) or result.after.knowledge.searched_at != NOW:
        return
    known, asked = result.after, list[Route]()
    for sweep in range(len(setting.traits.routes)):
        nowhere = replace(setting, provider=world())
        again = nowhere.search(known, NOW + (sweep + 1) * HOUR)
        assert len(again.tried) == 1
        asked.append(again.routes[0])
        known = again.after
    usual = plan_for(
        setting.model,
        setting.traits,
        kind=known.kind,
        knowledge=replace(known.knowledge, searched_at=None),
        now=NOW,
        declared=setting.declared,
    )
    is_usual = known.knowledge.form and known.knowledge.form.route in setting.routes
    if usual.is_declared or is_usual or KIND_OF[usual.main] == known.kind:
        assert set(asked) == {usual.main}
    else:
        assert sorted(asked) == sorted(setting.traits.routes)
