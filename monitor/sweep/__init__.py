"""One sweep: read the catalog, probe, decide, record. The daemon and `monitor sweep` run the same function.

It connects what looks, decides and remembers, and does none of that itself.
"""

from monitor.sweep.check import Checked, check_now
from monitor.sweep.keeping.recall import recall, require_history, spooled_until
from monitor.sweep.keeping.recorder import UNWRITABLE, Recorder
from monitor.sweep.keeping.replayer import Replayer
from monitor.sweep.route import sweep_provider
from monitor.sweep.values import ProgressListener, SweepStart, Swept, Target

__all__ = [
    "UNWRITABLE",
    "Checked",
    "ProgressListener",
    "Recorder",
    "Replayer",
    "SweepStart",
    "Swept",
    "Target",
    "check_now",
    "recall",
    "require_history",
    "spooled_until",
    "sweep_provider",
]
