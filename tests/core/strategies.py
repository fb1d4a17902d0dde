"""Random histories: a few models, any answers, faults, gaps of days, policies that may change on the way."""

from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

from hypothesis import strategies as st

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, Kind, Outcome, Reason, Verdict
from tests.core.histories import START, sweep

Answer = tuple[Outcome, str, int | None]

CALM: tuple[Answer, ...] = (
    (Outcome.AVAILABLE, Reason.OK, 200),
    (Outcome.AVAILABLE, Reason.OK, 200),
    (Outcome.UNAVAILABLE, Reason.NOT_FOUND, 404),
    (Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 500),
    (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, 429),
    (Outcome.RATE_LIMITED, Reason.SATURATED, 503),
    (Outcome.UNKNOWN, Reason.TIMEOUT, None),
    (Outcome.UNKNOWN, Reason.TIMEOUT, None),
    (Outcome.UNKNOWN, Reason.BAD_REQUEST, 400),
    (Outcome.UNKNOWN, Reason.NEEDS_OTHER_REQUEST, 422),
    (Outcome.UNKNOWN, Reason.CONNECTION_CLOSED, None),
    (Outcome.UNKNOWN, Reason.NO_ENDPOINT, 404),
    (Outcome.RATE_LIMITED, Reason.MODEL_QUOTA, 429),
    (Outcome.UNAVAILABLE, Reason.FALLBACK, 200),
    (Outcome.UNKNOWN, Reason.NOT_PROBED, None),
    (Outcome.UNKNOWN, Reason.LOOKED_UP, 404),
    (Outcome.UNAVAILABLE, Reason.END_OF_LIFE, 410),
)
_NOT_FOR_US: Answer = (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT, 404)
_BAD: Answer = (Outcome.UNKNOWN, Reason.BAD_REQUEST, 400)
_UNASKED: Answer = (Outcome.UNKNOWN, Reason.NOT_PROBED, None)
STORMS: tuple[Answer, ...] = (
    (Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 502),
    (Outcome.UNAVAILABLE, Reason.INVALID_ANSWER, 200),
    (Outcome.UNAVAILABLE, Reason.INVALID_ANSWER, 403),
    (Outcome.UNKNOWN, Reason.INVALID_ANSWER, 401),
    (Outcome.UNKNOWN, Reason.TIMEOUT, None),
    (Outcome.UNKNOWN, Reason.CONNECTION_FAILED, None),
    (Outcome.UNKNOWN, Reason.CONNECTION_CLOSED, None),
    (Outcome.UNKNOWN, Reason.CREDENTIAL, 401),
    (Outcome.UNKNOWN, Reason.CREDENTIAL, 400),
    (Outcome.UNKNOWN, Reason.QUOTA, 402),
    (Outcome.UNKNOWN, Reason.QUOTA, 429),
    (Outcome.UNKNOWN, Reason.QUOTA, 412),
    (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, 429),
    (Outcome.RATE_LIMITED, Reason.MODEL_QUOTA, 429),
    (Outcome.UNKNOWN, Reason.NOT_PROBED, None),
    _NOT_FOR_US,
    (Outcome.UNKNOWN, Reason.NO_ENDPOINT, 404),
    (Outcome.UNAVAILABLE, Reason.END_OF_LIFE, 410),
    _BAD,
    (Outcome.UNKNOWN, Reason.LOOKED_UP, 404),
)
KINDS = (Kind.UNKNOWN, Kind.UNKNOWN, Kind.UNKNOWN, Kind.CHAT, Kind.EMBEDDINGS)
DATES = (None, None, None, None, START + timedelta(days=30), START + timedelta(days=60))
PAUSES = tuple(timedelta(minutes=minutes) for minutes in (15, 15, 15, 60, 180, 7 * 60, 5 * 1440, 15 * 1440))
GIVEN: tuple[tuple[Verdict | None, str | None], ...] = (
    *((None, None),) * 6,
    *((Verdict.CONCLUSIVE, None),) * 2,
    *((Verdict.INCONCLUSIVE, cause) for cause in (*Cause, "voided")),
)
SERVERS = (None, None, "", "b", "x", "x", "y")
MOMENTS = (0, 0, 700, 1500, 90_000)
# One choice of all four: each draw costs more than what is done with it.
_details = st.sampled_from(tuple(product(MOMENTS, KINDS, DATES, SERVERS)))


