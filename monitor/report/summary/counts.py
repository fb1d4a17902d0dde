"""How many models each thing happened to: the headline of a summary, alike in every form of it."""

from collections.abc import Mapping
from typing import Final

from monitor.core.domain.vocabulary import Cause
from monitor.core.summary.values import Down, ProviderSummary, Summary, Way
from monitor.report.summary.times import days_words
from monitor.report.words.codes import cause_words, shown_id
from monitor.report.words.numbers import counted

_MOST_NAMED: Final = 3  # providers in a headline

# What is counted, in the order in which readers must act, and how it is said of one and of several.
_WORDS: Final[dict[str, tuple[str, str]]] = {
    "retired": ("was retired", "were retired"),
    "announced": ("will be retired", "will be retired"),
    "went_down": ("went down", "went down"),
    "came_back": ("came back", "came back"),
    "flapping": ("is flapping", "are flapping"),
    "stopped_flapping": ("stopped flapping", "stopped flapping"),
    "appeared": ("appeared", "appeared"),
    "reappeared": ("reappeared", "reappeared"),
    "began_to_answer": ("began to answer", "began to answer"),
    "turned_out_unavailable": ("turned out to be unavailable", "turned out to be unavailable"),
    "changed_kind": ("changed its kind", "changed their kind"),
    "swapped": ("was silently swapped", "were silently swapped"),
}
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


def counts_of(part: ProviderSummary) -> dict[str, int]:
    """Count the models of each thing that happened, and the provider's troubles."""
    ways = [arrival.way for arrival in part.arrivals]
    return {
        "troubles": len(part.troubles),
        "baseline": part.baseline,
        "retired": len(part.retirements),
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


def news(part: ProviderSummary) -> str:
    """Say in a few words what happened to a provider's models; never empty."""
    if part.is_quiet:
        return _stillness(part)
    causes = dict.fromkeys(past_cause(trouble.cause) for trouble in part.troubles)
    return ", ".join([*causes, *count_words(counts_of(part))])


def past_cause(cause: str | None) -> str:
    """Say in words what troubled the provider or its sweeps."""
    return _PAST.get(cause or "") or cause_words(cause) or "there was trouble with the provider"


def _stillness(part: ProviderSummary) -> str:
    if not part.sweeps.made:
        return "no sweep was made"
    return "quiet" if part.sweeps.conclusive else "no sweep had a clear result"


def headline(summary: Summary) -> str:
    """Say in one line what happened, those providers first that have news."""
    parts = sorted(summary.providers, key=lambda part: part.is_quiet)  # stable: the configuration's order
    named = "; ".join(f"{shown_id(part.provider)}: {news(part)}" for part in parts[:_MOST_NAMED])
    rest = len(parts) - _MOST_NAMED
    return f"{named}; and {rest} more" if rest > 0 else named or "no provider is watched"


def summary_title(summary: Summary) -> str:
    """Return what a summary is about: `Hosted models on Tuesday 2026-04-07`."""
    title = f"Hosted models {days_words(summary.span)}"
    return title if summary.is_complete else f"{title}, so far"
