"""What an answer says that was made before the history could no longer be read."""

from datetime import datetime, timedelta
from typing import Final

from monitor.clock import Clock
from monitor.errors import StoreError
from monitor.report.words.times import ago, moment_words
from monitor.web.errors import store_words
from monitor.web.notices import NoticesNow

_STEP: Final = timedelta(seconds=10)  # its readers of some seconds get the same words


def why_old(error: StoreError, as_of: datetime, *, now: Clock, notices: NoticesNow) -> str:
    """Say as of when an answer is, and why there is no newer one: by the notices of trouble, if any."""
    steps = max((now() - as_of) // _STEP, 0)
    troubles = [notice.words for notice in notices() if notice.is_trouble] or [store_words(error)]
    age = ago(as_of, as_of + steps * _STEP)
    return f"What is shown is as of {moment_words(as_of)}, {age}: {'; '.join(troubles)}"
