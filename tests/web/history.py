"""A history to look at: sweeps brought in as an import does, as if the monitor had lived through them."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, Kind, Outcome, Reason, Verdict
from monitor.store.admin.migrate import prepare
from monitor.store.write.import_export import add_sweeps

START = datetime(2026, 4, 6, 12, tzinfo=UTC)
INTERVAL = timedelta(minutes=15)
HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(2)>',
    "{{ 7 * 7 }}{% raw %}&amp;",
    "ab\u202egnp.exe",
    "مدل/بزرگ-۷۰",
    "z" + "\u0335" * 100,
    "w" * 512,
    "a  b",
)

Answer = tuple[Outcome, str]
ODD: Answer = (Outcome.UNAVAILABLE, "<i>_odd")
UP: Answer = (Outcome.AVAILABLE, Reason.OK)
BUSY: Answer = (Outcome.RATE_LIMITED, Reason.SATURATED)
DOWN: Answer = (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT)
ENDED: Answer = (Outcome.UNAVAILABLE, Reason.END_OF_LIFE)
UNCLEAR: Answer = (Outcome.UNKNOWN, Reason.TIMEOUT)
HTTP = {UP: 200, BUSY: 503, DOWN: 404, ENDED: 410, UNCLEAR: None}


def sweep(
    place: int,
    answers: Mapping[str, Answer],
    *,
    provider: str = "nvidia",
    cause: Cause | None = None,
    kinds: Mapping[str, Kind] | None = None,
    retires_at: Mapping[str, datetime] | None = None,
    served_as: Mapping[str, str] | None = None,
) -> Sweep:
    """Return the sweep made `place` intervals after START."""
    started_at = START + place * INTERVAL
    return Sweep(
        provider=provider,
        started_at=started_at,
        finished_at=started_at + timedelta(seconds=65),
        slot=started_at,
        listed=tuple(answers),
        observations=tuple(
            Observation(
                model=model,
                outcome=answer[0],
                reason=answer[1],
                at_ms=1000 + 10 * number,
                kind=(kinds or {}).get(model, Kind.CHAT),
                http_status=HTTP.get(answer),
                latency_ms=None if answer == UNCLEAR else 180 + 37 * number,
                retires_at=(retires_at or {}).get(model),
                served_as=(served_as or {}).get(model),
            )
            for number, (model, answer) in enumerate(answers.items())
        ),
        verdict=Verdict.INCONCLUSIVE if cause else Verdict.CONCLUSIVE,
        cause=cause,
        requests=len(answers),
    )


def live(engine: Engine, sweeps: Sequence[Sweep]) -> None:
    """Bring sweeps into a database, created where it is missing."""
    prepare(engine)
    add_sweeps(engine, sweeps, lambda _provider: Policy())


def after(sweeps: int, minutes: float = 5) -> datetime:
    """Return a moment some minutes after the last of so many sweeps began."""
    return START + (sweeps - 1) * INTERVAL + timedelta(minutes=minutes)
