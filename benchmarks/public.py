"""What the public cases cost a provider in requests, beside another checkout of the monitor."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.figures import Figure, Scale
from benchmarks.process import ENVIRONMENT, ROOT

_COUNTER = Path(__file__).with_name("count_requests.py")
_MOST = 1.15
_WITHIN_S = 900


def public(scale: Scale) -> Iterator[Figure]:
    """Count the requests of all public cases together; `--against DIR` counts those of a checkout, too."""
    ours = sum(_requests(ROOT).values())
    yield Figure(name="requests of the public cases together", value=ours)
    what = "requests of the public cases, over another checkout's"
    if scale.against is None:
        yield Figure(name=f"{what}: name it with --against", value=None)
        return
    yield Figure(name=what, value=ours / sum(_requests(scale.against).values()), at_most=_MOST)


def _requests(checkout: Path) -> dict[str, int]:
    path = os.pathsep.join([str(checkout.resolve()), str(ROOT)])
    done = subprocess.run(  # noqa: S603 - our own file
        [sys.executable, str(_COUNTER)],
        env={**ENVIRONMENT, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        check=True,
        timeout=_WITHIN_S,
    )
    counts: dict[str, int] = json.loads(done.stdout)
    return counts
