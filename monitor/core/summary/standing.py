"""How a provider's models stand when a span ends, and what each of them was down for."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping

from monitor.core.domain.patterns import matches
from monitor.core.domain.vocabulary import EventKind, Reason, Status
from monitor.core.history.reliability import downtime
from monitor.core.history.rows import OutageRow, StatusAt
from monitor.core.summary.inputs import SummaryInputs
from monitor.core.summary.standing_values import Favourite, ModelOutages, Standing
from monitor.core.summary.values import Down

_SORTS: Mapping[Status, str] = {
    Status.AVAILABLE: "available",
    Status.UNAVAILABLE: "never_answered",
    Status.NEW: "unclear",
    Status.RETIRED: "retired",
}


def standing_of(inputs: SummaryInputs) -> Standing:
    """Count the models that are listed or not yet believed to be gone, each once."""
    lasting = {outage.model for outage in inputs.outages if outage.ended_at is None}
    sorts = Counter(
        "down" if now.model in lasting else _SORTS[now.status]
        for now in inputs.after.values()
        if now.status != Status.RETIRED or is_listed(now, inputs)
    )
    return Standing(**sorts)


def favourites_of(inputs: SummaryInputs) -> tuple[Favourite, ...]:
    """Return how the favourites stand: those that are listed, not yet gone, or retired in the span."""
    retired = {event.model for event in inputs.of(EventKind.RETIRED)}
    return tuple(
        Favourite(model=now.model, status=now.status, reason=now.reason)
        for now in inputs.after.values()
        if is_favourite(inputs.provider, now.model, inputs.favourites)
        if now.status != Status.RETIRED or now.model in retired or is_listed(now, inputs)
    )


def is_favourite(provider: str, model: str, patterns: Collection[str]) -> bool:
    """Say whether a pattern fits a model's id, or its provider and id as `provider/id`."""
    return matches(model, patterns) or matches(f"{provider}/{model}", patterns)


def is_listed(now: StatusAt, inputs: SummaryInputs) -> bool:
    """Say whether a model is in the catalog; one believed to have left it is not, whatever was read last."""
    return now.model in inputs.listed and now.reason != Reason.DELISTED


def outages_by_model(inputs: SummaryInputs, downs: list[Down]) -> tuple[ModelOutages, ...]:
    """Return a row for each model that was down, the longest down first; all its outages count."""
    own = defaultdict[str, list[OutageRow]](list)
    for outage in inputs.outages:
        own[outage.model].append(outage)
    began = Counter(down.model for down in downs if down.is_new)
    counts = {row.model: row for row in inputs.counts}
    rows = (
        ModelOutages(
            model=model,
            outages=began[model],
            down_s=downtime(own[model], inputs.span.begins_at, inputs.counted_until).total_seconds(),
            uptime_percent=counts[model].uptime_percent if model in counts else None,
            coverage_percent=counts[model].coverage_percent if model in counts else None,
        )
        for model in dict.fromkeys(down.model for down in downs)
    )
    return tuple(sorted(rows, key=lambda row: (-row.down_s, -row.outages, row.model)))
