"""What the log says of a finished sweep: one line for it, and one for each event but those of a baseline.

What becomes of models is what the monitor is for: INFO. That nothing can be said of them, and why, is for the
operator: WARNING. A command that shows the sweep itself silences this module's logger.
"""

import logging

from monitor.core.domain.vocabulary import Verdict
from monitor.core.lifecycle.guard import CLOSED_BY
from monitor.core.lifecycle.rules import BASELINE
from monitor.logs import event
from monitor.report.formats.sweep_documents import event_document, sweep_fields
from monitor.sweep.values import Swept

log = logging.getLogger(__name__)


def log_sweep(swept: Swept) -> None:
    """Log a sweep and its events; a baseline is one line whatever its size."""
    level = logging.INFO if swept.decision.verdict is Verdict.CONCLUSIVE else logging.WARNING
    event(log, level, "sweep_finished", **sweep_fields(swept.sweep_id, swept.sweep, swept.decision))
    for change in swept.decision.events:
        if change.detail != BASELINE:
            level = logging.WARNING if change.kind in CLOSED_BY else logging.INFO
            event(log, level, change.kind, provider=swept.sweep.provider, **event_document(change))
