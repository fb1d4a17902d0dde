"""What one checkout prints of a history: every command, export, page and JSON body, as one JSON document.

    cd DIRECTORY && PYTHONPATH=CHECKOUT python outputs.py DATABASE

It imports no test module, so that it runs with an older checkout in front, too.
"""

import asyncio
import hashlib
import importlib
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any, Final, NoReturn

import httpx
from fastapi import FastAPI

LONG: Final = "36500"
MODULES_OF_ENGINE: Final = (
    "monitor.store.connection.engine",
    "monitor.store.engine",
)  # today's, that of 0.1's making
FAULTY: Final = (
    "/nowhere",
    "/api/v1/nowhere",
    "/changes/2026-13-01",
    "/models/nvidia/nobody",
    "/api/v1/models?status=x",
)
MOMENT: Final = "2026-04-21T00:05:00+00:00"


def commands(directory: Path) -> Iterator[tuple[str, ...]]:
    """Give the command lines that only read, and those that are refused."""
    yield ("--help",)
    yield ("--version",)
    for form in ((), ("--json",)):
        yield ("list", "--status", "all", "--max-age", "36500d", *form)
        yield ("list", "--days", LONG, "--min-uptime", "50", "--max-age", "36500d", *form)
        yield ("list", *form)
        yield ("status", *form)
        yield ("uptime", "--days", LONG, *form)
        yield ("events", "--since", "2000-01-01", *form)
        yield ("summary", "--since", "2020-01-01", "--until", "2030-12-31", *form)
        yield ("config", "show", *form)
    for rendering in ("text", "markdown", "html", "json"):
        yield ("summary", "2026-04-07", "--format", rendering)
    for suffix in ("csv", "jsonl", "parquet"):
        yield ("export", "exported/", "--format", suffix)
    yield ("export", "exported/sweeps.jsonl", "--format", "sweeps")
    yield ("config", "check")
    yield ("db", "check")
    yield ("db", "rebuild", "--json")
    yield ("db", "prune", "--dry-run")
    yield ("list", "--status", "none")
    yield ("check", "no/such-model")
    yield ("status", "no/such-model")
    yield ("uptime", "--provider", "nvidai", "--days", LONG)
    yield ("accept", "nvidai")
    yield ("export", "-", "--view", "modelstatus")
    for config in sorted(directory.glob("configs/*.toml")):
        yield ("--config", f"configs/{config.name}", "config", "check")
        yield ("--config", f"configs/{config.name}", "config", "show", "--json")


def printed(command: tuple[str, ...]) -> dict[str, Any]:
    """Return what a command ends with, exit code and both streams, as run by a fork of this process.

    A fork has the imports already: what takes most of the time of two hundred commands.
    """
    with tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        child = os.fork()
        if not child:
            _become(command, stdout.fileno(), stderr.fileno())
        exit_code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        texts = [os.pread(stream.fileno(), 10**9, 0).decode().splitlines() for stream in (stdout, stderr)]
    return {"exit": exit_code, "stdout": texts[0], "stderr": texts[1]}


def _become(command: tuple[str, ...], stdout: int, stderr: int) -> NoReturn:
    os.dup2(stdout, 1)
    os.dup2(stderr, 2)
    sys.argv = ["monitor", *command]
    code: object = 1
    try:
        importlib.import_module("monitor.cli.main").main()
    except SystemExit as ended:
        code = ended.code
    os._exit(code if isinstance(code, int) else 0)


async def pages(url: str, models: list[str], now: datetime) -> dict[str, Any]:
    """Return status, type and body of every page, as they are at that moment."""
    module = next(found for name in MODULES_OF_ENGINE if (found := _module(name)))
    engine = module.open_engine(url)
    watched = dict.fromkeys({"nvidia"}, timedelta(minutes=15))
    app = importlib.import_module("monitor.web.app").create_app(engine, watched=watched, now=lambda: now)
    bodies = {}
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for path in (
            *_routes(app),
            *FAULTY,
            "/changes/2026-04-07",
            *(f"/models/nvidia/{name}" for name in models),
        ):
            answer = await client.get(path, headers={"Accept": "text/html"})
            kind = answer.headers.get("content-type", "")
            bodies[path] = {"status": answer.status_code, "type": kind, "body": answer.text.splitlines()}
    engine.dispose()
    return bodies


def _routes(app: FastAPI) -> Iterator[str]:
    """Give the addresses without a parameter."""
    for path in sorted({str(getattr(route, "path", "")) for route in app.routes}):
        if "{" not in path:
            yield path


def _module(name: str) -> ModuleType | None:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        return None


def main() -> None:
    """Print the document."""
    database, directory = Path(sys.argv[1]), Path.cwd()
    importlib.import_module("monitor.web.app")  # with what every command needs
    document: dict[str, Any] = {" ".join(each): printed(each) for each in commands(directory)}
    models = document["list --status all --max-age 36500d"]["stdout"]
    document |= asyncio.run(pages(f"sqlite:///{database}", models, datetime.fromisoformat(MOMENT)))
    for file in sorted(directory.glob("exported/*")):
        document[f"file {file.name}"] = hashlib.sha256(file.read_bytes()).hexdigest()
    json.dump(document, sys.stdout)


if __name__ == "__main__":
    main()
