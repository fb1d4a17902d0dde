"""Which models to choose now, in words: only of the kinds whose lists changed in the span."""

from collections.abc import Iterator
from dataclasses import dataclass

from monitor.core.domain.percentages import percent_words
from monitor.core.domain.vocabulary import Kind
from monitor.core.history.calendar import Span, day_of
from monitor.core.summary.values import Best, ProviderSummary
from monitor.report.words.codes import readable, shown_id

_MOST_NAMED = 3
_BEST_NOTE = (
    "By the share of the last 30 days' checks that they answered, among equals by median latency; without "
    "models that flap or will be retired."
)
_PROMISING_NOTE = "Watched for less than 7 days or 50 checks."


@dataclass(frozen=True, slots=True)
class ChoiceList:
    """A list of models of one kind, each with its words; the first of a title's lists has a `note`.

    `short` are words for each model in the same order, for a list in one line.
    """

    title: str
    note: str
    rows: tuple[tuple[str, str], ...]
    short: tuple[str, ...]


def choice_lists(part: ProviderSummary, span: Span) -> Iterator[ChoiceList]:
    """Give the lists that changed: of each kind the best, then the promising ones."""
    kinds = dict.fromkeys((*part.changed_choices, *part.changed_promising))
    best_note, promising_note = _BEST_NOTE, _PROMISING_NOTE
    for kind in kinds:
        best = [row for row in part.best if row.kind == kind]
        if best and kind in part.changed_choices:
            are_all_new = all(row.is_new for row in best)
            rows = tuple(
                (row.model, _quality(row) + (", new here" if row.is_new and not are_all_new else ""))
                for row in best
            )
            short = tuple(_short(row) + (", new" if row.is_new and not are_all_new else "") for row in best)
            yield ChoiceList(f"Best models now: {_kind_words(kind)}", best_note, rows, short)
            best_note = ""  # the note explains the first list, the others are alike
        promising = [row for row in part.promising if row.kind == kind]
        if promising and kind in part.changed_promising:
            rows = tuple((row.model, f"{_quality(row)}{_since(row, span)}") for row in promising)
            # when it was first seen says more of it than its coverage, which is low for that reason
            short = tuple(f"{_short(row, has_coverage=False)}{_since(row, span)}" for row in promising)
            yield ChoiceList(f"Promising models: {_kind_words(kind)}", promising_note, rows, short)
            promising_note = ""


def newly_best_words(part: ProviderSummary) -> str:
    """Say which models came among the best, for a day that has one line; an empty text for none."""
    models = [shown_id(row.model) for row in part.best if row.is_new]
    if not models:
        return ""
    more = f" and {len(models) - _MOST_NAMED} more" if len(models) > _MOST_NAMED else ""
    return f"new among the best models: {', '.join(models[:_MOST_NAMED])}{more}"


def _kind_words(kind: str) -> str:
    return "of unknown kind" if kind == Kind.UNKNOWN else readable(kind)


def _since(row: Best, span: Span) -> str:
    return "" if row.first_seen_at is None else f", first seen on {day_of(row.first_seen_at, span.zone)}"


def _quality(row: Best) -> str:
    """Say how good it is; coverage only where clear answers are missing."""
    return f"uptime {_short(row)}"


def _short(row: Best, *, has_coverage: bool = True) -> str:
    # without its coverage a model seems to stand behind worse ones
    coverage = row.coverage_percent
    gaps = "" if coverage in {None, 100} or not has_coverage else f", coverage {percent_words(coverage)}"
    speed = "" if row.latency_p50_ms is None else f", {row.latency_p50_ms:,} ms"
    return f"{percent_words(row.uptime_percent)}{gaps}{speed}"
