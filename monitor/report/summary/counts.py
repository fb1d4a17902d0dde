"""How many models each thing happened to: the headline of a summary, alike in every form of it."""

from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Final

from monitor.core.domain.vocabulary import Cause
from monitor.core.summary.values import Down, ProviderSummary, Retirement, Summary, Way
from monitor.report.summary.times import between, days_words
from monitor.report.words.codes import cause_words, shown_id
from monitor.report.words.numbers import counted

_MOST_NAMED: Final = 3  # providers in a headline

# What is counted, in the order in which readers must act, and how it is said of one and of several.
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "announced": ("will be retired", "will be retired"),
    "retired": ("was retired", "were retired"),
    "went_down": ("went down", "went down"),
    "came_back": ("came back", "came back"),
    "changed_kind": ("changed its kind", "changed their kind"),
    "swapped": ("was silently swapped", "were silently swapped"),
    "reappeared": ("reappeared", "reappeared"),
    "appeared": ("appeared", "appeared"),
    "began_to_answer": ("began to answer", "began to answer"),
    "turned_out_unavailable": ("turned out to be unavailable", "turned out to be unavailable"),
    "flapping": ("is flapping", "are flapping"),
    "stopped_flapping": ("stopped flapping", "stopped flapping"),
}
_LASTING: Final = ("announced", "retired")
_OF_OUTAGES: Final = frozenset({"went_down", "came_back"})  # of several days the outages are counted instead
_PAST: Final[Mapping[str, str]] = {
    Cause.QUOTA: "the quota was used up",
    Cause.PROVIDER_OUTAGE: "the provider was in trouble",
}


def down_now(part: ProviderSummary) -> list[Down]:
    """Return the outages noticed in the span that lasted beyond it; what flaps is counted apart."""
    return [outage for outage in part.outages if outage.ended_at is None and not outage.is_flapping]


def over(part: ProviderSummary) -> dict[str, list[Down]]:
    """Return by model the outages that ended in the span with an answer, the first of them first."""
    outages = dict[str, list[Down]]()
    for outage in part.outages:
        if outage.ended_at is not None and not outage.is_flapping and not outage.is_final:
            outages.setdefault(outage.model, []).append(outage)
    return outages


def came_back(part: ProviderSummary) -> dict[str, list[Down]]:
    """Return of these the models that were neither down again nor gone when the span ended."""
    away = {outage.model for outage in down_now(part)} | {row.model for row in part.retirements}
    return {model: downs for model, downs in over(part).items() if model not in away}


def gone(part: ProviderSummary) -> list[Retirement]:
    """Return the models that were retired in the span and are not back; one that is counts as such."""
    return [row for row in part.retirements if not row.is_back]


def counts_of(part: ProviderSummary) -> dict[str, int]:
    """Count the models of each thing that happened, and the provider's troubles."""
    ways = [arrival.way for arrival in part.arrivals]
    return {
        "troubles": len(part.troubles),
        "baseline": part.baseline,
        "retired": len(gone(part)),
        "announced": sum(row.is_new for row in part.going),
        "went_down": len(down_now(part)),
        "came_back": len(came_back(part)),
        "flapping": sum(flap.stopped_at is None for flap in part.flaps),
        "stopped_flapping": sum(flap.stopped_at is not None for flap in part.flaps),
        "appeared": ways.count(Way.APPEARED),
        "reappeared": ways.count(Way.REAPPEARED),
        "began_to_answer": ways.count(Way.ANSWERED),
        "turned_out_unavailable": ways.count(Way.REFUSED),
        "changed_kind": len(part.switches),
        "swapped": len(part.swaps),
        "still_down": len(part.still_down),
    }


def count_words(counts: Mapping[str, int]) -> list[str]:
    """Say counts in words, what is none left out."""
    happened = {name: verbs for name, verbs in _WORDS.items() if counts[name]}
    words = [counted(counts[name], *verbs) for name, verbs in happened.items()]
    if counts["baseline"]:
        return [f"watching began with {counted(counts['baseline'], 'model')}", *words]
    for name, (one, several) in list(happened.items())[:1]:
        words[0] = counted(counts[name], f"model {one}", f"models {several}")
    return words


