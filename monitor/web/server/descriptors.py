"""How many connections of clients the process can afford."""

import resource
from typing import Final

MOST_CONNECTIONS: Final = 200
_FEWEST: Final = 8  # a page and a check must be possible whatever the limit is
_SHARE: Final = 3  # a third of the descriptors: sweeps, the database and channels need theirs


def affordable_connections() -> int:
    """Return how many connections the web server may hold under this process's limit of open files."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if limit == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(_FEWEST, min(MOST_CONNECTIONS, limit // _SHARE))
