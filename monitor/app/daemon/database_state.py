"""Whether the database can be reached, as the daemon knows it: said once, and fatal at the start alone."""

import logging

from monitor.app.daemon.spooling import has_waiting_sweeps
from monitor.errors import StoreUnavailable
from monitor.logs import event
from monitor.sweep import Recorder

log = logging.getLogger(__name__)


class DatabaseState:
    """What is known of the database of one daemon."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._has_worked = False
        self._is_unreachable = False

    def reached(self, *, has_worked: bool = False) -> None:
        """Take note that the database answers, and with `has_worked` that it can be used."""
        self._is_unreachable = False
        self._has_worked |= has_worked

    def wait_for(self, error: StoreUnavailable) -> None:
        """Log once that the database is unreachable; raise the error of one that never worked."""
        # at the start it is wrong configuration; later, or where sweeps wait for it, an outage
        if not self._has_worked and not has_waiting_sweeps(self._recorder, error):
            raise error
        self._has_worked = True
        if not self._is_unreachable:
            event(log, logging.ERROR, "database_unreachable", error=str(error))
        self._is_unreachable = True

    def go_without(self, error: StoreUnavailable) -> None:
        """Log at the start that sweeps begin without the database."""
        if not self._has_worked:
            event(log, logging.WARNING, "started_without_database", error=str(error))
        self._has_worked = True

    def note(self, error: StoreUnavailable | None) -> None:
        """Take note that the leader's lock cannot be kept alive, or can again."""
        if error is None:
            self._is_unreachable = False
        elif self._has_worked:
            self.wait_for(error)