def news(part: ProviderSummary, summary: Summary) -> str:
    """Say in a few words what happened to a provider's models; never empty.

    A trouble that is over needs no action, so it comes last.
    """
    return _joined(part, summary, [] if part.is_quiet else _past_causes(part))


def lasting_news(part: ProviderSummary, summary: Summary) -> str:
    """Say the same above the sections, of which one has the troubles that are over; a long time counts them.

    `the key was rejected` in the first words of a day would read as if it still were.
    """
    return _joined(part, summary, []) if summary.span.days == 1 else news(part, summary)


def _joined(part: ProviderSummary, summary: Summary, past: list[str]) -> str:
    if part.is_quiet:
        return _stillness(part)
    # a sentence on outages has commas in it
    joint = ", " if summary.span.days == 1 else "; "
    words = [*open_causes(part), *changes(part, summary)] or ["no model changed"]
    return joint.join([*words, *past])


def changes(part: ProviderSummary, summary: Summary, *, is_short: bool = False) -> list[str]:
    """Say to how many models each thing happened, what a reader must act on first.

    Of several days it counts outages: a model that is up at their end may have been down for most of them.
    """
    counts = counts_of(part)
    if summary.span.days == 1:
        return count_words(counts)
    lasting = {name: number if name in _LASTING else 0 for name, number in counts.items()}
    others = {name: 0 if name in {*_LASTING, *_OF_OUTAGES} else number for name, number in counts.items()}
    outages = outage_words(part, summary.until, is_short=is_short)
    return list(filter(None, [*count_words(lasting), outages, *count_words(others)]))


def outage_words(part: ProviderSummary, until: datetime, *, is_short: bool = False) -> str:
    """`112 outages of 36 models began, 110 ended; longest 5 d 2 h (a/b)`; an empty text for none."""
    totals = part.outage_totals(until)
    if totals.longest is None:
        return ""
    began = f"{counted(totals.began, 'outage')} of {counted(totals.models, 'model')} began"
    words = f"{began}, {totals.ended:,} ended"
    if is_short:
        return words
    lasts = "" if totals.longest.ended_at else ", not over"
    length = between(totals.longest.began_at, totals.longest.ended_at or until)
    return f"{words}; longest {length} ({shown_id(totals.longest.model)}{lasts})"


def open_causes(part: ProviderSummary) -> list[str]:
    """Say what troubles the provider at the end of the span."""
    return list(dict.fromkeys(past_cause(row.cause) for row in part.troubles if row.ended_at is None))


def _past_causes(part: ProviderSummary) -> list[str]:
    causes = Counter(past_cause(row.cause) for row in part.troubles if row.ended_at is not None)
    return [words if number == 1 else f"{words} {number} times" for words, number in causes.items()]


def past_cause(cause: str | None) -> str:
    """Say in words what troubled the provider or its sweeps."""
    return _PAST.get(cause or "") or cause_words(cause) or "there was trouble with the provider"


def _stillness(part: ProviderSummary) -> str:
    if not part.sweeps.made:
        return "no sweep was made"
    return "quiet" if part.sweeps.conclusive else "no sweep had a clear result"


def by_urgency(summary: Summary) -> list[ProviderSummary]:
    """Return the providers, those first on which a reader may have to act, then those with news."""
    # stable: else in the configuration's order
    return sorted(summary.providers, key=lambda part: (not part.needs_reader, part.is_quiet))


def headline(summary: Summary) -> str:
    """Say in one line what happened, those providers first that have news."""
    parts = by_urgency(summary)
    named = "; ".join(f"{shown_id(part.provider)}: {news(part, summary)}" for part in parts[:_MOST_NAMED])
    rest = len(parts) - _MOST_NAMED
    return f"{named}; and {rest} more" if rest > 0 else named or "no provider is watched"


def summary_title(summary: Summary) -> str:
    """Return what a summary is about: `Hosted models on Tuesday 2026-04-07`."""
    title = f"Hosted models {days_words(summary.span)}"
    return title if summary.is_complete else f"{title}, so far"
