"""`python -m monitor.healthcheck`: asks a running daemon on this machine whether it is healthy.

Made for a container's health check: only the lighter part of the standard library, so that a check costs
milliseconds, and no configuration file; it must not know anything else of monitor. Environment:

- `MONITOR_HEALTH_URL`: the address to ask, an http URL; default `http://127.0.0.1:8080/healthz`.
- `MONITOR_HEALTH_STANDBY`: `ok` where an address without a listener is healthy: this daemon may be a standby,
  which binds its port only once it leads. Without it a silent port is a fault.

Exit code: 0 healthy, 1 not; the reason stands on standard output, where container engines keep it.
"""

import http
import http.client
import os
import sys
from collections.abc import Mapping
from urllib.parse import urlsplit

DEFAULT_URL = "http://127.0.0.1:8080/healthz"
TIMEOUT_S = 5.0  # below the 6 s of the image, so that the reason is printed


def verdict(environment: Mapping[str, str], timeout_s: float = TIMEOUT_S) -> tuple[bool, str]:
    """Return whether the daemon is healthy, and why in one line; a stuck one accepts but never answers."""
    url = environment.get("MONITOR_HEALTH_URL") or DEFAULT_URL  # Compose sets unset ones to ""
    try:
        status = _ask(url, timeout_s)
    except ConnectionRefusedError:  # an OSError, too, but maybe a standby's
        if environment.get("MONITOR_HEALTH_STANDBY") == "ok":
            return True, "standby: nothing listens yet"
        return False, "nothing listens at the health address"
    except (OSError, http.client.HTTPException) as error:  # BadStatusLine is no OSError
        return False, f"no answer: {type(error).__name__}"
    except ValueError:
        return False, "MONITOR_HEALTH_URL is not an http URL"
    return status == http.HTTPStatus.OK, f"HTTP {status}"


def _ask(url: str, timeout_s: float) -> int:
    """Return the HTTP status of one GET. Proxy settings do not count: the daemon is on this machine."""
    parts = urlsplit(url)
    if parts.scheme != "http" or not parts.hostname:  # http.client speaks plain HTTP to any port
        raise ValueError(parts.scheme)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=timeout_s)
    try:
        connection.request("GET", target)
        return connection.getresponse().status  # the body may be stuck, the status decides
    finally:
        connection.close()


def main() -> None:
    """Run the check and leave with its exit code."""
    is_well, reason = verdict(os.environ)  # noqa: TID251 - loading the configuration would make it slow
    sys.stdout.write(reason + "\n")
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
