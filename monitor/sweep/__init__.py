"""One sweep: read the catalog, probe, decide, record. The daemon and `monitor sweep` run the same function.

It connects what looks, decides and remembers, and does none of that itself.
"""

from monitor.sweep.agenda import Known
from monitor.sweep.live import ask_now
from monitor.sweep.route import sweep_provider
from monitor.sweep.values import Swept, Target, Watch

__all__ = ["Known", "Swept", "Target", "Watch", "ask_now", "sweep_provider"]
