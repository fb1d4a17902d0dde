"""What an installed monitor must do, one function a step; each returns a few words for its line."""

import json
import stat
import time
from dataclasses import dataclass
from pathlib import Path

from tests.image.place import Place, Running
from tests.image.shell import Result, StepFailed

HEALTH_TIMEOUT_S = 60.0
SCHEDULE_TIMEOUT_S = 60.0
GRACE_S = 25.0
_COUNTS = """
import json, sqlite3, sys
store = sqlite3.connect(f"file:{sys.argv[1]}?mode=ro", uri=True)
def one(question):
    return store.execute(question).fetchone()[0]
ended = "from sweep_history where finished_at is not null"
print(json.dumps({
    "sweeps": one(f"select count(*) {ended}"),
    "conclusive": one(f"select count(*) {ended} and verdict = 'conclusive'"),
    "scheduled": one(f"select count(*) {ended} and slot is not null"),
    "probed": one(f"select coalesce(sum(probed), 0) {ended}"),
    "observations": one("select count(*) from observation_history"),
    "models": one("select count(*) from model_status"),
    "answered": one("select count(last_available_at) from model_status"),
}))
"""
_WRITE = """
import os, sys
for folder in sys.argv[2:]:
    try:
        open(os.path.join(folder, "mark"), "x").close()
    except OSError:
        continue
    sys.exit(f"{folder} is writable")
mark = os.path.join(sys.argv[1], "mark")
open(mark, "x").close()
os.remove(mark)
print(os.getuid(), os.getgid())
"""


def prints_its_version(place: Place) -> str:
    """`monitor --version` ends well and says one line."""
    return _done(place.run("monitor", "--version")).output.strip()


def writes_only_data(place: Place) -> str:
    """Be the unprivileged user, write to /data, and not to the program's folders."""
    program = str(Path(place.python).parent)
    folders = (program, str(Path(program).parent), "/etc", "/usr/lib")
    ids = _done(place.run(place.python, "-c", _WRITE, place.inner_data, *folders)).output.split()
    return f"as user {ids[0]}:{ids[1]}"


def refuses_all_but_data(place: Place) -> str:
    """See that with a read-only root not even /tmp can be written to, and nothing needs it."""
    _done(place.run(place.python, "-c", _WRITE, place.inner_data, "/", "/tmp", "/var/tmp", "/dev"))  # noqa: S108
    return "read-only root file system"


def accepts_its_configuration(place: Place) -> str:
    """`monitor config check` accepts the file that $MONITOR_CONFIG names."""
    _done(place.run("monitor", "config", "check"))
    return "config check"


def upgrades_a_new_database(place: Place) -> str:
    """`monitor db upgrade` makes the file, readable by its user alone; a second time it changes nothing."""
    _done(place.run("monitor", "db", "upgrade"))
    _done(place.run("monitor", "db", "upgrade"))
    facts = (place.data / "monitor.db").stat()
    mode = stat.S_IMODE(facts.st_mode)
    if mode != 0o600:
        raise StepFailed(f"monitor.db has mode {mode:o}")
    return f"monitor.db, mode {mode:o}, user {facts.st_uid}"


def sweeps_the_provider(place: Place) -> str:
    """`monitor sweep` prints ids and records one conclusive sweep."""
    ids = _done(place.run("monitor", "sweep", timeout_s=120)).output.split()
    if not ids:
        raise StepFailed("no id answered")
    return f"{len(ids)} ids answered"


def holds_the_sweep(place: Place) -> str:
    """Find the sweep in the database, with its observations and the models' status."""
    found = counts(place)
    whole = found.sweeps == found.conclusive == 1 and found.observations == found.probed
    if not whole or not 0 < found.answered <= found.models:
        raise StepFailed(str(found))
    return f"{found.observations} observations of {found.models} models"


