"""For `make test-fast`: unit tests alone, and a guard that they need no database, process or server.

`pytest -p tests.support.fast FILES` fails whatever test connects, listens, starts a process or opens SQLite.
"""

import os
import sys
from collections.abc import Iterator

import pytest
from hypothesis import settings

_FEW_EXAMPLES = 20  # of Hypothesis, where `make test` tries a hundred
_OUTSIDE = {
    "os.fork",
    "os.posix_spawn",
    "socket.bind",
    "socket.connect",
    "sqlite3.connect",
    "subprocess.Popen",
}
_steps = set[str]()


def _note(event: str, _arguments: tuple[object, ...]) -> None:
    if event in _OUTSIDE:
        _steps.add(event)


def pytest_configure() -> None:
    # conftest.py has been read by now, whose profile this one follows in all else
    settings.register_profile("fast", parent=settings(), max_examples=_FEW_EXAMPLES)
    settings.load_profile("fast")
    sys.addaudithook(_note)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Iterator[None]:
    _steps.clear()
    result = yield
    if _steps:
        pytest.fail(f"is no unit test: {', '.join(sorted(_steps))}")
    return result


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(f"{sum(os.times()[:4]):.0f} s of CPU")
