"""What each test costs: CPU seconds of this process and of the processes it waited for (make test-cost).

`pytest -p tests.support.cost --cost FILE` adds a line of JSON per test: its name, CPU seconds, seconds by the
clock. A fixture of a module or a session counts for the test that needs it first. What the Postgres server of
the session spends is not in it.
"""

import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import TextIO

import pytest

MOST_S = 5.0
_SHOWN = 15

# What may cost more, by the beginning of its name, and why: it kills, hangs, or starts another's server.
# Modules and not folders: a new one has to say why.
COSTLY: Mapping[str, str] = MappingProxyType(
    {
        "tests/app/daemon/test_database_away.py": "the database server of two daemons is restarted",
        "tests/app/daemon/test_file_replaced.py": "a running daemon loses its file, again and again",
        "tests/app/daemon/test_notifications.py": "daemons are killed while they deliver, or started anew",
        "tests/app/daemon/test_process.py": "daemons are started side by side, interrupted and killed",
        "tests/app/daemon/test_clock_steps.py": "daemons sweep on while their clock is set",
        "tests/app/daemon/test_reload.py": "daemons are given other configurations",
        "tests/app/daemon/test_stop.py": "daemons are stopped while a server, a thread or the loop hangs",
        "tests/http/test_network.py": "a network of its own for each, whose silence is waited for",
        "tests/sweep/test_killed.py": "sweeps are killed, again and again",
        "tests/test_killed_anywhere.py": "a child is killed at each boundary, and another goes on",
        "tests/thirdparty/test_infinity.py": "an embedding server, which imports for seconds, started twice",
        "tests/thirdparty/test_litellm.py": "a proxy that imports for a dozen seconds",
        "tests/thirdparty/test_litellm_behind.py": "that proxy, and an embedding server behind it",
        "tests/thirdparty/test_llama_server.py": "a model server, and a router that starts more of them",
        "tests/thirdparty/test_llmock.py": "a server of another project, started anew for each test",
        "tests/thirdparty/test_mlflow.py": "a gateway that imports for a dozen seconds",
        "tests/thirdparty/test_nemo.py": "a server that imports for a dozen seconds",
    }
)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--cost", type=Path, help="add the CPU seconds of each test to this file")


def pytest_configure(config: pytest.Config) -> None:
    file: Path | None = config.getoption("--cost")
    if file:
        config.pluginmanager.register(_Ledger(file.open("a", encoding="utf-8")))


class _Ledger:
    """Notes the cost of each test as it ends, and says at the end where the time went."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._costs: dict[str, float] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        cpu_s, clock_s = _cpu_s(), time.perf_counter()
        result = yield
        self._note(item.nodeid, _cpu_s() - cpu_s, time.perf_counter() - clock_s)
        return result

    def _note(self, name: str, cpu_s: float, clock_s: float) -> None:
        self._costs[name] = cpu_s
        line = {"test": name, "cpu_s": round(cpu_s, 3), "clock_s": round(clock_s, 3)}
        self._file.write(json.dumps(line) + "\n")
        self._file.flush()

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        places = Counter[str]()
        for name, cpu_s in self._costs.items():
            places[name.partition("::")[0].rpartition("/")[0]] += cpu_s  # type: ignore[assignment] # a Counter of seconds
        terminalreporter.section(f"{sum(places.values()):.0f} s of CPU")
        for name, cpu_s in [*places.most_common(), *Counter(self._costs).most_common(_SHOWN)]:
            terminalreporter.write_line(f"{cpu_s:8.1f} s  {name}")
        for name in self._too_costly():
            terminalreporter.write_line(f"more than {MOST_S:g} s of CPU: {name}", red=True)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._too_costly() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _too_costly(self) -> list[str]:
        return [
            name
            for name, cpu_s in self._costs.items()
            if cpu_s > MOST_S and not name.startswith(tuple(COSTLY))
        ]


def _cpu_s() -> float:
    return sum(os.times()[:4])
