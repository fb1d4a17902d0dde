"""What each view shows and what its columns mean: the lines of docs/sql.md, and comments on Postgres.

A title stands for a view; a meaning stands for one column or for several of them. Both are Markdown.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_ID: Final = {"provider model": "the name of the provider, and the id that it gives the model"}
_COUNTED: Final = {
    "checks": "observations of conclusive sweeps, made while the model was not retired",
    "answered unavailable unknown": "their outcomes; answered is available or rate limited",
    "uptime_percent": "answered / (answered + unavailable)",
}

TITLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "model_status": "each model now",
        "observation_history": "every observation",
        "uptime_daily": "one line for each model and UTC day",
        "uptime_monthly": "one line for each model and UTC month",
        "outage_history": "when models were down",
        "status_history": "how long each status lasted",
        "change_history": "every event",
        "sweep_history": "every pass over a catalog",
        "stream_history": "the speed of streamed answers",
        "provider_uptime_daily": "each day's sweeps",
    }
)
MEANINGS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "model_status": {
            **_ID,
            "kind": (
                "the endpoint that serves it: chat, completions, embeddings, rerank, image, audio, "
                "moderation, unknown"
            ),
            "listed": "whether the last conclusive sweep found it in the catalog",
            "status": "`new` (no clear answer yet), `available`, `unavailable`, `retired`",
            "flapping": "whether it keeps changing between up and down",
            "reason": "why: `ok`, `not_found`, `end_of_life`, `delisted`, `server_error`, ...",
            "since": "when this status began",
            "last_checked_at last_available_at": (
                "its latest observation, and the latest that found it available"
            ),
            "http_status latency_ms": "of its latest observation",
            "retires_at": "the end of life that the provider announced",
            "uptime_30d": (
                "percentage over the 30 UTC days that end with the provider's last conclusive sweep"
            ),
            "served_as": (
                "the model that its answers name, after two in a row did; NULL if they name the model "
                "itself, or none"
            ),
            "publisher": (
                "who made it: the catalog's `owned_by` where that says more than the id, else the part of "
                "the id before the slash; NULL without either"
            ),
        },
        "observation_history": {
            **_ID,
            "sweep_id": "the sweep that made it",
            "vantage": "the place it was made from",
            "observed_at": "when it was made",
            "outcome": "`available`, `rate_limited` (hosted, but busy), `unavailable`, `unknown`",
            "reason": "a finer code under the outcome",
            "http_status latency_ms attempts": "of the answer; how many requests it took",
            "conclusive": "whether the sweep counts. Inconclusive sweeps change no status and no uptime",
            "kind detail": (
                "the endpoint asked; the provider's words, shortened, without account ids and keys"
            ),
            "served_as": (
                "the model that the answer named; NULL if it is the requested one, or none was named"
            ),
        },
        "uptime_daily": {
            **_ID,
            "day": "the UTC day",
            **_COUNTED,
            "latency_p50_ms latency_p95_ms": (
                "nearest-rank percentiles of its available answers: the 50th and the 95th, in milliseconds"
            ),
            "publisher": "who made the model, as in `model_status`",
        },
        "uptime_monthly": {
            **_ID,
            "month": (
                "the UTC month: text `YYYY-MM` on SQLite, the `date` of its first day on Postgres and in "
                "exports"
            ),
            **_COUNTED,
            "latency_p50_ms latency_p95_ms": (
                "nearest-rank percentiles of its available answers, at most 0.8 % off: the 50th and the "
                "95th, in milliseconds"
            ),
            "publisher": "who made the model, as in `model_status`",
        },
        "outage_history": {
            **_ID,
            "began_at": "the first of the failures that confirmed it",
            "ended_at duration_s": "the first answer after it (or its retirement); NULL while it lasts",
            "reason": "why: the reason of the event that began it",
            "duration_so_far_s": "`duration_s`; of an outage that lasts, the seconds until now",
        },
        "status_history": {
            **_ID,
            "status": "the status: `new`, `available`, `unavailable`, `retired`",
            "began_at": "when its event began; for a retirement, when it was confirmed",
            "ended_at duration_s": "when the next status began; NULL while it lasts",
            "reason": "why: the reason of the event that began it",
            "duration_so_far_s": "`duration_s`; of a status that lasts, the seconds until now",
        },
        "change_history": {
            "event_id": "1048576 * `sweep_id`, plus the place in the order of the sweep's events",
            "provider": "the name of the provider",
            "model": "the id of the model; NULL for events of the provider itself",
            "kind": (
                "`appeared`, `reappeared`, `became_available`, `became_unavailable`, `retired`, "
                "`flapping_started`, ..."
            ),
            "began_at confirmed_at": (
                "the first observation of the streak behind it, and the one that confirmed it"
            ),
            "from_status to_status reason": "what changed, and why",
            "sweep_id": "the sweep that confirmed it",
            "detail": "more of what changed; `baseline` marks models that were there when watching began",
            "retires_at": "the end of life that a `retirement_announced` names",
        },
        "sweep_history": {
            "sweep_id": "the sweep: its start in seconds since 2020, a higher number if two start at once",
            "provider vantage": "whose catalog was swept, and from where",
            "started_at finished_at slot": "when, and its scheduled time (NULL for a manual sweep)",
            "verdict cause": "`conclusive`, or `inconclusive` and why; NULL while it runs",
            "listed duplicates rejected": "ids in the catalog, repeated ones, ones that cannot be tracked",
            "probed available rate_limited unavailable unknown": "models asked, and their outcomes",
            "requests": "how many requests it sent",
            "detail": "what made it inconclusive, in a few words; of a voided sweep, the operator's reason",
            "clock_step_s": (
                "how many seconds the wall clock was set forwards (back below 0) since the sweep before; NULL"
                " if it was not set"
            ),
        },
        "stream_history": {
            **_ID,
            "sweep_id": "the sweep that made it",
            "observed_at": "when it was made",
            "latency_ms": "from the request sent to the whole answer read",
            "first_token_ms": "from the request sent to the first token",
            "tokens_per_s": "output tokens a second",
        },
        "provider_uptime_daily": {
            "provider": "the name of the provider",
            "day": "the UTC day",
            "sweeps": "finished sweeps that began on it",
            "conclusive": "those that count",
            "provider_down": (
                "cause `provider_outage`, `rule_change`, `catalog_unreadable` or `catalog_shrank`"
            ),
            "our_fault": "cause `credential`, `quota` or `our_network`",
            "interrupted missed": "cut short; scheduled, but never made",
        },
    }
)
