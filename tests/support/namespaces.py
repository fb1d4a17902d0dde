"""Runs a part of a test in network, mount and user namespaces of its own, where this machine allows it."""

import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support.documents import ROOT

_WITHIN_S = 300
_UNSHARE = ("unshare", "--net", "--mount", "--map-root-user", "--propagation", "private")


@functools.cache
def may_isolate(*, filters: bool = False) -> bool:
    """Whether a namespace can be made and set up; with `filters` also whether it can drop packets."""
    if not (shutil.which("unshare") and shutil.which("ip")):
        return False
    trial = "ip link set lo up && ip link add a0 type veth peer name a1 && mount --bind /etc/hosts /etc/hosts"
    if filters:
        trial += " && iptables -A OUTPUT -p tcp -m length --length 400:65535 -j DROP"
    done = subprocess.run([*_UNSHARE, "sh", "-c", trial], capture_output=True, check=False, timeout=_WITHIN_S)
    return done.returncode == 0


def isolated(module: str, name: str, directory: Path) -> list[dict[str, Any]]:
    """Run `python -m MODULE NAME DIRECTORY` in namespaces of its own; returns what it prints as JSON."""
    done = subprocess.run(
        [*_UNSHARE, sys.executable, "-m", module, name, str(directory)],
        capture_output=True,
        check=False,
        cwd=ROOT,
        text=True,
        timeout=_WITHIN_S,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    result: list[dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return result
