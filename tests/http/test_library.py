"""The line of the HTTP library that is installed is the one that is used, and it is named."""

from importlib.util import find_spec

from click.testing import CliRunner

import monitor
from monitor.app.doctor.machine import check_machine
from monitor.cli.group import cli
from monitor.http import Client
from monitor.installed import http_library


def test_the_version_and_the_doctor_name_the_library_in_use() -> None:
    assert http_library().split()[0] == Client.__mro__[1].__module__.partition(".")[0]
    assert (
        CliRunner().invoke(cli, ["--version"]).output == f"monitor {monitor.__version__} ({http_library()})\n"
    )
    assert http_library() in repr(check_machine())


def test_httpx2_is_used_where_it_is_installed() -> None:
    try:
        is_installed = find_spec("httpx2") is not None
    except ValueError:  # tests.support.minimum_httpx
        is_installed = False
    assert http_library().startswith("httpx2 ") is is_installed
