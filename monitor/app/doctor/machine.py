"""This machine: the interpreter, how many files a process may open, and the port of the status page."""

import json
import platform
import resource
import urllib.error
import urllib.request
from collections.abc import Sequence
from http import HTTPStatus
from typing import Final

from monitor.app.doctor.diagnosis import Diagnosis, fault, ok, warning
from monitor.config import Settings
from monitor.config.values.urls import split_listen
from monitor.errors import ConfigError
from monitor.installed import http_library
from monitor.web.server.listener import open_listener

_FEWEST_FILES: Final = 1024
_HEALTH_S: Final = 5.0
_MOST_BYTES: Final = 100_000
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound


def check_machine() -> Sequence[Diagnosis]:
    """Say what runs the program, and how many files and connections it may have open."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    lines = [
        ok("python", platform.python_version(), f"{platform.system()} {platform.release()}"),
        ok("library", http_library(), "speaks HTTP"),
    ]
    if files != resource.RLIM_INFINITY and files < _FEWEST_FILES:
        words = f"a process may open {files} files, and each request and page needs one"
        return [
            *lines,
            warning("limits", "open files", words, f"raise it: ulimit -n {_FEWEST_FILES}, or LimitNOFILE"),
        ]
    return [*lines, ok("limits", "open files", "no limit" if files < 0 else f"{files:,}")]


def check_web(settings: Settings) -> Sequence[Diagnosis]:
    """Say whether the port is free, or a daemon of ours answers on it."""
    listen = settings.web.listen
    host, port = split_listen(listen)
    try:
        open_listener(host, port or 0).close()
    except ConfigError as error:
        if "in use" not in str(error):
            return [fault("web", listen, str(error), "")]
        return [_held(listen, host, port or 0)]
    return [ok("web", listen, "the port is free")]


def _held(listen: str, host: str, port: int) -> Diagnosis:
    address = _WILDCARDS.get(host, host)
    url = f"http://[{address}]:{port}" if ":" in address else f"http://{address}:{port}"
    try:
        status, body = _get(f"{url}/healthz")
    except (OSError, ValueError):
        words = "the port is in use, and its holder does not answer /healthz"
        return fault(
            "web",
            listen,
            words,
            "if it is a daemon of monitor, it hangs: restart it; else choose another port",
        )
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        return fault("web", listen, "a daemon answers and says that it is stuck", "restart that daemon")
    if status == HTTPStatus.OK and b'"status"' in body:
        return _readiness(listen, url)
    return fault(
        "web", listen, "another program listens on the port", "stop it, or choose another port in [web]"
    )


def _readiness(listen: str, url: str) -> Diagnosis:
    """Say what the daemon that listens there says of itself: it knows what it has open."""
    try:
        status, body = _get(f"{url}/readyz")
        reasons = "; ".join(json.loads(body)["reasons"])
    except (OSError, ValueError, KeyError, TypeError):
        return fault("web", listen, "a running daemon does not answer /readyz", "see its log")
    if status == HTTPStatus.OK:
        return ok("web", listen, "a running daemon answers, and is healthy")
    return fault("web", listen, f"the running daemon is not ready: {reasons}", "see its log")


def _get(url: str) -> tuple[int, bytes]:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_HEALTH_S) as answer:
            return answer.status, answer.read(_MOST_BYTES)
    except urllib.error.HTTPError as error:
        return error.code, error.read(_MOST_BYTES)
