"""What a disturbed history is held against: an undisturbed one, and the answers that were sent."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import Outcome
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine
from tests.soak.paired.provider import Attempt, Ending, Provider
from tests.soak.paired.story import SWEEPS_OF_A_CHAPTER, Story
from tests.support import gateway as g

Change = tuple[str, str | None, str | None]
Events = Mapping[str, Sequence[Change]]
EVENTS = "SELECT model, kind, from_status, to_status FROM change_history ORDER BY sweep_id, event_id"
_NEW = "new"
_MADE_CLEAR = {"became_available", "became_unavailable"}


class Truth:
    """An undisturbed run of a story in this process, as far as it is asked for."""

    def __init__(self, story: Story, directory: Path) -> None:
        self._story = story
        self._engine = open_engine(f"sqlite:///{directory}/truth.db")
        self._endings: list[Ending] = []
        self._rows: list[Sequence[tuple[Any, ...]]] = []  # after each chapter
        self._lock = Lock()
        self.provider = Provider(story, latency_s=0.0)
        self.provider.endings = self._take_endings

    @contextmanager
    def lived(self) -> Iterator["Truth"]:
        """Serve the provider of the undisturbed run."""
        prepare(self._engine)
        with g.running(self.provider) as there:
            policy = Policy(flap_high=100.0)
            self._target = g.target(there.base_url, policy=policy, concurrency=4, timeout_s=5.0)
            yield self
        self._engine.dispose()

    def until(self, chapter: int) -> Events:
        """Return the events of all chapters up to this one."""
        with self._lock:
            while len(self._rows) <= chapter:
                self._live_chapter()
            return by_model(self._rows[chapter]) if chapter >= 0 else {}

    def _live_chapter(self) -> None:
        for _ in range(SWEEPS_OF_A_CHAPTER):
            swept = g.sweep(self._target, self._engine)
            assert self.provider.number == len(self._rows), "an undisturbed sweep is a whole one"
            unknown = sum(seen.outcome == Outcome.UNKNOWN for seen in swept.sweep.observations)
            self._endings.append(Ending(swept.decision.cause, unknown))
        self._rows.append(g.rows(self._engine, EVENTS))

    def _take_endings(self) -> list[Ending]:
        endings, self._endings = self._endings, []
        return endings


def by_model(rows: Sequence[tuple[Any, ...]]) -> Events:
    """Return kind, old and new status of each model's events in their order; those of the provider under ''.

    Where an answer did not come, a model appears as new and becomes what it is with the next one: that is
    one event here.
    """
    events = defaultdict[str, list[Change]](list)
    for model, kind, before, after in rows:
        story = events[model or ""]
        if story and kind in _MADE_CLEAR and before == _NEW == story[-1][2]:
            story[-1] = (story[-1][0], story[-1][1], after)
        else:
            story.append((kind, before, after))
    return events


def differences(seen: Events, before: Events, after: Events) -> Mapping[str, str]:
    """Describe, by model, events that are not those of all chapters that have ended, or are in no chapter."""
    wrong = {}
    for model in sorted({*seen, *before, *after}):
        events, early, late = (part.get(model, ()) for part in (seen, before, after))
        if not _is_between(events, early, late):
            pairs = enumerate(zip(events, late, strict=False))
            begin = max(next((place for place, (one, other) in pairs if one != other), 0) - 1, 0)
            shown = [list(part[begin : begin + 4]) for part in (events, late)]
            wrong[model] = f"{model or 'the provider'}, from event {begin}: {shown[0]}, not {shown[1]}"
    return wrong


def _is_between(seen: Sequence[Change], before: Sequence[Change], after: Sequence[Change]) -> bool:
    whole = list(seen)
    if whole and len(whole) <= len(after) and whole[-1][2] == _NEW:  # what it is, the next answer says
        whole[-1] = (*whole[-1][:2], after[len(whole) - 1][2])
    return whole[: len(before)] == list(before) and list(after[: len(whole)]) == whole


def lost_answers(
    attempts: Sequence[Attempt], kept: set[str], excused: Callable[[float], bool]
) -> list[tuple[str, float]]:
    """Return models and when each was answered, where no answer of a sweep is kept and nothing excuses it."""
    lost = []
    for attempt in attempts:
        for model, answers in attempt.answers.items():
            sent = [(serial, at) for serial, at in answers if serial]
            if sent and not any(f"serial-{serial}" in kept or excused(at) for serial, at in sent):
                lost.append((model, sent[-1][1]))
    return lost
