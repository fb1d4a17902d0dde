"""What the answers of one model say together, and what is learned of them."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from monitor.core.answer.answer import Answer
from monitor.core.answer.exchange import Exchange
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.planning.inputs import NOTHING_KNOWN, Knowledge, ProviderTraits
from monitor.core.request.forms import PLAIN_CHAT, RequestChange, RequestForm, Route
from monitor.probe.model_probe import ModelProbe
from monitor.probe.stopwatch import Stopwatch
from tests.probe.rounds import STARTED, Question, read, searching
from tests.probe.sayings import (
    BROKEN,
    BUSY,
    DEGRADED,
    ENDED,
    NEEDS_SYSTEM,
    NO_LIMIT,
    NO_SUCH_MODEL,
    NOT_HERE,
    NOT_OF_ACCOUNT,
    OK,
    OK_OF,
    REFUSED,
    TIMEOUT,
    UNEXPLAINED,
    said,
)

ROUTES = ProviderTraits().routes
ANNOUNCED = datetime(2027, 3, 1, tzinfo=UTC)
HEADER = {"deprecation": "2027-06-01T00:00:00Z"}
IN_HEADER = datetime(2027, 6, 1, tzinfo=UTC)


def answered(form: RequestForm, saying: Exchange) -> Answer:
    stopwatch = Stopwatch(STARTED, 0.0, lambda: 1.5)
    return read(Question("m00", form, 20.0, 0, 0, 0.0), saying, stopwatch)


def probe_after(
    *sayings: Exchange, kind: Kind = Kind.UNKNOWN, knowledge: Knowledge = NOTHING_KNOWN
) -> ModelProbe:
    """Return a probe whose questions were answered so, each asked as the probe wanted it."""
    probe = searching(["m00"], kind=kind, knowledge=knowledge)[0]
    for saying in sayings:
        form = probe.next_form()
        assert form is not None, "it wanted to know no more"
        probe.answers.append(answered(form, saying))
        probe.attempts += 1
    return probe


def seen_of(probe: ModelProbe) -> Observation:
    seen = probe.observation()
    assert seen is not None
    return seen


def test_before_any_answer_the_first_form_is_asked_and_nothing_is_observed() -> None:
    probe = ModelProbe("m00")
    assert (probe.next_form(), probe.observation(), probe.wants_second_pass) == (PLAIN_CHAT, None, False)
    assert probe.learned(ProviderTraits(), STARTED) == NOTHING_KNOWN


def test_a_probe_that_nobody_answered_for_is_not_probed() -> None:
    probe = ModelProbe("m00", kind=Kind.CHAT, announced=ANNOUNCED, attempts=1)
    assert probe.not_probed(700) == Observation(
        "m00", Outcome.UNKNOWN, Reason.NOT_PROBED, 700, kind=Kind.CHAT, attempts=1, retires_at=ANNOUNCED
    )


# Of several answers the one counts that tells most; a whole search is the last row.
TOGETHER = [
    ((OK,), Kind.UNKNOWN, Outcome.AVAILABLE, Reason.OK, Kind.CHAT),
    ((BUSY,), Kind.EMBEDDINGS, Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, Kind.EMBEDDINGS),
    ((NO_SUCH_MODEL,), Kind.CHAT, Outcome.UNAVAILABLE, Reason.NOT_FOUND, Kind.CHAT),
    ((NOT_HERE, OK_OF[Route.EMBEDDINGS]), Kind.CHAT, Outcome.AVAILABLE, Reason.OK, Kind.EMBEDDINGS),
    ((NOT_HERE, NOT_OF_ACCOUNT), Kind.CHAT, Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT, Kind.EMBEDDINGS),
    ((NOT_HERE, ENDED), Kind.UNKNOWN, Outcome.UNAVAILABLE, Reason.END_OF_LIFE, Kind.UNKNOWN),
    ((NEEDS_SYSTEM, OK), Kind.UNKNOWN, Outcome.AVAILABLE, Reason.OK, Kind.CHAT),
    ((NEEDS_SYSTEM, NO_LIMIT), Kind.UNKNOWN, Outcome.UNKNOWN, Reason.NEEDS_OTHER_REQUEST, Kind.UNKNOWN),
    ((NOT_HERE,) * 5, Kind.UNKNOWN, Outcome.UNKNOWN, Reason.NO_ENDPOINT, Kind.UNKNOWN),
    ((NOT_HERE,) * 5, Kind.CHAT, Outcome.UNAVAILABLE, Reason.NOT_FOUND, Kind.CHAT),
    ((DEGRADED,), Kind.UNKNOWN, Outcome.UNAVAILABLE, Reason.DEGRADED, Kind.CHAT),
]


@pytest.mark.parametrize(("sayings", "before", "outcome", "reason", "kind"), TOGETHER)
def test_several_answers_make_one_observation(
    sayings: tuple[Exchange, ...], before: Kind, outcome: Outcome, reason: Reason, kind: Kind
) -> None:
    """Rule 5."""
    probe = probe_after(*sayings, kind=before)
    assert probe.next_form() is None
    seen = seen_of(probe)
    assert (seen.outcome, seen.reason, seen.kind) == (outcome, reason, kind)
    assert (seen.model, seen.attempts, seen.at_ms) == ("m00", len(sayings), 1500)


@pytest.mark.parametrize("kind", [Kind.UNKNOWN, Kind.CHAT])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_a_search_that_goes_on_calls_nobody_gone(kind: Kind, count: int) -> None:
    """Rule 5: only who is on no endpoint is."""
    probe = probe_after(*[NOT_HERE] * count, kind=kind)
    assert probe.next_form() is not None
    assert (seen_of(probe).outcome, seen_of(probe).reason) == (Outcome.UNKNOWN, Reason.NO_ENDPOINT)


@pytest.mark.parametrize(
    ("saying", "announced", "retires_at"),
    [
        (OK, None, None),
        (OK, ANNOUNCED, ANNOUNCED),
        (replace(OK, headers=HEADER), None, IN_HEADER),
        (replace(OK, headers=HEADER), ANNOUNCED, ANNOUNCED),
        (ENDED, None, datetime(2026, 5, 14, tzinfo=UTC)),
        (ENDED, ANNOUNCED, datetime(2026, 5, 14, tzinfo=UTC)),
        (said(410), ANNOUNCED, None),
        (BROKEN, ANNOUNCED, ANNOUNCED),
    ],
)
def test_the_catalogs_date_counts_until_an_answer_ends_the_life(
    saying: Exchange, announced: datetime | None, retires_at: datetime | None
) -> None:
    probe = probe_after(saying)
    probe.announced = announced
    assert seen_of(probe).retires_at == retires_at


# ---- Second looks ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("saying", "is_unclear"),
    [(TIMEOUT, True), (BROKEN, True), (DEGRADED, True), (UNEXPLAINED, True), (OK, False), (REFUSED, False)],
)
def test_only_what_may_pass_wants_a_second_look(saying: Exchange, is_unclear: bool) -> None:
    assert probe_after(saying).wants_second_pass is is_unclear


def test_a_second_look_begins_anew_and_wants_no_third() -> None:
    probe = probe_after(TIMEOUT)
    assert probe.begin_second_pass() == PLAIN_CHAT
    assert probe.observation() is None
    probe.answers.append(answered(PLAIN_CHAT, TIMEOUT))
    probe.attempts += 1
    assert (probe.wants_second_pass, probe.next_form()) == (False, None)
    assert (seen_of(probe).reason, seen_of(probe).attempts) == (Reason.TIMEOUT, 2)


@pytest.mark.parametrize(
    ("last", "reason"), [(TIMEOUT, Reason.TIMEOUT), (OK_OF[Route.EMBEDDINGS], Reason.OK)]
)
def test_a_second_look_after_a_search_asks_the_unclear_endpoint_alone(last: Exchange, reason: Reason) -> None:
    probe = probe_after(NOT_HERE, TIMEOUT, NOT_HERE, NOT_HERE, NOT_HERE)
    assert probe.begin_second_pass() == RequestForm(Route.EMBEDDINGS)
    probe.answers.append(answered(RequestForm(Route.EMBEDDINGS), last))
    assert (probe.next_form(), seen_of(probe).reason) == (None, reason)


def test_a_second_look_searches_only_where_nobody_looked_yet() -> None:
    probe = probe_after(TIMEOUT)
    assert probe.begin_second_pass() == PLAIN_CHAT
    probe.answers.append(answered(PLAIN_CHAT, NOT_HERE))
    assert probe.next_form() == RequestForm(Route.EMBEDDINGS)


# ---- Learning --------------------------------------------------------------------------

LEARNED = [
    ("the usual form is not remembered", (OK,), NOTHING_KNOWN),
    ("the first of its kind needs no form", (NOT_HERE, OK_OF[Route.EMBEDDINGS]), NOTHING_KNOWN),
    (
        "another endpoint of the kind is remembered",
        (NOT_HERE, NOT_HERE, NOT_HERE, OK_OF[Route.RESPONSES]),
        Knowledge(form=RequestForm(Route.RESPONSES)),
    ),
    (
        "an adapted form is remembered",
        (NEEDS_SYSTEM, OK),
        Knowledge(form=RequestForm(Route.CHAT, (RequestChange.SYSTEM,))),
    ),
    (
        "a form that leads on is remembered",
        (NEEDS_SYSTEM, NO_LIMIT),
        Knowledge(form=RequestForm(Route.CHAT, (RequestChange.SYSTEM,))),
    ),
    ("a fruitless search is remembered", (NOT_HERE,) * 5, Knowledge(searched_at=STARTED, searches=1)),
    ("a search cut short teaches nothing", (NOT_HERE,) * 4, NOTHING_KNOWN),
    (
        "a limiter proves no endpoint, but who was asked before it is known to be wrong",
        (NOT_HERE, BUSY),
        Knowledge(wrong=(Route.CHAT,), wrong_since=STARTED),
    ),
    ("a trouble teaches nothing", (BROKEN,), NOTHING_KNOWN),
]


@pytest.mark.parametrize(
    ("sayings", "knowledge"), [row[1:] for row in LEARNED], ids=[row[0] for row in LEARNED]
)
def test_what_is_learned_is_what_the_next_sweep_would_not_do_anyway(
    sayings: tuple[Exchange, ...], knowledge: Knowledge
) -> None:
    assert probe_after(*sayings).learned(ProviderTraits(), STARTED) == knowledge


def test_an_answer_ends_what_a_fruitless_search_left_behind() -> None:
    before = Knowledge(searched_at=STARTED - timedelta(hours=3), searches=2)
    probe = probe_after(OK_OF[Route.COMPLETIONS], knowledge=before)
    assert probe.answers[0].form.route is ROUTES[2]
    assert probe.learned(ProviderTraits(), STARTED) == NOTHING_KNOWN


def test_a_form_that_fails_once_is_not_forgotten() -> None:
    before = Knowledge(form=RequestForm(Route.RESPONSES))
    for saying in (TIMEOUT, BROKEN, BUSY):
        assert probe_after(saying, knowledge=before).learned(ProviderTraits(), STARTED) == before
