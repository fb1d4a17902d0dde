"""A command that reads secrets leaves no picture of its memory behind."""

import subprocess
import sys
from pathlib import Path

from tests.support.command import config_file, environment

LIMIT = "import resource; print(resource.getrlimit(resource.RLIMIT_CORE))"


def test_a_command_that_reads_secrets_may_leave_no_core(tmp_path: Path) -> None:
    config = config_file(tmp_path, "http://127.0.0.1:9/v1", f"sqlite:///{tmp_path}/monitor.db")
    # in a process of its own, whose limit is gone with it; what it starts has the same limit
    code = f"""if True:
        from pathlib import Path
        from monitor.cli.terminal.context import Context
        assert Context(Path({str(config)!r}), None, "text").app.secrets
        {LIMIT}"""
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "(0, 0)\n"
