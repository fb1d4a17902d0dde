"""A command that reads loads what it needs and nothing else: a start is most of what it costs."""

import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.support import gateway as g
from tests.support.command import config_file, environment

# How many modules of our own each loads, at most. One more is a decision: who needs it, and can it wait?
OURS: Final = {
    "list": 139,
    "check meta/llama-3.1-8b-instruct": 141,
    "status": 170,
    "events": 150,
    "uptime": 161,
    "sql SELECT 1": 146,
    "summary": 188,
}
TOTAL: Final = 480  # with the standard library's and the libraries', beside our own
FOREIGN: Final = frozenset(
    {"apprise", "asyncpg", "fastapi", "httpx", "httpx2", "psycopg", "pyarrow", "uvicorn", "alembic"}
)
LOADED: Final = """
import sys
from monitor.cli.group import cli
try:
    cli(sys.argv[1:], standalone_mode=False)
finally:
    print(*sorted(sys.modules))
"""


@g.ON_SQLITE
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize("command", OURS)
def test_a_reading_command_loads_what_it_needs(command: str, database_url: str, tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:9", database_url)
    modules = loaded(config, *command.split(maxsplit=1))
    assert not FOREIGN & {name.partition(".")[0] for name in modules}
    assert not [name for name in modules if name.startswith("sqlalchemy.dialects.postgresql")]
    ours = [name for name in modules if name.partition(".")[0] == "monitor"]
    assert len(ours) <= OURS[command], "\n".join(ours)
    assert len(modules) - len(ours) <= TOTAL


def loaded(config: Path, *arguments: str) -> list[str]:
    """Return the modules that stand in the interpreter when a command has ended."""
    done = subprocess.run(
        [sys.executable, "-c", LOADED, "--config", str(config), *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
        env=environment(),
    )
    return done.stdout.splitlines()[-1].split()
