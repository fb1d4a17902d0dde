"""Which of two libraries with one interface is installed, without loading it."""

from importlib.metadata import version
from importlib.util import find_spec
from typing import Final

HTTP_LIBRARY: Final = "httpx2" if find_spec("httpx2") else "httpx"  # decision 0055


def http_library() -> str:
    """Return the HTTP library in use with its version, as in `httpx2 2.16.2`."""
    return f"{HTTP_LIBRARY} {version(HTTP_LIBRARY)}"
