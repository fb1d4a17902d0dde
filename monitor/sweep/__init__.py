"""One sweep: read the catalog, probe, decide, record. The daemon and `monitor sweep` run the same function.

It connects what looks, decides and remembers, and does none of that itself.
"""

from monitor.sweep.route import sweep_provider
from monitor.sweep.values import Swept, Target, Watch

__all__ = ["Swept", "Target", "Watch", "sweep_provider"]
