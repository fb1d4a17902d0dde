"""A running maintenance window in words."""

from monitor.core.notification.maintenance import EVERY_MODEL, RunningWindow
from monitor.report.words.codes import shown_id
from monitor.report.words.times import moment_words


def window_words(window: RunningWindow) -> str:
    """`maintenance of nvidia (meta/*) since ... until ...: everything is recorded, nothing is sent`."""
    whose = "all providers" if window.provider == "*" else shown_id(window.provider)
    models = "" if window.models == EVERY_MODEL else f" ({', '.join(map(shown_id, window.models))})"
    span = f"since {moment_words(window.began_at)}, until {moment_words(window.ends_at)}"
    return f"maintenance of {whose}{models} {span}: everything is recorded, nothing is sent"