@dataclass(frozen=True)
class Past:
    """A random history: sweeps in time order, each with its policy."""

    sweeps: tuple[Sweep, ...]
    policies: tuple[Policy, ...]


@st.composite
def policies(draw: st.DrawFn, exclude: tuple[str, ...] = ()) -> Policy:
    """Draw thresholds small enough to be reached in a short history."""
    return Policy(
        confirm_down=draw(st.integers(1, 3)),
        confirm_up=draw(st.integers(1, 3)),
        confirm_unlisted=draw(st.integers(1, 4)),
        confirm_unresponsive=draw(st.integers(1, 4)),
        retire_after=draw(st.sampled_from((timedelta(hours=1), timedelta(days=5), timedelta(days=14)))),
        flap_window=draw(st.sampled_from((3, 4, 5, 21))),
        flap_high=draw(st.sampled_from((30.0, 50.0, 62.5))),
        flap_low=draw(st.sampled_from((20.0, 12.5))),
        exclude=exclude,
    )


@st.composite
def quiet_pasts(draw: st.DrawFn, *, steady: bool = True) -> Past:
    """Draw a history of one to three models; `steady` means that one policy serves all of it.

    What is shut out stays shut out: test_lifecycle.py tells what happens to ids that come and go so.
    """
    ids = ("b", "a", "Zé")[: draw(st.integers(1, 3))]
    length = draw(st.integers(1, 16))
    plan = policies(draw(st.sampled_from(((), (), ("b",)))))
    chosen = (draw(plan),) * length if steady else tuple(draw(plan) for _ in range(length))
    sweeps = list[Sweep]()
    now, last = START, dict[str, Answer]()
    for _ in range(length):
        listed = tuple(each for each in ids if draw(st.integers(0, 3)))
        verdict, cause = draw(st.sampled_from(GIVEN))
        observations = list[Observation]()
        for model in listed:
            if draw(st.integers(0, 2)) == 0 or model not in last:
                last[model] = draw(st.sampled_from(CALM))
            if draw(st.integers(0, 9)):
                observations.append(_observation(draw, model, last[model]))
        sweeps.append(sweep(*observations, at=now, listed=listed, verdict=verdict, cause=cause))
        now += draw(st.sampled_from(PAUSES))
    return Past(tuple(sweeps), chosen)


@st.composite
def stormy_pasts(draw: st.DrawFn) -> Past:
    """Draw a history of a dozen models that fail together for a while, in a catalog that loses ids."""
    ids = tuple("abcdefghijkl"[: draw(st.integers(5, 12))])
    length = draw(st.integers(2, 12))
    policy = draw(policies())
    sweeps = [sweep(*(_observation(draw, each, CALM[0]) for each in ids))]
    now = START
    failing, storm, listed = frozenset[str](), CALM[0], ids
    subsets = st.frozensets(st.sampled_from(ids))
    for _ in range(length):
        now += timedelta(hours=draw(st.sampled_from((1, 2, 3, 3, 6, 12, 24))))
        if draw(st.integers(0, 2)) == 0:
            storm = draw(st.sampled_from(STORMS))
        if draw(st.integers(0, 1)) == 0:
            failing = draw(st.one_of(st.just(frozenset(ids)), subsets, st.just(frozenset(ids[1:]))))
        if draw(st.integers(0, 4)) == 0:
            lost = draw(subsets)
            listed = tuple(each for each in ids if each not in lost)
        observations = [_observation(draw, each, storm if each in failing else CALM[0]) for each in listed]
        accepted = draw(st.integers(0, 11)) == 11
        verdict, cause = draw(st.sampled_from((*((None, None),) * 12, *GIVEN[6:])))
        sweeps.append(
            sweep(*observations, at=now, listed=listed, verdict=verdict, cause=cause, accepted=accepted)
        )
    return Past(tuple(sweeps), (policy,) * len(sweeps))


