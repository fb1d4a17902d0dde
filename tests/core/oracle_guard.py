"""The oracle's half that judges sweeps: rules.md 1, 2, 6, 8, 9, 11 and 12 read off the page.

It shares no code with `monitor.core` but the types, and looks back over the whole history for each decision.
Readings it takes where the page leaves a choice are marked `Reading:`.
"""

from collections.abc import Iterable
from datetime import timedelta
from fnmatch import fnmatchcase

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import ANSWERED, Cause, Outcome, Reason, Verdict
from tests.core.oracle_look import was_asked


def is_shut_out(model: str, policy: Policy) -> bool:
    """Rule 1: ids that `include`/`exclude` keep away."""
    is_included = any(fnmatchcase(model, pattern) for pattern in policy.include)
    return not is_included or any(fnmatchcase(model, pattern) for pattern in policy.exclude)


def failure_class(observation: Observation) -> str | None:
    """Rule 8's class of failing to answer; None for an answer and for what was not asked.

    Reading: no status at all is a connection that failed or closed (trouble), an account's refusal known by
    its text is the account's whatever its status, what is no API's answer is trouble whatever its status (a
    firewall's page under 403), and every other 3xx or 4xx is about the request.
    """
    code = observation.http_status
    if observation.outcome in ANSWERED or not was_asked(observation):
        return None
    if observation.reason == Reason.INVALID_ANSWER:
        return "trouble"
    if observation.reason in (Reason.CREDENTIAL, Reason.QUOTA) or code in (401, 402, 403, 404):
        return "account"
    if code is None or code < 300 or code >= 500:
        return "trouble"
    return "gone" if code == 410 else "request"


def account_cause(observations: Iterable[Observation], *, others_answer: bool = False) -> Cause:
    """Name what most answers say (reading): money, the key, or a provider that changed its rules."""
    said = [_refused_for(observation, others_answer) for observation in observations]
    return max(dict.fromkeys(said), key=said.count)


def _refused_for(observation: Observation, others_answer: bool) -> Cause:
    if observation.reason == Reason.QUOTA or observation.http_status == 402:
        return Cause.QUOTA
    says_key = observation.reason == Reason.CREDENTIAL or observation.http_status in (401, 403)
    if not says_key and (others_answer or observation.reason in (Reason.NO_ENDPOINT, Reason.WRONG_ADDRESS)):
        return Cause.RULE_CHANGE
    return Cause.CREDENTIAL


