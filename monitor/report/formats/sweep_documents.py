"""One sweep in words, and as a document for JSON."""

import json
from collections import Counter
from datetime import datetime

from monitor.core.domain.event import Decision, Event
from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import Outcome
from monitor.report.formats.records import format_record
from monitor.report.words.codes import cause_words
from monitor.report.words.numbers import counted
from monitor.report.words.outcomes import outcome_counts
from monitor.report.words.times import duration_words, iso_millis


def sweep_words(sweep: Sweep, decision: Decision) -> str:
    """Return one line: the verdict, the four outcomes, how long it took, what changed."""
    outcomes = outcome_counts(Counter(observation.outcome for observation in sweep.observations))
    cause = cause_words(decision.cause)
    verdict = f"{decision.verdict} ({cause})" if cause else str(decision.verdict)
    listed = counted(len(sweep.listed), "model")
    duplicates = f" and {counted(sweep.duplicates, 'duplicate row')}" if sweep.duplicates else ""
    took = duration_words(sweep.finished_at - sweep.started_at)
    return (
        f"{sweep.provider}: {verdict}; {listed} listed{duplicates}: {outcomes}; "
        f"{counted(sweep.requests, 'request')} in {took}; {counted(len(decision.events), 'event')}"
    )


def sweep_fields(sweep_id: int | None, sweep: Sweep, decision: Decision) -> dict[str, object]:
    """Return what a log line says of a sweep; one without an id waits in the spool."""
    counts = Counter(observation.outcome for observation in sweep.observations)
    return {
        "provider": sweep.provider,
        "sweep_id": sweep_id,
        "verdict": decision.verdict,
        "cause": decision.cause,
        "detail": sweep.detail,
        "listed": len(sweep.listed),
        **{str(outcome): counts[outcome] for outcome in Outcome},
        "requests": sweep.requests,
        "seconds": round((sweep.finished_at - sweep.started_at).total_seconds(), 3),
        "events": len(decision.events),
    }


def sweep_document(sweep_id: int | None, sweep: Sweep, decision: Decision) -> dict[str, object]:
    """Return the sweep's record (docs/commands.md) with its id and its events; times have milliseconds."""
    record = json.loads(format_record(sweep))  # by way of the record, so that both say the same
    for name in ("started_at", "finished_at", "slot"):
        record[name] = _millis(getattr(sweep, name))
    for row, observation in zip(record["observations"], sweep.observations, strict=True):
        row["retires_at"] = _millis(observation.retires_at)
    return {"sweep_id": sweep_id, **record, "events": [event_document(event) for event in decision.events]}


def _millis(moment: datetime | None) -> str | None:
    return None if moment is None else iso_millis(moment)


def event_document(event: Event) -> dict[str, object]:
    """Return an event with millisecond times."""
    return {
        "kind": event.kind,
        "model": event.model,
        "began_at": iso_millis(event.began_at),
        "confirmed_at": iso_millis(event.confirmed_at),
        "from_status": event.from_status,
        "to_status": event.to_status,
        "reason": event.reason,
        "detail": event.detail,
    }