@st.composite
def partial_pasts(draw: st.DrawFn) -> Past:
    """Draw a history of a dozen models of which each sweep asks some, for longer than a day.

    Some fail together; some sweeps shut two models out.
    """
    ids = tuple("abcdefghijkl"[: draw(st.integers(5, 12))])
    subsets = st.frozensets(st.sampled_from(ids))
    open_to_all, narrow = draw(policies()), draw(policies(("a", "b")))
    now, sweeps, chosen = START, list[Sweep](), list[Policy]()
    for _ in range(draw(st.integers(2, 9))):
        asked, failing = draw(st.one_of(st.just(frozenset(ids)), subsets)), draw(subsets)
        foul = draw(st.sampled_from((CALM[0], CALM[4], *STORMS)))
        observations = [_plain(each, foul if each in failing else CALM[0]) for each in ids if each in asked]
        if draw(st.booleans()):
            observations += [_plain(each, _UNASKED) for each in ids if each not in asked]
        sweeps.append(sweep(*observations, at=now, listed=ids))
        chosen.append(draw(st.sampled_from((open_to_all, open_to_all, narrow))))
        now += timedelta(hours=draw(st.sampled_from((1, 6, 11, 12, 13, 24, 25))))
    return Past(tuple(sweeps), tuple(chosen))


@st.composite
def stubborn_pasts(draw: st.DrawFn) -> Past:
    """Draw a history of a dozen models most of which fail in one class for long, never quite the same."""
    ids = tuple("abcdefghijkl"[: draw(st.integers(5, 12))])
    storm = draw(st.sampled_from((STORMS[0], _NOT_FOR_US, _BAD)))
    sweeps = [sweep(*(_plain(each, CALM[0]) for each in ids))]
    for place in range(draw(st.integers(3, 10))):
        spared = draw(st.frozensets(st.sampled_from(ids), max_size=len(ids) // 2))
        at = START + timedelta(hours=3 * place + draw(st.integers(1, 3)))
        answers = (_plain(each, CALM[0] if each in spared else storm) for each in ids)
        sweeps.append(sweep(*answers, at=at))
    return Past(tuple(sweeps), (Policy(),) * len(sweeps))


@st.composite
def restless_pasts(draw: st.DrawFn) -> Past:
    """Draw a long history of one model that goes up and down, falls silent, and is answered by others."""
    looks = st.tuples(st.sampled_from(CALM[:14]), st.sampled_from(SERVERS[1:]))
    policy, sweeps = draw(policies()), list[Sweep]()
    for place, (letter, server) in enumerate(draw(st.lists(looks, min_size=3, max_size=45))):
        seen = replace(_plain("b", letter), served_as=server if letter[0] == Outcome.AVAILABLE else None)
        sweeps.append(sweep(seen, at=START + place * PAUSES[0]))
    return Past(tuple(sweeps), (policy,) * len(sweeps))


def _plain(model: str, answer: Answer) -> Observation:
    outcome, reason, status = answer
    return Observation(model, outcome, reason, 0, http_status=status)


def _observation(draw: st.DrawFn, model: str, answer: Answer) -> Observation:
    outcome, reason, status = answer
    at_ms, kind, retires_at, served_as = draw(_details)
    return Observation(
        model,
        outcome,
        reason,
        at_ms,
        kind=kind,
        http_status=status,
        latency_ms=300 if outcome == Outcome.AVAILABLE else None,
        attempts=0 if reason == Reason.NOT_PROBED else 1,
        retires_at=retires_at,
        served_as=served_as if outcome == Outcome.AVAILABLE else None,
    )
