"""What readers ask of the history. Each function reads one moment of the database.

Statements are built once for each way of asking and then only given values: to build one costs more than to
run most of them.
"""

from monitor.store.query.busy import busy_models
from monitor.store.query.events import events
from monitor.store.query.models import current_models, last_streamed, model_keys, model_story
from monitor.store.query.outages import outages
from monitor.store.query.sweeps import (
    chosen_providers,
    last_conclusive_at,
    providers,
    requests_between,
    sweeps,
)
from monitor.store.query.uptime import median_latencies, uptime

__all__ = [
    "busy_models",
    "chosen_providers",
    "current_models",
    "events",
    "last_conclusive_at",
    "last_streamed",
    "median_latencies",
    "model_keys",
    "model_story",
    "outages",
    "providers",
    "requests_between",
    "sweeps",
    "uptime",
]
