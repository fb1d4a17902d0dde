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


def down_now(told: ProviderSummary) -> list[Down]:
    """Return the outages noticed in the span that lasted beyond it; what flaps is told elsewhere."""
    return [each for each in told.outages if each.ended_at is None and not each.is_flapping]


def over(told: ProviderSummary) -> dict[str, list[Down]]:
    """Return by model the outages that ended in the span with an answer, the first of them first."""
    found = dict[str, list[Down]]()
    for each in told.outages:
        if each.ended_at is not None and not each.is_flapping and not each.is_final:
            found.setdefault(each.model, []).append(each)
    return found


def came_back(told: ProviderSummary) -> dict[str, list[Down]]:
    """Return of these the models that were neither down again nor gone when the span ended."""
    away = {each.model for each in down_now(told)} | {each.model for each in told.retirements}
    return {model: downs for model, downs in over(told).items() if model not in away}


def counts_of(told: ProviderSummary) -> dict[str, int]:
    """Count the models of each thing that happened, and the provider's troubles."""
    ways = [each.way for each in told.arrivals]
    return {
        "troubles": len(told.troubles),
        "baseline": told.baseline,
        "retired": len(told.retirements),
        "announced": sum(each.is_new for each in told.going),
        "went_down": len(down_now(told)),
        "came_back": len(came_back(told)),
        "flapping": sum(each.stopped_at is None for each in told.flaps),
        "stopped_flapping": sum(each.stopped_at is not None for each in told.flaps),
        "appeared": ways.count(Way.APPEARED),
        "reappeared": ways.count(Way.REAPPEARED),
        "began_to_answer": ways.count(Way.ANSWERED),
        "turned_out_unavailable": ways.count(Way.REFUSED),
        "changed_kind": len(told.switches),
        "swapped": len(told.swaps),
        "still_down": len(told.still_down),
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


def news(told: ProviderSummary) -> str:
    """Say in a few words what happened to a provider's models; never empty."""
    if told.is_quiet:
        return _stillness(told)
    causes = dict.fromkeys(past_cause(each.cause) for each in told.troubles)
    return ", ".join([*causes, *count_words(counts_of(told))])


def past_cause(cause: str | None) -> str:
    """Say in words what troubled the provider or its sweeps."""
    return _PAST.get(cause or "") or cause_words(cause) or "there was trouble with the provider"


def _stillness(told: ProviderSummary) -> str:
    if not told.sweeps.made:
        return "no sweep was made"
    return "quiet" if told.sweeps.conclusive else "no sweep had a clear result"


def headline(summary: Summary) -> str:
    """Say in one line what happened, those providers first that have news."""
    told = sorted(summary.providers, key=lambda each: each.is_quiet)
    named = "; ".join(f"{shown_id(each.provider)}: {news(each)}" for each in told[:_MOST_NAMED])
    rest = len(told) - _MOST_NAMED
    return f"{named}; and {rest} more" if rest > 0 else named or "no provider is watched"


def summary_title(summary: Summary) -> str:
    """Return what a summary is about: `Hosted models on Tuesday 2026-04-07`."""
    title = f"Hosted models {days_words(summary.span)}"
    return title if summary.is_complete else f"{title}, so far"
