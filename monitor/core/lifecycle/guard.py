"""Is a sweep conclusive? The guard that keeps common causes out of the models' histories (rules.md 6, 8-11).

`judge` looks at one sweep beside what was believed before it. It decides nothing about single models.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from monitor.core.domain.state import Held, ProviderState, Streak
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import ANSWERED, UNASKED, Cause, EventKind, Outcome, Reason, Verdict

# Rules 8 and 11.
FEWEST_ANSWERED = 5  # a majority of fewer may be chance
FEWEST_ASKED = 5
REGULAR_FOR = timedelta(hours=24)
HELD_SWEEPS = 3
HELD_FOR = timedelta(hours=6)

# Rule 10: what a cause raises, and what closes it. Causes that are not here raise nothing.
PROVIDER_EVENTS: dict[str, EventKind] = {
    Cause.CREDENTIAL: EventKind.CREDENTIAL_REJECTED,
    Cause.QUOTA: EventKind.QUOTA_EXHAUSTED,
    Cause.PROVIDER_OUTAGE: EventKind.PROVIDER_DOWN,
    Cause.RULE_CHANGE: EventKind.PROVIDER_DOWN,
    Cause.CATALOG_UNREADABLE: EventKind.PROVIDER_DOWN,
    Cause.CATALOG_SHRANK: EventKind.CATALOG_SHRANK,
}
CLOSED_BY: dict[EventKind, EventKind] = {
    EventKind.CREDENTIAL_REJECTED: EventKind.CREDENTIAL_ACCEPTED,
    EventKind.QUOTA_EXHAUSTED: EventKind.QUOTA_RESTORED,
    EventKind.PROVIDER_DOWN: EventKind.PROVIDER_UP,
    EventKind.CATALOG_SHRANK: EventKind.CATALOG_RESTORED,
}

ACCOUNT, GONE, REQUEST, TROUBLE = "account", "gone", "request", "trouble"

_REFUSALS = frozenset({Reason.CREDENTIAL, Reason.QUOTA})  # of the account, whatever the status


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one sweep, its cause where inconclusive, and the mass failure held back after it."""

    verdict: Verdict
    cause: str | None = None
    held: Held | None = None


def failure_class(observation: Observation) -> str | None:
    """Class of failing to answer (rules.md 8), None for an answer or a model that was never asked.

    A web page, or anything else that no API says, is trouble under whatever status it comes.
    """
    if observation.outcome in ANSWERED or observation.reason in UNASKED:
        return None
    status, reason = observation.http_status, observation.reason
    if reason in _REFUSALS:
        return ACCOUNT
    # below 300 an error came as success
    if reason == Reason.INVALID_ANSWER or status is None or status >= 500 or status < 300:  # noqa: PLR2004
        return TROUBLE
    if status in range(401, 405):
        return ACCOUNT
    return GONE if status == 410 else REQUEST  # noqa: PLR2004 - HTTP's own classes


def regulars(state: ProviderState, started_at: datetime) -> frozenset[str]:
    """Who is to be expected to answer in a sweep that starts then: the regulars of rules.md 8.

    They answered when they were asked last, in the last conclusive sweep or in one of the 24 hours before.
    Who of them is not tracked any more is none.
    """
    if not state.answered_before:  # most sweeps: nothing to add
        return state.answered
    since = started_at - REGULAR_FOR
    return state.answered.union(model for model, at in state.answered_before.items() if at >= since)


def answered_before(
    state: ProviderState, started_at: datetime, probed: Collection[str]
) -> dict[str, datetime]:
    """Return who stays regular though not `probed` in the conclusive sweep that started then (rules.md 8).

    The times are the starts of the sweeps in which they answered.
    """
    since, last = started_at - REGULAR_FOR, state.concluded_at
    # answers expire after a day, or models long unasked would vouch without end
    before = {model: at for model, at in state.answered_before.items() if at >= since and model not in probed}
    if last is not None and last >= since:
        before.update((model, last) for model in state.answered if model not in probed)
    return before


def judge(state: ProviderState, sweep: Sweep, is_tracked: Callable[[str], bool]) -> Judgement:
    """Decide a sweep that came without a verdict; one that has a verdict is believed (rules.md 9).

    `is_tracked` says whether an id passes `include` and `exclude`.
    """
    if sweep.verdict is not None:
        is_conclusive = sweep.verdict == Verdict.CONCLUSIVE
        return Judgement(
            sweep.verdict, None if is_conclusive else sweep.cause, None if is_conclusive else state.held
        )
    if cause := judge_catalog(state, sweep):
        return _inconclusive(cause, state.held)
    if sweep.accepted:
        return Judgement(Verdict.CONCLUSIVE)
    return _judge_answers(state, sweep, is_tracked)


def _judge_answers(state: ProviderState, sweep: Sweep, is_tracked: Callable[[str], bool]) -> Judgement:
    """Rules 6 and 8: are the answers the run's own failure? Where every model answers nothing is counted."""
    probed = [observation for observation in sweep.observations if observation.reason not in UNASKED]
    if cause := _everyone_refused(state, probed):  # before regulars are counted: a first sweep has none
        return _inconclusive(cause, state.held)
    regular_models = regulars(state, sweep.started_at)
    is_served = any(observation.outcome == Outcome.AVAILABLE for observation in probed)
    failing = {observation.model: observation for observation in probed if failure_class(observation)}
    if is_served and regular_models.isdisjoint(failing):  # the common case first: nothing is counted
        return Judgement(Verdict.CONCLUSIVE)
    regular = frozenset(filter(is_tracked, regular_models))
    still_listed = regular.intersection(sweep.listed)
    again = [observation for observation in probed if observation.model in still_listed]
    # A key that gets no answer proves nothing about models; those that were regular speak for all.
    are_limited = all(observation.outcome == Outcome.RATE_LIMITED for observation in again or probed)
    if not is_served and len(probed) >= FEWEST_ASKED and are_limited:
        return _inconclusive(Cause.QUOTA, state.held)
    if len(regular) < FEWEST_ANSWERED:
        return Judgement(Verdict.CONCLUSIVE)
    return _judge_failures(state, sweep, again)