def exports_parquet(place: Place) -> str:
    """See that the library of the extra `parquet` is there and, as much of it as the image keeps, writes."""
    _done(place.run("monitor", "export", "--format", "parquet", f"{place.inner_data}/views/"))
    files = sorted((place.data / "views").iterdir())
    broken = [file.name for file in files if {file.read_bytes()[:4], file.read_bytes()[-4:]} != {b"PAR1"}]
    if broken or not files:
        raise StepFailed(f"no Parquet files: {broken}")
    return f"{len(files)} views"


def is_unwell_before_it_runs(place: Place) -> str:
    """See the health check fail where nothing listens."""
    result = place.run(*place.health_check)
    if result.code != 1:
        raise StepFailed(f"the health check ended with {result.code}: {result.last_words}")
    return result.output.strip()


def becomes_healthy(place: Place, daemon: Running) -> str:
    """See the health check succeed soon; asking takes a moment, so nothing need sleep."""
    begun = time.monotonic()
    while time.monotonic() - begun < HEALTH_TIMEOUT_S:
        daemon.check_alive()
        if place.run(*place.health_check).code == 0:
            return f"after {time.monotonic() - begun:.1f} s"
    raise StepFailed(f"not healthy within {HEALTH_TIMEOUT_S:g} s: {daemon.words()[-600:]}")


def sweeps_by_itself(place: Place, daemon: Running) -> str:
    """See the daemon end a sweep of its schedule."""
    begun = time.monotonic()
    while time.monotonic() - begun < SCHEDULE_TIMEOUT_S:
        daemon.check_alive()
        if scheduled := counts(place).scheduled:
            return f"{scheduled} on schedule"
    raise StepFailed(f"no scheduled sweep within {SCHEDULE_TIMEOUT_S:g} s: {daemon.words()[-600:]}")


def sweeps_beside_the_daemon(place: Place) -> str:
    """Record a sweep made by hand beside the running daemon."""
    before = counts(place).sweeps
    _done(place.run("monitor", "sweep", timeout_s=120))
    after = counts(place).sweeps
    if after <= before:
        raise StepFailed(f"{before} sweeps before, {after} after")
    return f"{after} sweeps recorded"


def stops_in_time(daemon: Running) -> str:
    """SIGTERM ends the daemon with exit code 0 within the grace time."""
    begun = time.monotonic()
    code = daemon.stop(GRACE_S + 5)
    if code != 0:
        raise StepFailed(f"ended with {code}: {daemon.words()[-600:]}")
    return f"exit 0 after {time.monotonic() - begun:.1f} s"


def left_a_sound_database(place: Place) -> str:
    """`monitor db check` finds no fault, and every file in the volume is the unprivileged user's."""
    _done(place.run("monitor", "db", "check"))
    owners = {path.stat().st_uid for path in place.data.rglob("*")}
    if owners - {place.data.stat().st_uid}:
        raise StepFailed(f"files in the volume belong to users {sorted(owners)}")
    return f"{counts(place).sweeps} sweeps, no fault"


def starts_the_demo(place: Place) -> str:
    """See `monitor demo` serve its page on the image's address, with its own database, and stop."""
    database = f"sqlite:///{place.inner_data}/demo.db"
    demo = place.start("monitor", "demo", "--listen", place.listen, "--database", database)
    try:
        return f"healthy {becomes_healthy(place, demo)}, {stops_in_time(demo)}"
    finally:
        demo.kill()


@dataclass(frozen=True)
class Counts:
    """What the views of the database hold: ended sweeps, and of them the conclusive and scheduled ones."""

    sweeps: int
    conclusive: int
    scheduled: int
    probed: int
    observations: int
    models: int
    answered: int


def counts(place: Place) -> Counts:
    """Ask the database through its views, as the unprivileged user."""
    asked = place.run(place.python, "-c", _COUNTS, f"{place.inner_data}/monitor.db")
    return Counts(**json.loads(_done(asked).output))


def _done(result: Result) -> Result:
    if result.code != 0:
        raise StepFailed(f"exit {result.code}: {result.last_words}")
    return result
