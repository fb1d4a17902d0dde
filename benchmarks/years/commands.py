"""Commands of the monitor as processes of their own: how long they take, and how much memory at most."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks.process import ENVIRONMENT, ROOT
from benchmarks.years.filling import PROVIDER
from monitor.store.connection.engine import Engine

# In between, since a process counts what its starter held at the start as its own.
_WATCH = """
import json, resource, subprocess, sys, time
start = time.perf_counter()
nowhere = subprocess.DEVNULL
done = subprocess.run(sys.argv[1:], stdout=nowhere, stderr=subprocess.PIPE, text=True, timeout=1800)
seconds = time.perf_counter() - start
used = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps([done.returncode, seconds, used, done.stderr[-2000:]]))
"""
_CONFIG = """
[database]
url = {url}
[[providers]]
name = "{provider}"
base_url = "http://127.0.0.1:9/v1"
"""
_FINE = {0, 3}  # 3: what is known is stale, which it is


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command took."""

    seconds: float
    peak_mb: float


def run_command(directory: Path, engine: Engine, *words: str) -> Ran:
    """Run `monitor WORDS` on a database. Raises RuntimeError with its last words where it fails."""
    config = directory / "config.toml"
    plain = engine.url.set(drivername=engine.url.get_backend_name())
    url = json.dumps(plain.render_as_string(hide_password=False))
    config.write_text(_CONFIG.format(url=url, provider=PROVIDER))
    command = [sys.executable, "-m", "monitor", "--config", str(config), *words]
    watched = [sys.executable, "-c", _WATCH, *command]
    done = subprocess.run(watched, check=True, capture_output=True, text=True, env=ENVIRONMENT, cwd=ROOT)  # noqa: S603
    code, seconds, used_kib, said = json.loads(done.stdout)
    if code not in _FINE:
        raise RuntimeError(f"monitor {' '.join(words)} ended with {code}; it said:\n{said}")
    return Ran(seconds, used_kib * 1024 / 1e6)


def can_export(form: str) -> bool:
    """Tell whether `monitor export` knows a format."""
    command = [sys.executable, "-m", "monitor", "export", "--help"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=ENVIRONMENT, cwd=ROOT)  # noqa: S603
    return form in done.stdout
