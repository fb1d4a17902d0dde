"""This machine: the interpreter, how many files a process may open, and the port of the status page."""

import platform
import resource
import urllib.error
import urllib.request
from collections.abc import Sequence
from typing import Final

from monitor.app.doctor.diagnosis import Diagnosis, fault, ok, warning
from monitor.config import Settings
from monitor.config.values.urls import split_listen
from monitor.errors import ConfigError
from monitor.web.server.listener import open_listener

_FEWEST_FILES: Final = 1024
_HEALTH_S: Final = 5.0
_WILDCARDS: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared with, not bound


def check_machine() -> Sequence[Diagnosis]:
    """Say what runs the program, and how many files and connections it may have open."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    lines = [ok("python", platform.python_version(), f"{platform.system()} {platform.release()}")]
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
    url = f"http://[{address}]:{port}/healthz" if ":" in address else f"http://{address}:{port}/healthz"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=_HEALTH_S) as answer:
            is_ours = b'"status"' in answer.read(1000)
    except urllib.error.HTTPError as error:
        if error.code == 503:  # noqa: PLR2004 - what /healthz says of a daemon that stands still
            return fault("web", listen, "a daemon answers and says that it is stuck", "restart that daemon")
        is_ours = False
    except (OSError, ValueError):
        words = "the port is in use, and its holder does not answer /healthz"
        return fault(
            "web",
            listen,
            words,
            "if it is a daemon of monitor, it hangs: restart it; else choose another port",
        )
    if is_ours:
        return ok("web", listen, "a running daemon answers, and is healthy")
    return fault(
        "web", listen, "another program listens on the port", "stop it, or choose another port in [web]"
    )
