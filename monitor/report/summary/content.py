"""A summary in words, laid out alike by every renderer: all forms say the same."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Final

from monitor.core.domain.percentages import NO_DATA, percent_words
from monitor.core.domain.vocabulary import Cause
from monitor.core.history.calendar import Span, announced_day
from monitor.core.history.reliability_values import Reliability, SweepCounts
from monitor.core.summary.values import ProviderSummary, Summary
from monitor.report.layout.content import Content, ProviderContent
from monitor.report.summary.choices import newly_best_words
from monitor.report.summary.counts import by_urgency, counts_of, lasting_news, past_cause, summary_title
from monitor.report.summary.favourites import favourite_words
from monitor.report.summary.sections import SectionWriter
from monitor.report.summary.standing import standing_words
from monitor.report.summary.times import clock, days_after, hours_of
from monitor.report.words.codes import shown_id
from monitor.report.words.missed import missed_words
from monitor.report.words.numbers import counted
from monitor.report.words.paths import Links
from monitor.report.words.times import rounded_duration

_LEGEND: Final = (
    "A sweep asks every listed model for a tiny answer. An inconclusive sweep is ignored, because the "
    "failure was not the models'. Uptime is the share of clear results that were successful."
)
_CAUSES_OF_MANY: Final[Mapping[str, str]] = {  # the words for one sweep would say "it" of several
    Cause.INTERRUPTED: "they were interrupted",
    Cause.VOIDED: "an operator voided them",
}


def summary_content(summary: Summary, links: Links | None = None) -> Content:
    """Return what a summary says; with links each item leads to the page of its model."""
    notices = tuple(_notices(summary))
    is_brief = not notices and not any(part.needs_reader for part in summary.providers)
    return Content(
        title=summary_title(summary),
        about=_about(summary),
        notices=notices,
        providers=tuple(_provider(summary, part, links, is_brief=is_brief) for part in by_urgency(summary)),
        legend=_LEGEND if any(part.baseline for part in summary.providers) else "",  # for the first reader
        more=("On the web", links.span(summary.span)) if links else None,
        is_brief=is_brief,
    )


def _about(summary: Summary) -> str:
    span = summary.span
    words = f"Times are in the time zone {shown_id(span.timezone)}"
    if hours := hours_of(span):
        words += f"; the clocks changed, so this day had {hours} hours"
    if not summary.is_complete:  # a summary of today is read in the middle of its day
        words += f"; this is what was known at {clock(summary.until, span)}"
    return f"{words}."


def _notices(summary: Summary) -> Iterator[str]:
    for channel, number in sorted(summary.undelivered.items()):
        messages = f"{counted(number, 'message')} to {shown_id(channel)}"
        yield f"{messages} could not be delivered and will not be retried."
    if not summary.providers:
        yield "No provider is watched."


def _provider(
    summary: Summary, part: ProviderSummary, links: Links | None, *, is_brief: bool
) -> ProviderContent:
    name = shown_id(part.provider)
    if not part.is_watched:
        name += " (no longer watched)"
    if part.is_quiet:
        return ProviderContent(name=name, words=_quiet_words(part, summary))
    writer = SectionWriter(span=summary.span, until=summary.until, provider=part.provider, links=links)
    if is_brief:
        return ProviderContent(
            name=name, words=_quiet_words(part, summary), sections=tuple(writer.minor_sections(part))
        )
    sentences = (favourite_words(part), lasting_news(part, summary), standing_words(part))
    return ProviderContent(
        name=name,
        words=" ".join(f"{_capitalised(words)}." for words in sentences if words),
        sections=writer.sections(part),
        figures=tuple(_figures(part, summary.span)),
    )


def _quiet_words(part: ProviderSummary, summary: Summary) -> str:
    sweeps, standing = part.sweeps, ", ".join(_standing(part, summary.span))
    if sweeps.conclusive:  # without a clear sweep the figures are those of earlier days
        figures = [standing, _sweep_words(sweeps), _uptime_words(part), newly_best_words(part)]
    else:
        figures = [f"Last known: {standing}", *_silence_words(sweeps), _uptime_words(part)]
    figure_words = "; ".join(filter(None, figures))
    first, *others = filter(None, [favourite_words(part), lasting_news(part, summary), figure_words])
    return f"{'. '.join([first, *map(_capitalised, others)])}."


def _silence_words(sweeps: SweepCounts) -> list[str]:
    if sweeps.made:
        return [_sweep_words(sweeps)]
    return [missed_words(sweeps)] if sweeps.missed else []


def _standing(part: ProviderSummary, span: Span) -> Iterator[str]:
    """Say how many models can be called, what is wrong with others, and what is to come."""
    yield standing_words(part)
    if part.is_quiet and (flapping := counts_of(part)["flapping"]):
        yield f"{flapping} flapping"
    if part.going:
        yield _going_words(part, span)


def _going_words(part: ProviderSummary, span: Span) -> str:
    first = part.going[0]
    others = f" and {len(part.going) - 1} more" if len(part.going) > 1 else ""
    day = announced_day(first.on, span.zone)
    return f"{shown_id(first.model)} will be retired on {day} ({days_after(day, span)}){others}"


def _figures(part: ProviderSummary, span: Span) -> Iterator[str]:
    yield f"{_capitalised(_sweep_words(part.sweeps))}. {_capitalised(_uptime_words(part))}."
    words = " and ".join(_reliability_words(part.reliability_30d))
    if words and span.days > 1:  # they hardly move from day to day
        yield f"Over 30 days {words}."


def _sweep_words(sweeps: SweepCounts) -> str:
    """Say how many sweeps were made, how many were inconclusive and why, and how many were missed."""
    words = [counted(sweeps.made, "sweep")]
    if failed := sum(sweeps.inconclusive.values()):
        words.append(f"{failed} inconclusive {_causes(sweeps)}")
    if sweeps.missed:
        words.append(missed_words(sweeps))
    return ", ".join(words)


def _causes(sweeps: SweepCounts) -> str:
    reasons = list[tuple[int, str]]()
    # by number, then by name: the same summary is the same text
    for cause, number in sorted(sweeps.inconclusive.items(), key=lambda item: (-item[1], item[0])):
        plural = _CAUSES_OF_MANY.get(cause) if number > 1 else None
        reasons.append((number, plural or past_cause(cause)))
    if len(reasons) == 1:
        return f"because {reasons[0][1]}"
    return f"({', '.join(f'{number} because {words}' for number, words in reasons)})"


def _uptime_words(part: ProviderSummary) -> str:
    now, recent = part.reliability.uptime_percent, part.reliability_30d.uptime_percent
    if now is None and recent is None:
        return f"uptime: {NO_DATA}"  # rules.md 27: no data is not 0 %
    return f"uptime {percent_words(now)} (30 days: {percent_words(recent)})"


def _reliability_words(recent: Reliability) -> Iterator[str]:
    if recent.mttr_s is not None:
        yield f"an outage lasted {rounded_duration(timedelta(seconds=recent.mttr_s))} on average (MTTR)"
    if recent.mtbf_s is not None:
        yield f"a model ran {rounded_duration(timedelta(seconds=recent.mtbf_s))} between outages (MTBF)"


def _capitalised(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
