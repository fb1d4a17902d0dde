"""Days in a list, each with one line of what changed on it: counts of events, cheap for many days."""

from collections.abc import Mapping
from typing import Final

from monitor.core.domain.vocabulary import EventKind
from monitor.report.words.numbers import counted

# How each change of a model is said of one and of several, in the order in which readers must act.
_VERBS: Final[Mapping[str, tuple[str, str]]] = {
    EventKind.RETIRED: ("was retired", "were retired"),
    EventKind.RETIREMENT_ANNOUNCED: ("retirement was announced", "retirements were announced"),
    EventKind.BECAME_UNAVAILABLE: ("went down", "went down"),
    EventKind.BECAME_AVAILABLE: ("came up", "came up"),
    EventKind.FLAPPING_STARTED: ("started flapping", "started flapping"),
    EventKind.FLAPPING_STOPPED: ("stopped flapping", "stopped flapping"),
    EventKind.APPEARED: ("appeared", "appeared"),
    EventKind.REAPPEARED: ("reappeared", "reappeared"),
    EventKind.KIND_CHANGED: ("changed its kind", "changed their kind"),
    EventKind.SERVED_MODEL_CHANGED: ("was silently swapped", "were silently swapped"),
}
_TROUBLES: Final[Mapping[str, str]] = {
    EventKind.CREDENTIAL_REJECTED: "the key was rejected",
    EventKind.QUOTA_EXHAUSTED: "the quota was used up",
    EventKind.PROVIDER_DOWN: "trouble with the provider",
    EventKind.CATALOG_SHRANK: "the catalog lost most of its models",
}


def day_line(events: Mapping[str, int]) -> str:
    """Say in one line what the events of a day were, given how many there were of each kind."""
    troubles = [
        words if events[kind] == 1 else f"{words} ({events[kind]:,} times)"
        for kind, words in _TROUBLES.items()
        if events.get(kind)
    ]
    changes = [counted(events[kind], *verbs) for kind, verbs in _VERBS.items() if events.get(kind)]
    return ", ".join([*troubles, *changes]) or "trouble with the provider ended"
