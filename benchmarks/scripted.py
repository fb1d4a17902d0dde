"""The way of the blog post, to compare with: a Bash script that starts curl and jq for each model."""

import subprocess
from pathlib import Path
from shutil import which

_SCRIPT = Path(__file__).with_name("one_by_one.sh")
_TIMEOUT_S = 5
_LONGEST_S = 600


def missing_tools() -> list[str]:
    """Return which of the programs that the script needs are not on this machine."""
    return [tool for tool in ("bash", "curl", "jq") if which(tool) is None]


def ask_one_by_one(base_url: str, models: int) -> None:
    """Let the script ask every model; raises RuntimeError unless it finds so many hosted."""
    command = [which("bash") or "bash", str(_SCRIPT), base_url, str(_TIMEOUT_S)]
    done = subprocess.run(  # noqa: S603 - our own script
        command, check=True, capture_output=True, text=True, timeout=_LONGEST_S
    )
    hosted = sum(line.startswith("hosted\t") for line in done.stdout.splitlines())
    if hosted != models:
        raise RuntimeError(f"the script found {hosted} models hosted, and {models} answer")
