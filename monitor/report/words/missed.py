"""Scheduled sweeps that were never made, in words."""

from monitor.core.history.reliability_values import SweepCounts
from monitor.report.words.codes import shown_id
from monitor.report.words.numbers import counted


def missed_words(sweeps: SweepCounts) -> str:
    """Return `3 missed`, with why the last of them was where that is known; empty without any."""
    if not sweeps.missed:
        return ""
    because = f" (the last one: {sweeps.missed_because})" if sweeps.missed_because else ""
    return f"{sweeps.missed} missed{because}"


def missed_lately(provider: str, sweeps: SweepCounts) -> str:
    """Return a sentence on the sweeps of the last 24 hours that were not made, without its full stop."""
    if not sweeps.missed:
        return ""
    why = f"; the last one: {sweeps.missed_because}" if sweeps.missed_because else ""
    return f"{counted(sweeps.missed, 'scheduled sweep')} of {shown_id(provider)} missed in the last 24 h{why}"