def judge_catalog(state: ProviderState, sweep: Sweep) -> Cause | None:
    """Say why a catalog alone makes a sweep inconclusive: empty, or more than half is gone (rules.md 8)."""
    if not sweep.listed:
        return Cause.CATALOG_UNREADABLE
    has_shrunk = 2 * len(state.believed.difference(sweep.listed)) > len(state.believed)
    return Cause.CATALOG_SHRANK if has_shrunk and not sweep.accepted else None


def _inconclusive(cause: str, held: Held | None) -> Judgement:
    return Judgement(Verdict.INCONCLUSIVE, cause, held)


def _everyone_refused(state: ProviderState, probed: Sequence[Observation]) -> Cause | None:
    """Rule 6: where no model ever answered, a refusal that everyone gets is about the account."""
    if state.has_answered or not probed or not all(map(_is_refusal, probed)):
        return None
    return _account_cause(probed, is_key_accepted=False)


def _is_refusal(observation: Observation) -> bool:
    is_refused = observation.http_status in {401, 402} and failure_class(observation) == ACCOUNT
    return is_refused or observation.reason in _REFUSALS


def _judge_failures(state: ProviderState, sweep: Sweep, again: Sequence[Observation]) -> Judgement:
    """Rules 8 and 11: too many regulars fail alike, of those that were asked again."""
    classes = Counter(map(failure_class, again))
    # strictly more than half: at most one class can be it
    name = next((name for name, count in classes.items() if name and 2 * count > len(again)), None)
    if name is None:
        return Judgement(Verdict.CONCLUSIVE)
    failing = {observation.model: observation for observation in again if failure_class(observation) == name}
    return _hold(state, sweep, name, failing, len(again))


def _hold(
    state: ProviderState, sweep: Sweep, name: str, failing: dict[str, Observation], asked_again: int
) -> Judgement:
    """Rule 11: believe a mass failure once the same models showed it often and long, others answering."""
    held = state.held
    if _anyone_answers(sweep):  # while nothing answers it is an outage, which is held without limit
        held = _held_longer(state.held, name, failing, sweep)
        streaks = held.models.values()
        long_held = (streak for streak in streaks if sweep.started_at - streak.began_at >= HELD_FOR)
        lasting = [streak for streak in long_held if streak.count >= HELD_SWEEPS]
        # those that joined lately must not be the majority
        if lasting and 2 * (len(streaks) - len(lasting)) <= asked_again:
            return Judgement(Verdict.CONCLUSIVE)
    cause = common_cause(name, failing.values(), is_key_accepted=_anyone_answers(sweep))
    return _inconclusive(cause, held)


def _anyone_answers(sweep: Sweep) -> bool:
    return any(observation.outcome in ANSWERED for observation in sweep.observations)


def _held_longer(held: Held | None, name: str, failing: Iterable[str], sweep: Sweep) -> Held:
    """Count each model by itself: others that come and go must not hold back a lasting failure."""
    before = held.models if held and held.failure_class == name else {}
    return Held(name, count_on(before, failing, sweep))


def count_on(streaks: Mapping[str, Streak], models: Iterable[str], sweep: Sweep) -> dict[str, Streak]:
    """Return the streaks of these models with this sweep counted; those of others end."""
    first = Streak(1, sweep.started_at)
    return {model: streaks[model].longer() if model in streaks else first for model in models}


def common_cause(name: str, failing: Iterable[Observation], *, is_key_accepted: bool) -> Cause:
    """Name the most likely common cause of a mass failure in one class.

    `is_key_accepted` says that some model does answer, so that a refusal cannot be about the key as such.
    """
    if name == ACCOUNT:
        return _account_cause(failing, is_key_accepted=is_key_accepted)
    if name == TROUBLE:
        # the most frequent reason: one slow model must not name the outage
        ((reason, _),) = Counter(observation.reason for observation in failing).most_common(1)
        return Cause.OUR_NETWORK if reason == Reason.CONNECTION_FAILED else Cause.PROVIDER_OUTAGE
    return Cause.RULE_CHANGE


def _account_cause(failing: Iterable[Observation], *, is_key_accepted: bool) -> Cause:
    """Distinguish an empty account, a refused one, and a provider that changed its rules."""
    causes = Counter(_refusal_cause(observation, is_key_accepted=is_key_accepted) for observation in failing)
    return causes.most_common(1)[0][0]


def _refusal_cause(observation: Observation, *, is_key_accepted: bool) -> Cause:
    """Judge one refusal. A 404 is the account's only while no model answers: else the key is accepted."""
    if observation.reason == Reason.QUOTA or observation.http_status == 402:  # noqa: PLR2004
        return Cause.QUOTA
    if observation.reason == Reason.CREDENTIAL or observation.http_status in {401, 403}:
        return Cause.CREDENTIAL
    is_moved = observation.reason in {Reason.NO_ENDPOINT, Reason.WRONG_ADDRESS}
    return Cause.RULE_CHANGE if is_moved or is_key_accepted else Cause.CREDENTIAL
