"""The unit of systemd: it fits the program, and takes away what the program does not need."""

import configparser
import re
import shutil
import subprocess
from datetime import timedelta

import pytest

from monitor.config.schema.settings import DaemonSettings
from monitor.errors import ConfigError
from tests.support.documents import ROOT, read
from tests.support.process import WAIT_S

UNIT = ROOT / "deploy/systemd/monitor.service"
MOST_EXPOSED = 3.0


@pytest.fixture(name="service")
def read_service() -> configparser.SectionProxy:
    """Give the section of the service; of a key that stands twice, the last value."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, allow_no_value=True)
    parser.read_string(read(UNIT))
    return parser["Service"]


def test_it_waits_for_a_sweep_longer_than_the_daemon_does(service: configparser.SectionProxy) -> None:
    patience = timedelta(seconds=int(service["TimeoutStopSec"].removesuffix("s")))
    assert patience >= DaemonSettings().grace + timedelta(seconds=10)


def test_only_a_wrong_configuration_is_not_tried_again(service: configparser.SectionProxy) -> None:
    assert service["Restart"] == "on-failure"
    assert service["RestartPreventExitStatus"] == str(ConfigError("").exit_code)


def test_its_paths_are_those_of_the_documentation(service: configparser.SectionProxy) -> None:
    guide = read(ROOT / "docs/operations.md")
    program, _, config, command = service["ExecStart"].split()
    assert command == "run"
    for path in (program, config, service["EnvironmentFile"].removeprefix("-"), service["WorkingDirectory"]):
        assert path in guide, path


def test_it_writes_nowhere_but_to_its_data(service: configparser.SectionProxy) -> None:
    assert service["ProtectSystem"] == "strict"
    assert service["WorkingDirectory"] == f"/var/lib/{service['StateDirectory']}"
    assert "ReadWritePaths" not in service
    assert service["CapabilityBoundingSet"] == ""
    assert service["NoNewPrivileges"] == "true"


def test_systemd_rates_it_as_little_exposed() -> None:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("no systemd here; what the rating is made of is tested above")
    done = subprocess.run(
        [program, "security", "--offline=true", "--no-pager", str(UNIT)],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    rating = re.search(r"exposure level for monitor\.service: ([0-9.]+)", done.stdout)
    assert rating, done.stdout + done.stderr
    assert float(rating[1]) <= MOST_EXPOSED