class History:
    """All sweeps of a provider; answers what was believed before each (rules 8-12)."""

    def __init__(self, sweeps: tuple[Sweep, ...], policies: tuple[Policy, ...]) -> None:
        self.sweeps = sweeps
        self.policies = policies
        self._verdicts: dict[int, tuple[Verdict, str | None]] = {}

    def observed(self, at: int) -> dict[str, Observation]:
        return {each.model: each for each in self.sweeps[at].observations}

    def answered(self, at: int) -> set[str]:
        """Rule 2, of the ids that are neither unlisted nor shut out (rule 1)."""
        return {
            each.model
            for each in self.sweeps[at].observations
            if each.outcome in ANSWERED
            and each.model in self.sweeps[at].listed
            and not is_shut_out(each.model, self.policies[at])
        }

    def is_conclusive(self, at: int) -> bool:
        return self.verdict(at)[0] is Verdict.CONCLUSIVE

    def is_readable(self, at: int) -> bool:
        """Rule 11: read to its last page, not empty, not interrupted."""
        sweep = self.sweeps[at]
        return bool(sweep.listed) and sweep.cause not in (Cause.INTERRUPTED, Cause.CATALOG_UNREADABLE)

    def last_conclusive(self, before: int) -> int | None:
        return next((at for at in reversed(range(before)) if self.is_conclusive(at)), None)

    def believed(self, at: int) -> set[str]:
        """Return the last believed catalog as sweep `at` finds it, without ids believed gone since."""
        last = self.last_conclusive(at)
        if last is None:
            return set()
        return {
            model
            for model in self.sweeps[last].listed
            if not any(
                len(self.missing(read, model)) >= self.patience(read) for read in range(last + 1, at + 1)
            )
        }

    def patience(self, at: int) -> int:
        return max(3, self.policies[at].confirm_unlisted)

    def missing(self, at: int, model: str) -> list[int]:
        """Return the readable catalogs in a row, ending with sweep `at`'s, that lack an id."""
        if not self.is_readable(at):
            return []
        reads: list[int] = []
        for read in reversed(range(at + 1)):
            if not self.is_readable(read):
                continue
            if model in self.sweeps[read].listed:
                break
            reads.insert(0, read)
        return reads

    def verdict(self, at: int) -> tuple[Verdict, str | None]:
        if at not in self._verdicts:
            self._verdicts[at] = self._judge(at)
        return self._verdicts[at]

    def _judge(self, at: int) -> tuple[Verdict, str | None]:
        sweep = self.sweeps[at]
        if sweep.verdict is not None:
            return sweep.verdict, None if sweep.verdict is Verdict.CONCLUSIVE else sweep.cause
        cause = self._doubt(at)
        return (Verdict.INCONCLUSIVE, cause) if cause else (Verdict.CONCLUSIVE, None)

    def _doubt(self, at: int) -> Cause | None:
        """Rules 6, 8 and 11, in the order in which a run meets them."""
        sweep = self.sweeps[at]
        if not sweep.listed:
            return Cause.CATALOG_UNREADABLE
        if sweep.accepted:
            return None
        if self.has_shrunk(at):
            return Cause.CATALOG_SHRANK
        failing = self.mass_failure(at)
        is_held = failing is not None and not self.is_believed(at)
        common = self.everyone_refused(at) or self.nobody_served(at)
        return common or (self._cause(at, *failing) if failing and is_held else None)

    def has_shrunk(self, at: int) -> bool:
        """Rule 8: more than half of the ids of the last believed catalog are lost."""
        believed = self.believed(at)
        return 2 * len(believed - set(self.sweeps[at].listed)) > len(believed)

    def everyone_refused(self, at: int) -> Cause | None:
        """Rule 6: where none ever answered, a refusal that everyone gets is the run's trouble."""
        asked = [each for each in self.sweeps[at].observations if was_asked(each)]
        ever = any(self.is_conclusive(before) and self.answered(before) for before in range(at))
        refused = [
            each
            for each in asked
            if each.reason in (Reason.CREDENTIAL, Reason.QUOTA)
            or (failure_class(each) == "account" and each.http_status in (401, 402))
        ]
        return None if ever or not asked or len(refused) < len(asked) else account_cause(refused)

    def last_asked(self, before: int, model: str) -> tuple[int, Observation] | None:
        """Return the last conclusive sweep that asked a model, and what it said; rule 1 for the shut out."""
        for at in reversed(range(before)):
            if not self.is_conclusive(at) or model not in self.sweeps[at].listed:
                continue
            seen = self.observed(at).get(model)
            if seen is not None and was_asked(seen) and not is_shut_out(model, self.policies[at]):
                return at, seen
        return None

    def is_regular(self, at: int, model: str) -> bool:
        """Rule 8. Reading: it need not be listed any more, and whoever is shut out now is not tracked."""
        last = self.last_asked(at, model)
        if last is None or last[1].outcome not in ANSWERED or is_shut_out(model, self.policies[at]):
            return False
        age = self.sweeps[at].started_at - self.sweeps[last[0]].started_at
        return last[0] == self.last_conclusive(at) or age <= timedelta(days=1)

    def regulars(self, at: int) -> set[str]:
        """Rule 8: who answered when asked last, not long ago."""
        ever = {model for before in range(at) for model in self.observed(before)}
        return {model for model in ever if self.is_regular(at, model)}

    def asked_again(self, at: int) -> set[str]:
        """Return the regulars that are still listed and were asked in this sweep."""
        asked = {each.model for each in self.sweeps[at].observations if was_asked(each)}
        return self.regulars(at) & set(self.sweeps[at].listed) & asked

    def mass_failure(self, at: int) -> tuple[str, frozenset[str]] | None:
        """Rule 8: the class in which more than half of the regulars asked now fail, and who."""
        if len(self.regulars(at)) < 5:
            return None
        now, again = self.observed(at), self.asked_again(at)
        for name in ("account", "gone", "request", "trouble"):
            failing = {model for model in again if failure_class(now[model]) == name}
            if 2 * len(failing) > len(again):
                return name, frozenset(failing)
        return None

    def nobody_served(self, at: int) -> Cause | None:
        """Rule 8: at least five were asked, none is available, and the regulars of them are all limited.

        Reading: where no regular was asked, everybody must be limited; a key may be so from its first day on.
        """
        asked = [each for each in self.sweeps[at].observations if was_asked(each)]
        if len(asked) < 5 or Outcome.AVAILABLE in {each.outcome for each in asked}:
            return None
        again = self.asked_again(at)
        speakers = [each for each in asked if each.model in again] if again else asked
        is_limited = all(each.outcome is Outcome.RATE_LIMITED for each in speakers)
        return Cause.QUOTA if is_limited else None

    def held_back(self, at: int) -> tuple[str, frozenset[str]] | None:
        """Rule 11: the mass failure that sweep `at` shows while others answer, if the guard judges it.

        Reading: sweeps that came with a verdict, or in which nothing answered, neither count nor break.
        """
        sweep = self.sweeps[at]
        is_judged = sweep.verdict is None and sweep.listed and not sweep.accepted and self.any_answer(at)
        if not is_judged or self.has_shrunk(at) or self.everyone_refused(at) or self.nobody_served(at):
            return None
        return self.mass_failure(at)

    def any_answer(self, at: int) -> bool:
        return any(each.outcome in ANSWERED for each in self.sweeps[at].observations)

    def is_believed(self, at: int) -> bool:
        """Rule 11: same class, same models, 3 sweeps over at least 6 hours, others answering.

        Reading: a failure is that of the same models when no more than half would have to be explained anew.
        """
        now = self.held_back(at)
        if now is None:
            return False
        name, failing = now
        count, common = 1, failing
        for before in range(at - 1, self.after_conclusive(at) - 1, -1):
            then = self.held_back(before)
            if then is None:
                continue
            if then[0] != name:
                return False
            count, common = count + 1, common & then[1]
            is_long = self.sweeps[at].started_at - self.sweeps[before].started_at >= timedelta(hours=6)
            if count >= 3 and is_long:
                return bool(common) and 2 * len(failing - common) <= len(self.asked_again(at))
        return False

    def after_conclusive(self, at: int) -> int:
        last = self.last_conclusive(at)
        return 0 if last is None else last + 1

    def _cause(self, at: int, name: str, failing: frozenset[str]) -> Cause:
        """Name the likeliest common cause of a mass failure in one class (reading)."""
        seen = [each for each in self.sweeps[at].observations if each.model in failing]
        if name == "account":
            return account_cause(seen, others_answer=self.any_answer(at))
        if name == "trouble":
            reasons = [each.reason for each in seen]
            most = max(dict.fromkeys(reasons), key=reasons.count)
            return Cause.OUR_NETWORK if most == Reason.CONNECTION_FAILED else Cause.PROVIDER_OUTAGE
        return Cause.RULE_CHANGE

    def is_baseline(self, at: int) -> bool:
        """Rule 12: conclusive, and in no conclusive sweep before it did anything answer."""
        return self.is_conclusive(at) and not any(
            self.is_conclusive(before) and self.answered(before) for before in range(at)
        )
