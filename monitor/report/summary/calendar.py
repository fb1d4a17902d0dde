"""Days in a list, each with one line of what changed on it: counts of events, cheap for many days."""

from collections.abc import Mapping
from typing import Final

from monitor.core.domain.vocabulary import EventKind
from monitor.core.lifecycle.guard import CLOSED_BY
from monitor.report.words.numbers import counted

# How each change of a model is said of one and of several, in the order in which readers must act.
_VERBS: Final[Mapping[str, tuple[str, str]]] = {
    EventKind.RETIREMENT_ANNOUNCED: ("retirement was announced", "retirements were announced"),
    EventKind.RETIRED: ("was retired", "were retired"),
    EventKind.BECAME_UNAVAILABLE: ("went down", "went down"),
    EventKind.BECAME_AVAILABLE: ("came up", "came up"),
    EventKind.KIND_CHANGED: ("changed its kind", "changed their kind"),
    EventKind.SERVED_MODEL_CHANGED: ("was silently swapped", "were silently swapped"),
    EventKind.REAPPEARED: ("reappeared", "reappeared"),
    EventKind.APPEARED: ("appeared", "appeared"),
    EventKind.FLAPPING_STARTED: ("started flapping", "started flapping"),
    EventKind.FLAPPING_STOPPED: ("stopped flapping", "stopped flapping"),
}
_TROUBLES: Final[Mapping[EventKind, str]] = {
    EventKind.CREDENTIAL_REJECTED: "the key was rejected",
    EventKind.QUOTA_EXHAUSTED: "the quota was used up",
    EventKind.PROVIDER_DOWN: "trouble with the provider",
    EventKind.CATALOG_SHRANK: "the catalog lost most of its models",
}


def day_line(events: Mapping[str, int]) -> str:
    """Say in one line what the events of a day were, given how many there were of each kind.

    A trouble of the provider that is over needs no action, so it comes last; one that is not comes first.
    """
    troubles = {kind: words for kind, words in _TROUBLES.items() if events.get(kind)}
    lasting = [_times(events, kind) for kind in troubles if events[kind] > events.get(CLOSED_BY[kind], 0)]
    over = [_times(events, kind) for kind in troubles if events[kind] <= events.get(CLOSED_BY[kind], 0)]
    changes = [counted(events[kind], *verbs) for kind, verbs in _VERBS.items() if events.get(kind)]
    return ", ".join([*lasting, *changes, *over]) or "trouble with the provider ended"


def _times(events: Mapping[str, int], kind: EventKind) -> str:
    number = events[kind]
    return _TROUBLES[kind] if number == 1 else f"{_TROUBLES[kind]} ({number:,} times)"
