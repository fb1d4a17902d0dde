"""How our daemon is told to watch an upstream."""

from pathlib import Path

_CONFIG = """
[database]
url = "sqlite:///{directory}/monitor.db"
[schedule]
interval = "{interval_s}s"
[web]
listen = "127.0.0.1:0"
[[providers]]
name = "simulated"
base_url = "{address}/v1"
concurrency = {concurrency}
starts_per_second = {rate}
"""


def arguments(
    directory: Path, address: str, interval_s: int, *, concurrency: int, rate: int
) -> tuple[str, ...]:
    """Write a configuration into a directory; returns what Python runs the daemon with."""
    config = directory / "config.toml"
    words = {"address": address, "interval_s": interval_s, "concurrency": concurrency, "rate": rate}
    config.write_text(_CONFIG.format(directory=directory, **words))
    return ("-m", "monitor", "--config", str(config), "run")
