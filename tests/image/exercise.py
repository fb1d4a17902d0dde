"""`make image-test`: builds the image, then upgrades, sweeps, serves and stops in it as its own user.

Neither an engine nor a registry is needed: buildah builds the unchanged Dockerfile on a stand-in base image.
Where that is forbidden the same steps run in an empty virtual environment, and the first line says so.
One line a step; exit 1 when one failed.
"""

import os
import signal
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from tests.image import image_steps, steps
from tests.image.bare import Bare
from tests.image.build import Store, base_names
from tests.image.container import Container, why_not
from tests.image.pip_settings import read_pip_settings
from tests.image.place import UID, Place, Running
from tests.image.provider import KEY, configuration, start_provider
from tests.image.report import Report
from tests.image.shell import StepFailed, is_root, say
from tests.image.standins import SUITE, stand_in

REPOSITORY = Path(__file__).resolve().parents[2]
DOCKERFILE = REPOSITORY / "Dockerfile"


def main() -> int:
    """Choose how, run every step, clean up; return the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    begun = time.monotonic()
    report = Report()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="monitor-image-")))
        _exercise(report, folder, stack)
    say(f"     {time.monotonic() - begun:.0f} s in all")
    return report.end()


def _exercise(report: Report, folder: Path, stack: ExitStack) -> None:
    store = Store(folder)
    stack.callback(store.remove)
    reason = why_not() or _reason_without_base(store)
    if reason is None:
        say(f"     buildah, chroot isolation, {SUITE}'s packages standing in for {base_names(DOCKERFILE)[0]}")
        place: Place | None = _image(report, store, folder, stack)
    else:
        say(f"     NO IMAGE IS BUILT HERE ({reason}); the same steps in an empty virtual environment")
        place = _environment(report, folder)
    if place is not None:
        _use(report, place, stack)


def _reason_without_base(store: Store) -> str | None:
    """Add the stand-in base image; return why that is impossible on this machine, or None."""
    try:
        archive = stand_in()
        for name in base_names(DOCKERFILE):
            store.add_base(name, archive)
    except StepFailed as error:
        return str(error)
    return None


def _image(report: Report, store: Store, folder: Path, stack: ExitStack) -> Container | None:
    """Build the image and look at it from outside; return it as a place when it was built."""

    def build() -> str:
        store.build(DOCKERFILE, read_pip_settings())
        return "the unchanged Dockerfile"

    if not report.step("image builds", build):
        return None
    root, config = store.unpack(), store.config()
    report.step("image declares", lambda: image_steps.declares_what_engines_need(config))
    report.step("image is bare", lambda: image_steps.holds_no_tools(root))
    report.step("image is not its user's", lambda: image_steps.keeps_the_program_from_its_user(root))
    report.step("image is compiled", lambda: image_steps.is_compiled(root))
    place = Container(root, config, folder)
    stack.callback(place.close)
    report.step("read-only root", lambda: steps.refuses_all_but_data(place))
    report.step("image's own configuration", lambda: steps.accepts_its_configuration(place))
    return place


def _environment(report: Report, folder: Path) -> Bare | None:
    """Install the lock and the wheel; return the environment as a place when that worked."""
    place = Bare(folder)

    def install() -> str:
        place.install(REPOSITORY, read_pip_settings())
        return "the lock, hashes checked, and the wheel"

    return place if report.step("environment installs", install) else None


def _use(report: Report, place: Place, stack: ExitStack) -> None:
    """Run the steps of a monitor's life, from the first upgrade to the last stop."""
    report.step("version", lambda: steps.prints_its_version(place))
    report.step("only data is writable", lambda: steps.writes_only_data(place))
    _configure(place)
    report.step("configuration", lambda: steps.accepts_its_configuration(place))
    report.step("upgrade", lambda: steps.upgrades_a_new_database(place))
    if not report.step("provider", lambda: _start_provider(place, stack)):
        return
    report.step("sweep", lambda: steps.sweeps_the_provider(place))
    report.step("database", lambda: steps.holds_the_sweep(place))
    report.step("parquet", lambda: steps.exports_parquet(place))
    report.step("health before", lambda: steps.is_unwell_before_it_runs(place))
    place.settings.write_text(configuration(place, "5s"))
    daemon = place.start("monitor", "run")
    stack.callback(daemon.kill)
    _watch(report, place, daemon)


def _watch(report: Report, place: Place, daemon: Running) -> None:
    report.step("health", lambda: steps.becomes_healthy(place, daemon))
    report.step("sweep of the daemon", lambda: steps.sweeps_by_itself(place, daemon))
    report.step("sweep beside the daemon", lambda: steps.sweeps_beside_the_daemon(place))
    report.step("stop", lambda: steps.stops_in_time(daemon))
    report.step("database after", lambda: steps.left_a_sound_database(place))
    report.step("demo", lambda: steps.starts_the_demo(place))


def _start_provider(place: Place, stack: ExitStack) -> str:
    provider = start_provider(place)
    stack.callback(provider.kill)
    return "the demo's, from the installed package, on its loopback"


def _configure(place: Place) -> None:
    """Write the configuration and the key's file, as an operator would mount them."""
    place.settings.write_text(configuration(place, "10m"))
    key = place.data / "key"
    key.write_text(f"{KEY}\n")
    key.chmod(0o600)
    if is_root():
        os.chown(key, UID, UID)


if __name__ == "__main__":
    sys.exit(main())
