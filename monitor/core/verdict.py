"""Is a sweep conclusive? The guard that keeps common causes out of the models' histories (rules.md 6, 8-11).

`judge` looks at one sweep beside what was believed before it. It decides nothing about single models.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from monitor.core.model import (
    ANSWERED,
    UNASKED,
    Cause,
    EventKind,
    Held,
    Observation,
    ProviderState,
    Reason,
    Streak,
    Sweep,
    Verdict,
)

# Rules 8 and 11.
FEWEST_ANSWERED = 5
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


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdict on one sweep, its cause where inconclusive, and the mass failure held back after it."""

    verdict: Verdict
    cause: str | None = None
    held: Held | None = None


def failure_class(observation: Observation) -> str | None:
    """Class of failing to answer (rules.md 8), None for an answer or a model that was never asked."""
    if observation.outcome in ANSWERED or observation.reason in UNASKED:
        return None
    status = observation.http_status
    if observation.reason in {Reason.CREDENTIAL, Reason.QUOTA} or status in range(401, 405):
        return ACCOUNT
    if status is None or status >= 500 or status < 300:  # noqa: PLR2004 - HTTP's own classes
        return TROUBLE
    return GONE if status == 410 else REQUEST  # noqa: PLR2004


def judge(state: ProviderState, sweep: Sweep) -> Judgement:
    """Decide a sweep that came without a verdict; one that has a verdict is believed (contract.md)."""
    if sweep.verdict is not None:
        is_conclusive = sweep.verdict == Verdict.CONCLUSIVE
        return Judgement(
            sweep.verdict, None if is_conclusive else sweep.cause, None if is_conclusive else state.held
        )
    if cause := judge_catalog(state, sweep):
        return _inconclusive(cause, state.held)
    if sweep.accepted:
        return Judgement(Verdict.CONCLUSIVE)
    if cause := _everyone_refused(state, sweep):
        return _inconclusive(cause, state.held)
    return _judge_failures(state, sweep)


def judge_catalog(state: ProviderState, sweep: Sweep) -> Cause | None:
    """Say why a catalog alone makes a sweep inconclusive: empty, or more than half is gone (rules.md 8)."""
    if not sweep.listed:
        return Cause.CATALOG_UNREADABLE
    has_shrunk = 2 * len(state.believed.difference(sweep.listed)) > len(state.believed)
    return Cause.CATALOG_SHRANK if has_shrunk and not sweep.accepted else None


def _inconclusive(cause: str, held: Held | None) -> Judgement:
    return Judgement(Verdict.INCONCLUSIVE, cause, held)


def _everyone_refused(state: ProviderState, sweep: Sweep) -> Cause | None:
    """Rule 6: where no model ever answered, a refusal that everyone gets is about the account."""
    asked = [seen for seen in sweep.observations if seen.reason not in UNASKED]
    if state.has_answered or not asked or not all(map(_is_refusal, asked)):
        return None
    return _account_cause(asked, is_key_accepted=False)


def _is_refusal(observation: Observation) -> bool:
    is_named = observation.reason in {Reason.CREDENTIAL, Reason.QUOTA}
    return is_named or (observation.outcome not in ANSWERED and observation.http_status in {401, 402})


def _judge_failures(state: ProviderState, sweep: Sweep) -> Judgement:
    """Rules 8 and 11: too many of those that answered last time fail alike."""
    still_listed = state.answered.intersection(sweep.listed)
    if len(state.answered) < FEWEST_ANSWERED:
        return Judgement(Verdict.CONCLUSIVE)
    failures = {seen.model: seen for seen in sweep.observations if seen.model in still_listed}
    for name in (ACCOUNT, GONE, REQUEST, TROUBLE):
        failing = {model: seen for model, seen in failures.items() if failure_class(seen) == name}
        if 2 * len(failing) > len(still_listed):
            return _hold(state, sweep, name, failing, len(still_listed))
    return Judgement(Verdict.CONCLUSIVE)


def _hold(
    state: ProviderState, sweep: Sweep, name: str, failing: dict[str, Observation], still_listed: int
) -> Judgement:
    """Rule 11: believe a mass failure once the same models showed it often and long, others answering."""
    held = state.held
    if _anyone_answers(sweep):
        held = _held_longer(state.held, name, failing, sweep)
        fresh = [model for model, streak in held.models.items() if not _is_lasting(streak, sweep)]
        if len(fresh) < len(held.models) and 2 * len(fresh) <= still_listed:
            return Judgement(Verdict.CONCLUSIVE)
    cause = common_cause(name, failing.values(), is_key_accepted=_anyone_answers(sweep))
    return _inconclusive(cause, held)


def _anyone_answers(sweep: Sweep) -> bool:
    return any(seen.outcome in ANSWERED for seen in sweep.observations)


def _held_longer(held: Held | None, name: str, failing: Iterable[str], sweep: Sweep) -> Held:
    """Count each model by itself: others that come and go must not hold back a lasting failure for ever."""
    before = held.models if held and held.failure_class == name else {}
    return Held(name, count_on(before, failing, sweep))


def _is_lasting(streak: Streak, sweep: Sweep) -> bool:
    return streak.count >= HELD_SWEEPS and sweep.started_at - streak.began_at >= HELD_FOR


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
        is_ours = _most_common(failing) == Reason.CONNECTION_FAILED
        return Cause.OUR_NETWORK if is_ours else Cause.PROVIDER_OUTAGE
    return Cause.RULE_CHANGE


def _account_cause(failing: Iterable[Observation], *, is_key_accepted: bool) -> Cause:
    """Tell an empty account from a refused one, and both from a provider that changed its rules."""
    causes = Counter(_refusal_cause(seen, is_key_accepted=is_key_accepted) for seen in failing)
    return causes.most_common(1)[0][0]


def _refusal_cause(observation: Observation, *, is_key_accepted: bool) -> Cause:
    """Judge one refusal. A 404 is the account's only while no model answers: else the key is accepted."""
    if observation.reason == Reason.QUOTA or observation.http_status == 402:  # noqa: PLR2004
        return Cause.QUOTA
    if observation.reason == Reason.CREDENTIAL or observation.http_status in {401, 403}:
        return Cause.CREDENTIAL
    is_moved = observation.reason in {Reason.NO_ENDPOINT, Reason.WRONG_ADDRESS}
    return Cause.RULE_CHANGE if is_moved or is_key_accepted else Cause.CREDENTIAL


def _most_common(failing: Iterable[Observation]) -> str:
    return Counter(seen.reason for seen in failing).most_common(1)[0][0]
