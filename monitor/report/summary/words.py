"""A summary in words, laid out by every rendering alike: who reads one form has read them all."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from monitor.core.domain.percentages import NO_DATA, percent_words
from monitor.core.domain.vocabulary import Cause, Status
from monitor.core.history.calendar import Span
from monitor.core.history.reliability_values import Reliability, SweepCounts
from monitor.core.summary.values import ProviderSummary, Summary
from monitor.report.summary.counts import counts_of, news, past_cause, summary_title
from monitor.report.summary.sections import Section, Teller
from monitor.report.summary.times import clock, date_words, hours_of
from monitor.report.words.codes import shown_id
from monitor.report.words.numbers import counted
from monitor.report.words.times import rounded_duration


@dataclass(frozen=True, slots=True)
class Part:
    """One provider's part, `name` being how it is shown: a quiet one has `words` only, which are one line."""

    provider: str
    name: str
    words: str
    sections: tuple[Section, ...] = ()
    figures: tuple[str, ...] = ()

    @property
    def is_quiet(self) -> bool:
        """Whether `words` are all there is."""
        return not self.sections and not self.figures


@dataclass(frozen=True, slots=True)
class Told:
    """A whole summary: `about` tells how to read its times, `notices` what the operator must know first.

    `legend` explains its words; it is empty where they do not occur.
    """

    title: str
    about: str
    notices: tuple[str, ...]
    parts: tuple[Part, ...]
    legend: str


_LEGEND: Final = (
    "A sweep asks every listed model for a tiny answer. An inconclusive one counts for nothing: what it met "
    "was not the models' fault. Uptime is the share of good answers among all that were clear."
)
_CAUSES_OF_MANY: Final[Mapping[str, str]] = {
    Cause.INTERRUPTED: "they were interrupted",
    Cause.VOIDED: "an operator declared them bad",
}


def told(summary: Summary) -> Told:
    """Say a summary in words."""
    return Told(
        title=summary_title(summary),
        about=_about(summary),
        notices=tuple(_notices(summary)),
        parts=tuple(_part(summary, each) for each in summary.providers),
        legend="" if all(each.is_quiet for each in summary.providers) else _LEGEND,
    )


def _about(summary: Summary) -> str:
    span = summary.span
    words = f"Times are in the time zone {shown_id(span.timezone)}"
    if hours := hours_of(span):
        words += f"; clocks were changed, this day had {hours} hours"
    if not summary.is_complete:
        words += f"; this is what was known at {clock(summary.until, span)}"
    return f"{words}."


def _notices(summary: Summary) -> Iterator[str]:
    for channel, number in sorted(summary.undelivered.items()):
        messages = f"{counted(number, 'message')} to {shown_id(channel)}"
        yield f"{messages} could not be delivered and will not be tried again."
    if not summary.providers:
        yield "No provider is watched."


def _part(summary: Summary, found: ProviderSummary) -> Part:
    name = shown_id(found.provider)
    if not found.is_watched:
        name += " (not watched any more)"
    if found.is_quiet:
        return Part(found.provider, name, _quiet_words(found, summary.span))
    teller = Teller(summary.span, summary.until)
    words = f"{_capitalised(news(found))}. {_standing(found, summary.span)}."
    return Part(found.provider, name, words, teller.sections(found), tuple(_figures(found)))


def _quiet_words(found: ProviderSummary, span: Span) -> str:
    sweeps, standing = found.sweeps, _standing(found, span)
    if sweeps.conclusive:
        figures = [standing, _sweep_words(sweeps), _uptime_words(found)]
    else:
        figures = [f"Last known: {_lowered(standing)}", *_silence_words(sweeps), _uptime_words(found)]
    return f"{news(found)}. {'; '.join(figures)}."


def _silence_words(sweeps: SweepCounts) -> list[str]:
    if sweeps.made:
        return [_sweep_words(sweeps)]
    return [f"{sweeps.missed} missed"] if sweeps.missed else []


def _standing(found: ProviderSummary, span: Span) -> str:
    """Say how many of the listed models can be called, and what is wrong with others."""
    listed, counts = sum(found.by_status.values()), counts_of(found)
    if not listed:
        return "Nothing is known of its models"
    words = [f"{found.by_status.get(Status.AVAILABLE, 0)} of {listed} listed models available"]
    if counts["still_down"]:
        more = "more " if counts["went_down"] else ""
        words.append(f"{counts['still_down']} {more}still down")
    if found.is_quiet and counts["flapping"]:
        words.append(f"{counts['flapping']} flapping")
    if found.is_quiet and found.going:
        words.append(_going_words(found, span))
    return ", ".join(words)


def _going_words(found: ProviderSummary, span: Span) -> str:
    first = found.going[0]
    others = f" and {len(found.going) - 1} more" if len(found.going) > 1 else ""
    return f"{shown_id(first.model)} will be retired on {date_words(first.on, span)}{others}"


def _figures(found: ProviderSummary) -> Iterator[str]:
    yield f"{_capitalised(_sweep_words(found.sweeps))}. {_capitalised(_uptime_words(found))}."
    if words := " and ".join(_reliability_words(found.reliability_30d)):
        yield f"Over 30 days {words}."


def _sweep_words(sweeps: SweepCounts) -> str:
    """Say how many sweeps were made, how many of them told nothing and why, and how many were missed."""
    words = [counted(sweeps.made, "sweep")]
    if failed := sum(sweeps.inconclusive.values()):
        words.append(f"{failed} inconclusive {_causes(sweeps)}")
    if sweeps.missed:
        words.append(f"{sweeps.missed} missed")
    return ", ".join(words)


def _causes(sweeps: SweepCounts) -> str:
    causes = sorted(sweeps.inconclusive.items(), key=lambda each: (-each[1], each[0]))
    told = [(number, _cause(cause, number)) for cause, number in causes]
    if len(told) == 1:
        return f"because {told[0][1]}"
    return f"({', '.join(f'{number} because {words}' for number, words in told)})"


def _cause(cause: str, number: int) -> str:
    return past_cause(cause) if number == 1 else _CAUSES_OF_MANY.get(cause) or past_cause(cause)


def _uptime_words(found: ProviderSummary) -> str:
    now, recent = found.reliability.uptime_percent, found.reliability_30d.uptime_percent
    if now is None and recent is None:
        return f"uptime: {NO_DATA}"
    return f"uptime {percent_words(now)} (30 days: {percent_words(recent)})"


def _reliability_words(recent: Reliability) -> Iterator[str]:
    if recent.mttr_s is not None:
        yield f"an outage lasted {rounded_duration(timedelta(seconds=recent.mttr_s))} on average (MTTR)"
    if recent.mtbf_s is not None:
        yield f"a model ran {rounded_duration(timedelta(seconds=recent.mtbf_s))} between outages (MTBF)"


def _lowered(words: str) -> str:
    return f"{words[:1].lower()}{words[1:]}"


def _capitalised(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}"
