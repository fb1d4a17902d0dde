"""The oracle's half that lets sweeps happen to one model: rules.md 3, 4, 11, 13-25, 37 read off the page."""

from datetime import timedelta
from fractions import Fraction

from monitor.core.domain.event import Event
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import EventKind, Kind, Outcome, Reason, Status
from tests.core.oracle_flapping import flapping_percent
from tests.core.oracle_guard import is_shut_out
from tests.core.oracle_look import Look, is_end, served_by, status_of, timed_out, was_asked
from tests.core.oracle_story import BASELINE, Story


class Life(Story):
    """A story that goes on: the rules, one method each."""

    def live_through(self, at: int) -> list[Event]:
        """Let sweep `at` happen to the model; return the events it makes."""
        before = len(self.events)
        history = self.history
        sweep = history.sweeps[at]
        if is_shut_out(self.model, history.policies[at]):
            if self.events and history.is_conclusive(at) and self.model in sweep.listed:
                self.listed, self.gone = True, False
        elif history.is_conclusive(at) and self.model in sweep.listed:
            self._look(at)
        elif self.events:
            self._miss(at)
        return self.events[before:]

    def _miss(self, at: int) -> None:
        if self.history.is_conclusive(at):
            self.listed = False
        absent = self._absent_reads(at)
        if self.gone or not absent:
            return
        self.gone, self.listed = True, False
        began, now = (self.history.sweeps[read].started_at for read in (absent[0], at))
        if self.status is not Status.RETIRED:
            self.happen(EventKind.RETIRED, began, now, to=Status.RETIRED, reason=Reason.DELISTED)
        if self.flapping:
            self.happen(EventKind.FLAPPING_STOPPED, now, now, reason=None)
        self.clear_from = self.silent_from = self.served_from = self.window_from = len(self.looks)

    def _absent_reads(self, at: int) -> list[int]:
        """Return the reads that confirm an absence at sweep `at` (rule 18, else rule 11), or none."""
        history = self.history
        if history.is_conclusive(at):
            reads = self._unlisted([each for each in range(at + 1) if history.is_conclusive(each)])
            if len(reads) >= history.policies[at].confirm_unlisted:
                return reads
        if not history.is_readable(at):
            return []
        reads = self._unlisted([each for each in range(at + 1) if history.is_readable(each)])
        return reads if len(reads) >= history.patience(at) else []

    def _unlisted(self, reads: list[int]) -> list[int]:
        """Return the last of `reads` in a row without the id; those that shut it out say nothing."""
        found: list[int] = []
        for read in reversed(reads):
            if self.model in self.history.sweeps[read].listed:
                break
            if not is_shut_out(self.model, self.history.policies[read]):
                found.insert(0, read)
        return found

    def _look(self, at: int) -> None:
        self.listed, self.gone = True, False
        look = self._what_was_seen(at)
        kind_before = self.kind
        self.looks.append(look)
        self._change_status(look)
        self._flap(look)
        self._announce(look)
        if Kind.UNKNOWN not in (kind_before, look.observation.kind) and kind_before != look.observation.kind:
            detail = f"{kind_before} -> {look.observation.kind}"
            self.happen(
                EventKind.KIND_CHANGED,
                look.moment,
                look.moment,
                reason=look.observation.reason,
                detail=detail,
            )
        self._be_served(look)

    def _be_served(self, look: Look) -> None:
        """Rule 37. Reading: a confirmed absence empties what was seen once, as any other streak (18)."""
        answers = [each for each in self.looks[self.served_from :] if served_by(each.observation)]
        name, before = served_by(look.observation), self.server
        if name is None or name == before or self.history.is_baseline(look.sweep):
            return
        if len(answers) < 2 or served_by(answers[-2].observation) != name:
            return
        self.servers.append(name)
        self.happen(
            EventKind.SERVED_MODEL_CHANGED,
            answers[-2].moment,
            look.moment,
            reason=look.observation.reason,
            detail=f"{before} -> {name}",
        )

    def _what_was_seen(self, at: int) -> Look:
        sweep = self.history.sweeps[at]
        observation = self.history.observed(at).get(
            self.model, Observation(self.model, Outcome.UNKNOWN, Reason.NOT_PROBED, 0, attempts=0)
        )
        return Look(
            at,
            sweep.started_at + timedelta(milliseconds=observation.at_ms),
            observation,
            self._clear(observation),
        )

    def _clear(self, observation: Observation) -> bool | None:
        """Rule 3, with the status before the observation."""
        match observation.outcome:
            case Outcome.AVAILABLE:
                return True
            case Outcome.UNAVAILABLE:
                return False
            case Outcome.RATE_LIMITED if self.status in (None, Status.NEW, Status.AVAILABLE):
                return True
        return None

    def _change_status(self, look: Look) -> None:
        if self.status is None:
            self._appear(look)
        elif self.status is Status.RETIRED:
            self._come_back(look)
        elif is_end(look.observation):
            self.happen(
                EventKind.RETIRED, look.moment, look.moment, to=Status.RETIRED, reason=Reason.END_OF_LIFE
            )
        elif self.status is Status.NEW:
            self._first_clear(look)
        else:
            self._up_or_down(look)
        self._fall_silent(look)
        self._stay_down(look)

    def _appear(self, look: Look) -> None:
        to = Status.RETIRED if is_end(look.observation) else status_of(look)
        detail = BASELINE if self.history.is_baseline(look.sweep) else None
        self.happen(
            EventKind.APPEARED, look.moment, look.moment, to=to, reason=look.observation.reason, detail=detail
        )

    def _come_back(self, look: Look) -> None:
        """Rule 20."""
        if self.last_status_event.reason == Reason.DELISTED:
            if not is_end(look.observation):
                self.clear_from = self.silent_from = self.served_from = len(self.looks) - 1
                self.happen(
                    EventKind.REAPPEARED,
                    look.moment,
                    look.moment,
                    to=status_of(look),
                    reason=look.observation.reason,
                )
            return
        ups = self.clear_streak(is_up=True)
        if look.is_up and len(ups) >= self.policy(look).confirm_up:
            self.happen(
                EventKind.REAPPEARED,
                ups[0].moment,
                look.moment,
                to=Status.AVAILABLE,
                reason=look.observation.reason,
            )

    def _first_clear(self, look: Look) -> None:
        """Rule 14: a new model needs no confirmation."""
        if look.is_up is not None:
            self._turn(look, [look])

    def _up_or_down(self, look: Look) -> None:
        """Rule 15."""
        if look.is_up is None or look.is_up is (self.status is Status.AVAILABLE):
            return
        policy = self.policy(look)
        streak = self.clear_streak(is_up=look.is_up)
        if len(streak) >= (policy.confirm_up if look.is_up else policy.confirm_down):
            self._turn(look, streak)

    def _turn(self, look: Look, streak: list[Look]) -> None:
        kind = EventKind.BECAME_AVAILABLE if look.is_up else EventKind.BECAME_UNAVAILABLE
        self.happen(kind, streak[0].moment, look.moment, to=status_of(look), reason=look.observation.reason)

    def _fall_silent(self, look: Look) -> None:
        """Rule 4."""
        is_unclear = was_asked(look.observation) and look.is_up is None
        if not is_unclear or self.status not in (Status.NEW, Status.AVAILABLE):
            return
        streak = self.silence()
        if len(streak) >= self.policy(look).confirm_unresponsive:
            is_timed_out = all(timed_out(each.observation) for each in streak)
            self.happen(
                EventKind.BECAME_UNAVAILABLE,
                streak[0].moment,
                look.moment,
                to=Status.UNAVAILABLE,
                reason=Reason.UNRESPONSIVE if is_timed_out else Reason.UNCLEAR,
            )
            self.clear_from = len(self.looks)

    def _stay_down(self, look: Look) -> None:
        """Rule 17."""
        if self.status is not Status.UNAVAILABLE or look.is_up is not False or not self.has_answered():
            return
        first = self.clear_streak(is_up=False)[0].moment
        if look.moment - first > self.policy(look).retire_after:
            self.happen(
                EventKind.RETIRED, first, look.moment, to=Status.RETIRED, reason=Reason.UNAVAILABLE_TOO_LONG
            )

    def _flap(self, look: Look) -> None:
        """Rule 22."""
        if look.is_up is None:
            return
        policy = self.policy(look)
        percent = flapping_percent(self.window(), policy.flap_window)
        turns = {
            EventKind.FLAPPING_STARTED: not self.flapping and percent >= Fraction(str(policy.flap_high)),
            EventKind.FLAPPING_STOPPED: self.flapping and percent <= Fraction(str(policy.flap_low)),
        }
        for kind in (kind for kind, is_due in turns.items() if is_due):
            self.happen(kind, look.moment, look.moment, reason=None, detail=f"{float(percent):.2f} %")

    def _announce(self, look: Look) -> None:
        """Rule 23."""
        date = look.observation.retires_at
        if (
            date is None
            or date == self.announced
            or self.status is Status.RETIRED
            or is_end(look.observation)
        ):
            return
        self.happen(
            EventKind.RETIREMENT_ANNOUNCED,
            look.moment,
            look.moment,
            reason=look.observation.reason,
            detail=date.strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
        self.dates.append(date)
