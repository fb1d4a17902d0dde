"""`python -m tests.compare CHECKOUT`: what this checkout prints otherwise than another, of the same history.

The other checkout (a `git worktree`) makes the history; then each prints all it has of a copy of its own. The
differences are shown line by line; the exit code is 1 where there are any.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from difflib import unified_diff
from pathlib import Path
from typing import Any, Final

from monitor.report.formats.records import format_record
from tests.support.documents import ROOT
from tests.support.weeks import two_weeks

OUTPUTS: Final = Path(__file__).with_name("outputs.py")
CONFIGS: Final = ROOT / "tests/config/load/examples"
WITHIN_S: Final = 900
CHANGING: Final = (
    (r"\d+(\.\d+)? (s|ms)\b", "some time"),
    (r"\d+ (days?|h|min) ago", "some time ago"),
    (r"\d+ d \d+ h", "some days"),
    (r'(mtbf|downtime)_s\\": \d+\.\d+', "mtbf"),
)


def main() -> int:
    """Print how the outputs differ."""
    other = Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory() as place:
        mine, theirs = (outputs(checkout, other, Path(place)) for checkout in (ROOT, other))
    names = sorted(mine.keys() | theirs.keys())
    different = [name for name in names if normal(mine.get(name)) != normal(theirs.get(name))]
    for name in different:
        sys.stdout.writelines(
            f"{line}\n" for line in (f"== {name}", *difference(theirs.get(name), mine.get(name)))
        )
    sys.stdout.write(f"{len(names)} outputs, {len(different)} differ\n")
    return 1 if different else 0


def outputs(checkout: Path, maker: Path, place: Path) -> dict[str, Any]:
    """Return what a checkout prints of the history that `maker` makes."""
    directory = place / "same"  # both work under one name, which some outputs hold
    shutil.copytree(CONFIGS, directory / "configs")
    records = directory / "sweeps.jsonl"
    records.write_text(
        "".join(f"{format_record(each)}\n" for each in two_weeks(1, sweeps_per_day=8, models=24))
    )
    (directory / "config.toml").write_text(
        '[database]\nurl = "sqlite:///monitor.db"\n[[providers]]\nname = "nvidia"\npreset = "nvidia"\n'
    )
    run(maker, directory, "-m", "monitor", "import", records.name)
    done = run(checkout, directory, str(OUTPUTS), "monitor.db")
    shutil.rmtree(directory)
    document: dict[str, Any] = json.loads(done)
    return document


def run(checkout: Path, directory: Path, *command: str) -> bytes:
    """Run Python with a checkout in front; returns what it prints."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(checkout),
        "NVIDIA_API_KEY": "nvapi-none",
        "LC_ALL": "C.UTF-8",
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=directory,
        env=environment,
        stdout=subprocess.PIPE,
        check=True,
        timeout=WITHIN_S,
    ).stdout


def normal(output: object) -> str:
    """Return an output without the times that no two runs share."""
    text = json.dumps(output, sort_keys=True)
    for pattern, words in CHANGING:
        text = re.sub(pattern, words, text)
    return text


def difference(before: object, after: object) -> Iterator[str]:
    """Give the lines that differ, as a patch."""
    old, new = (
        json.dumps(each, indent=1, sort_keys=True, ensure_ascii=False).splitlines()
        for each in (before, after)
    )
    return unified_diff(old, new, "before", "after", lineterm="", n=0)


if __name__ == "__main__":
    sys.exit(main())
