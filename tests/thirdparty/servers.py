"""Start and stop servers that nobody here wrote, on loopback, and say in short what a sweep saw there.

A server gets a free port, a small environment and a directory of its own. It is stopped by its own process
id. Whatever is waited for is waited for with a bound.
"""

import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from shutil import which

import httpx
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Verdict
from monitor.sweep import Swept, Target
from tests.support import gateway as g
from tests.support.process import WAIT_S, wait_for

_NODE_MODULES = Path(__file__).with_name("node_modules")
_LLMOCK = Path(sys.executable).with_name("llmock")
_REQUEST_LINE = re.compile(r'"(GET|POST) (\S+) HTTP/1.1" (\d+)')
LITELLM = Path(__file__).parents[2] / ".venv-litellm/bin/litellm"
GATEWAYS = Path(__file__).parents[2] / ".venv-gateways/bin"
START_S = 240.0  # some import for a dozen seconds, and on a busy machine many more
_STOP_S = 5.0
_LOOK_S = 2.0

Seen = tuple[str, str, str, int | None]


@contextmanager
def serving(
    place: Path,
    *command: str | Path,
    environ: Mapping[str, str] | None = None,
    within_s: float = WAIT_S,
) -> Iterator[str]:
    """Run a command until it answers on loopback, then to the end of the block; gives the server's address.

    `{port}` in the command and in the environment is a free port.
    """
    port = str(g.closed_port())
    address, written = f"http://127.0.0.1:{port}", place / f"server-{port}.log"
    own = {name: value.replace("{port}", port) for name, value in (environ or {}).items()}
    with written.open("wb") as log:
        process = subprocess.Popen(
            [str(each).replace("{port}", port) for each in command],
            cwd=place,
            env={"PATH": os.defpath, "HOME": str(place), **own},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        wait_for(lambda: process.poll() is not None or _is_up(address), within_s=within_s)
        assert process.poll() is None, written.read_text("utf-8", "replace")
        yield address
    finally:
        _stop(process)


def _is_up(address: str) -> bool:
    """Tell whether it answers; any answer will do, errors are asked for."""
    try:
        httpx.get(f"{address}/health", timeout=_LOOK_S, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(_STOP_S)


def llmock(place: Path, *options: str) -> AbstractContextManager[str]:
    """Run `llmock serve`."""
    return serving(place, _LLMOCK, "serve", "--host", "127.0.0.1", "--port", "{port}", *options)


def npm_server(
    place: Path, script: str, *arguments: str, environ: Mapping[str, str] | None = None
) -> AbstractContextManager[str]:
    """Run a script of an npm package with Node.js: the machine's, or the newer one that make installed."""
    node = next(iter(sorted(_NODE_MODULES.glob("node-linux-*/bin/node"))), which("node"))
    assert node, "no Node.js: make test-e2e installs it"
    return serving(place, node, _NODE_MODULES / script, *arguments, environ=environ)


def infinity(place: Path, *models: str) -> AbstractContextManager[str]:
    """Run `infinity_emb` without weights; `requests_in` reads its log."""
    named = [word for model in models for word in ("--model-id", model)]
    options = (
        "v2",
        "--engine",
        "debugengine",
        "--host",
        "127.0.0.1",
        "--port",
        "{port}",
    )
    return serving(
        place,
        GATEWAYS / "infinity_emb",
        *options,
        *named,
        environ={"HF_HUB_OFFLINE": "1", "DO_NOT_TRACK": "1"},
        within_s=START_S,
    )


def requests_in(place: Path) -> Counter[str]:
    """Return how often a server that logs as Uvicorn does was asked what, and answered with which status."""
    written = "".join(file.read_text("utf-8", "replace") for file in place.glob("server-*.log"))
    return Counter(" ".join(each) for each in _REQUEST_LINE.findall(written))


# ---- Asking a server without the monitor -----------------------------------------------


def script_llmock(address: str, *behaviours: Mapping[str, object]) -> None:
    """Tell llmock how to answer chat requests from now on; its catalog stays as it is."""
    httpx.post(f"{address}/_llmock/reset", trust_env=False, timeout=WAIT_S).raise_for_status()
    told = [{"match": {"path": "*/chat/completions"}, **each} for each in behaviours]
    if told:
        scenario = {"behaviors": told}
        httpx.post(
            f"{address}/_llmock/scenario", json=scenario, trust_env=False, timeout=WAIT_S
        ).raise_for_status()


def ask(base_url: str, model: str, *, key: str | None = None) -> httpx.Response:
    """Send what a probe of chat sends."""
    return httpx.post(
        f"{base_url}/chat/completions",
        json={"model": model, "messages": [{"role": "user", "content": "hi"}], "max_tokens": 16},
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=WAIT_S,
        trust_env=False,
    )


# ---- What a sweep saw ------------------------------------------------------------------


def by_model(swept: Swept) -> dict[str, Seen]:
    """Return what was seen of each model: outcome, reason, kind and HTTP status."""
    return {
        each.model: (each.outcome.value, each.reason, each.kind, each.http_status)
        for each in swept.sweep.observations
    }


def reasons(swept: Swept) -> Counter[tuple[str, str]]:
    """Return how many models were seen with each outcome and reason."""
    return Counter((each.outcome.value, each.reason) for each in swept.sweep.observations)


def sweep_with_key(aim: Target, key: str | None, engine: Engine) -> Swept:
    """Sweep with another key an hour after the first sweep: nothing may be concluded about any model."""
    before, events = g.statuses(engine), g.model_events(engine)
    swept = g.sweep(replace(aim, endpoint=replace(aim.endpoint, api_key=key)), engine, g.hours(1))
    assert swept.decision.verdict is Verdict.INCONCLUSIVE
    assert g.statuses(engine) == before
    assert g.model_events(engine) == events
    return swept
