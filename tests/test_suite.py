"""The suite keeps its own rules (docs/testing.md): what starts a process says why, and no test sleeps."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.cost import COSTLY
from tests.support.documents import ROOT, files_below, read

# What starts processes, and what only a process can show there.
PROCESSES = {
    "tests/app/notifications/test_publisher_killed.py": "a publisher is killed between sending and noting it",
    "tests/cli/commands/test_db_backup.py": "another process writes while a backup is made",
    "tests/cli/commands/test_db_upgrade.py": "an upgrade is killed",
    "tests/cli/terminal/test_lazy_group.py": "what a fresh interpreter loads",
    "tests/cli/test_starts.py": "what a fresh interpreter loads",
    "tests/cli/commands/history/test_events_follow.py": "the reader of a pipe goes away",
    "tests/cli/commands/test_export.py": "pipes, a terminal, peak memory, a Python without pyarrow",
    "tests/cli/commands/test_provider_remove.py": "a question on a terminal",
    "tests/cli/terminal/test_core_dumps.py": "a limit that a process keeps",
    "tests/cli/terminal/test_width.py": "terminals of several widths",
    "tests/cli/test_main.py": "terminals, pipes, closed and full streams, an interrupt while modules load",
    "tests/compare/__main__.py": "two trees of the program, side by side",
    "tests/deploy/test_systemd.py": "systemd-analyze",
    "tests/demo/test_demo_server.py": "the demo server as a program",
    "tests/e2e/test_page.py": "a browser",
    "tests/http/isolated.py": "devices and addresses of a namespace, by `ip`",
    "tests/image/container.py": "containers",
    "tests/image/place.py": "containers",
    "tests/image/shell.py": "containers",
    "tests/image/test_healthcheck.py": "the exit code that a container engine reads",
    "tests/process/test_end.py": "what an interpreter does at its end",
    "tests/soak/months.py": "lives side by side, a core for each",
    "tests/store/admin/test_migrate.py": "three processes upgrade at once",
    "tests/store/connection/test_engine.py": "another process holds the lock, and is named",
    "tests/store/connection/test_file_change.py": "the file as another process sees it",
    "tests/store/connection/test_locks.py": "a lock that another process holds, or dies with",
    "tests/store/memory/test_outbox.py": "two processes claim the same messages",
    "tests/store/write/test_record_killed.py": "a process is killed in a write, two claim one slot",
    "tests/support/examples.py": "the documents' examples as a user types them",
    "tests/support/fault_points.py": "children that are killed at each boundary of their work",
    "tests/support/namespaces.py": "namespaces",
    "tests/support/prefork.py": "`monitor` as a process",
    "tests/tools/audit.py": "pip-audit, which lives in an environment of its own",
    "tests/tools/sbom.py": "cyclonedx-py, which lives in an environment of its own",
    "tests/tools/test_mutation.py": "cosmic-ray, which lives in an environment of its own",
    "tests/sweep/keeping/full_disk.py": "a small disk in a mount namespace, by `mount`",
    "tests/sweep/test_hostile_provider.py": "peak memory",
    "tests/test_docs.py": "the documents' programs",
    "tests/test_layout.py": "the wheel, built and installed",
    "tests/test_release.py": "the release script",
    "tests/web/server/test_crowds.py": "a server with a limit of open files of its own",
    "tests/thirdparty/servers.py": "servers that nobody here wrote",
}
_CLIENTS = {f"httpx.{name}" for name in ("Client", "AsyncClient", "get", "post", "head", "request", "stream")}


def _modules() -> Iterator[tuple[str, str]]:
    for file in files_below("tests"):
        if file.suffix == ".py":
            yield file.relative_to(ROOT).as_posix(), read(file)


def test_what_starts_processes_is_listed_with_its_reason() -> None:
    starting = {
        name for name, text in _modules() if re.search(r"^(import|from) subprocess\b", text, re.MULTILINE)
    }
    assert starting == set(PROCESSES)


def test_no_test_walks_through_what_npm_installs_beside_it() -> None:
    walk = re.compile(r"ROOT\.(rglob|glob\(f?\"(tests/)?\*\*)")
    assert [name for name, text in _modules() if walk.search(text)] == []


@pytest.mark.parametrize("place", COSTLY)
def test_what_may_cost_much_is_there(place: str) -> None:
    assert (ROOT / place).is_file(), "a folder would excuse what comes into it later"


def test_unit_tests_for_every_save_are_those_of_the_document() -> None:
    units = re.search(r"^UNITS := (.+)$", read(ROOT / "Makefile"), flags=re.MULTILINE)
    assert units
    places = units[1].split()
    assert all(Path(ROOT, place).is_dir() for place in places)
    assert all(f"`{place}`" in read(ROOT / "docs/testing.md") for place in places)


def test_no_test_waits_for_the_clock_in_this_process() -> None:
    """A wait is for something that happens: wait_for of tests/support/process.py, or an event."""
    sleeping = [
        f"{name}:{node.lineno}"
        for name, text in _modules()
        if name.rpartition("/")[2].startswith("test_")
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"time.sleep", "sleep"}
    ]
    assert sleeping == []


def test_every_client_of_a_test_says_how_long_it_waits() -> None:
    """Httpx waits for 5 seconds, which is too short for a page beside eight busy processes."""
    impatient = [
        f"{name}:{node.lineno}"
        for name, text in _modules()
        if "httpx" in text
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call) and ast.unparse(node.func) in _CLIENTS
        if not {"timeout", "transport"} & {keyword.arg for keyword in node.keywords}
    ]
    assert impatient == []
