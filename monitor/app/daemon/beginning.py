"""How a daemon begins: it makes the database ready, or sweeps without it from what is known."""

from collections.abc import Iterable

from monitor.app.daemon.database_state import DatabaseState
from monitor.app.daemon.file_watch import FileWatch
from monitor.app.daemon.parts import Parts
from monitor.errors import StoreError, StoreUnavailable
from monitor.store.admin.migrate import prepare
from monitor.store.derived.rebuild import settle_all
from monitor.store.write import record
from monitor.sweep import Recorder, Target, recall, require_history


class Beginning:
    """Prepares the database of one daemon, once it can be written."""

    def __init__(self, recorder: Recorder, database: DatabaseState, file_watch: FileWatch) -> None:
        """Prepare the recorder's database."""
        self._recorder, self._database, self._file_watch = recorder, database, file_watch
        self.is_late = False  # what the beginning does is done once the database is back
        self.cut = set[str]()  # providers whose last sweep another process left unfinished

    def prepare(self, parts: Parts) -> bool:
        """Bring the database to this version and close what a crash left running, if it answers.

        Returns whether sweeps can begin: also without it, where what they begin with is known. Raises
        StoreError where the database cannot be used at the start and nothing says that it was used before.
        """
        try:
            self._prepare(parts)
        except StoreUnavailable as error:
            if not self._recall(parts.targets.values()):
                self._database.wait_for(error)
                return False
            self._database.go_without(error)
            self._recorder.lost(error)
            self.is_late = True
            return True
        self._recall(parts.targets.values())  # it may go away before the first sweep
        self._database.reached(has_worked=True)
        return True

    def _prepare(self, parts: Parts) -> None:
        engine, recorder = self._recorder.engine, self._recorder
        self._file_watch.require_remembered()
        if recorder.spool:
            require_history(engine, recorder.spool)
        prepare(engine)
        settle_all(engine)
        if recorder.spool:  # first: what waits may be of a sweep that would be closed as cut
            parts.replayer.replay(recorder.spool)
            if recorder.is_away:
                raise StoreUnavailable(recorder.why)
        for target in parts.targets.values():
            if record.close_dead(engine, target.provider, target.vantage):
                self.cut.add(target.provider)

    def _recall(self, targets: Iterable[Target]) -> bool:
        known = [recall(self._recorder, target) for target in targets]  # all of them
        return any(known)

    def finish(self) -> None:
        """Do what the beginning left undone, once the database is back."""
        if not self._recorder.is_away:
            try:
                settle_all(self._recorder.engine)
            except StoreError as error:
                self._recorder.lost(error)
            else:
                self.is_late = False
