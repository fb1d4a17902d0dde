"""Prometheus's blackbox_exporter, asked for each model as a Prometheus would ask it.

It is looked for in `PATH`, under its name in Debian.
"""

import json
import shutil
import socket
import subprocess
import threading
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from monitor.clock import utc_now
from tests.support.tls import AUTHORITY

_NAME = "prometheus-blackbox-exporter"
_STARTS_S = 30.0
_TIMEOUT_S = 20.0
_PAUSE_S = 0.05  # two looks at one model are never in one moment


def found() -> str | None:
    """Return the exporter's file, None where there is none."""
    return shutil.which(_NAME)


@contextmanager
def blackbox(directory: Path, address: str, models: list[str], interval_s: float) -> Iterator[int]:
    """Run it, and have it look at every model once in each interval; gives its process id."""
    port, config = _free_port(), directory / "blackbox.json"
    config.write_text(json.dumps({"modules": {name: _module(name) for name in models}}))
    command = [
        str(found()),
        f"--config.file={config}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)  # noqa: S603 - theirs
    ended = threading.Event()
    try:
        _wait_for(port)
        for scrape in _scrapes(port, address, models, interval_s, ended):
            threading.Thread(target=scrape.run).start()
        yield process.pid
    finally:
        ended.set()
        process.terminate()
        process.wait()


def _module(model: str) -> dict[str, object]:
    """Return how a model is asked: as our probes ask it, and 200 is enough."""
    body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 16}
    return {
        "prober": "http",
        "timeout": "15s",
        "http": {
            "method": "POST",
            "headers": {"Content-Type": "application/json"},
            "body": json.dumps(body),
            "tls_config": {"ca_file": str(AUTHORITY)},
            "preferred_ip_protocol": "ip4",
        },
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class _Scrape:
    """What one model's thread does: it asks the exporter once in each interval, at a time of its own."""

    url: str
    interval_s: float
    offset_s: float
    ended: threading.Event

    def run(self) -> None:
        """Ask until the end."""
        while not self.ended.wait((self.offset_s - utc_now().timestamp()) % self.interval_s):
            with suppress(OSError), urllib.request.urlopen(self.url, timeout=_TIMEOUT_S) as answer:  # noqa: S310 - loopback
                answer.read()
            self.ended.wait(_PAUSE_S)


def _scrapes(
    port: int, address: str, models: Sequence[str], interval_s: float, ended: threading.Event
) -> Iterator[_Scrape]:
    """Spread the models over the interval, as Prometheus spreads its targets."""
    for place, model in enumerate(models):
        query = urllib.parse.urlencode({"target": f"{address}/v1/chat/completions", "module": model})
        url = f"http://127.0.0.1:{port}/probe?{query}"
        yield _Scrape(url=url, interval_s=interval_s, offset_s=interval_s * place / len(models), ended=ended)


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _wait_for(port: int) -> None:
    give_up_at = time.monotonic() + _STARTS_S
    while time.monotonic() < give_up_at:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise RuntimeError(f"{_NAME} does not listen; try it by hand")
