"""Histories for the tests of the fold: one model's story written as letters, and sweeps built by hand.

    u available   d unavailable   l rate limited   e end of life   t timed out   q unclear (a bare 400)
    n not probed  . listed, but a gap   - not in the catalog
    X inconclusive, listed and failing   O inconclusive, not in the catalog   Z interrupted, likewise

The story's model is `m`; a second model, `anchor`, is always listed and always answers. Sweeps lie 15 minutes
apart, every observation is made 1.5 s after its sweep began.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from monitor.core.domain.event import Decision, Event
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ModelState, ProviderState
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, Kind, Outcome, Reason, Verdict
from monitor.core.lifecycle.fold import fold

START = datetime(2026, 4, 6, 12, tzinfo=UTC)
STEP = timedelta(minutes=15)
AT_MS = 1500
USUAL = Policy()

ANSWERS: dict[str, tuple[Outcome, str, int | None]] = {
    "u": (Outcome.AVAILABLE, Reason.OK, 200),
    "d": (Outcome.UNAVAILABLE, Reason.NOT_FOUND, 404),
    "l": (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, 429),
    "e": (Outcome.UNAVAILABLE, Reason.END_OF_LIFE, 410),
    "t": (Outcome.UNKNOWN, Reason.TIMEOUT, None),
    "q": (Outcome.UNKNOWN, Reason.BAD_REQUEST, 400),
    "n": (Outcome.UNKNOWN, Reason.NOT_PROBED, None),
    "X": (Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 500),
}
NOT_LISTED = "-OZ"
CAUSES = {"X": Cause.PROVIDER_OUTAGE, "O": Cause.PROVIDER_OUTAGE, "Z": Cause.INTERRUPTED}


def answer(
    letter: str,
    model: str = "m",
    *,
    kind: str = Kind.UNKNOWN,
    retires_at: datetime | None = None,
    at_ms: int = AT_MS,
    served_as: str | None = None,
) -> Observation:
    """Make the observation that a letter stands for."""
    outcome, reason, status = ANSWERS[letter]
    attempts = 0 if reason == Reason.NOT_PROBED else 1
    return Observation(
        model,
        outcome,
        reason,
        at_ms,
        kind=kind,
        http_status=status,
        attempts=attempts,
        retires_at=retires_at,
        served_as=served_as,
    )


def sweep(
    *observations: Observation,
    at: datetime = START,
    listed: Iterable[str] | None = None,
    verdict: Verdict | None = None,
    cause: str | None = None,
    accepted: bool = False,
) -> Sweep:
    """Make a sweep that lists what it observed, if not told otherwise."""
    ids = [each.model for each in observations] if listed is None else listed
    return Sweep(
        provider="nvidia",
        started_at=at,
        finished_at=at + timedelta(minutes=1),
        listed=tuple(ids),
        observations=observations,
        verdict=verdict,
        cause=cause,
        accepted=accepted,
    )


def story(letters: str, *, start: datetime = START, step: timedelta = STEP) -> list[Sweep]:
    """Make the sweeps in which `m` lives through the letters."""
    return [_chapter(letter, start + place * step) for place, letter in enumerate(letters)]


def _chapter(letter: str, at: datetime) -> Sweep:
    observations = [answer("u", "anchor")]
    if letter in ANSWERS:
        observations.append(answer(letter))
    listed = ["anchor"] if letter in NOT_LISTED else ["anchor", "m"]
    cause = CAUSES.get(letter)
    verdict = Verdict.INCONCLUSIVE if cause else Verdict.CONCLUSIVE
    return sweep(*observations, at=at, listed=listed, verdict=verdict, cause=cause)


def live(sweeps: Sequence[Sweep], policies: Policy | Sequence[Policy] = USUAL) -> list[Decision]:
    """Fold sweeps one after the other, each with its policy."""
    each = [policies] * len(sweeps) if isinstance(policies, Policy) else policies
    decisions: list[Decision] = []
    state = ProviderState()
    for made, policy in zip(sweeps, each, strict=True):
        decisions.append(fold(state, made, policy))
        state = decisions[-1].state
    return decisions


def end_of(
    letters: str, policies: Policy | Sequence[Policy] = USUAL, *, step: timedelta = STEP
) -> ModelState:
    """Return what is believed of `m` after the letters."""
    return live(story(letters, step=step), policies)[-1].state.models["m"]


def events_of(decisions: Iterable[Decision], model: str | None = "m") -> list[Event]:
    """Return the events of one model, or of the provider, in their order."""
    return [event for decision in decisions for event in decision.events if event.model == model]


def tell(letters: str, policies: Policy | Sequence[Policy] = USUAL, *, step: timedelta = STEP) -> list[str]:
    """Say what happened to `m`, one line an event: `confirmed kind to_status began (reason)`.

    `confirmed` and `began` are places of letters; a trailing `*` marks the start of a sweep, all else is the
    moment of an observation.
    """
    return [_line(event, step) for event in events_of(live(story(letters, step=step), policies))]


def _line(event: Event, step: timedelta) -> str:
    confirmed, began = (_place(moment, step) for moment in (event.confirmed_at, event.began_at))
    return f"{confirmed} {event.kind} {event.to_status} from {began} ({event.reason})"


def _place(moment: datetime, step: timedelta) -> str:
    place, rest = divmod(moment - START, step)
    assert rest in (timedelta(), timedelta(milliseconds=AT_MS))
    return f"{place}" if rest else f"{place}*"
