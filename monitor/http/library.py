"""Which line of the HTTP library is in use: httpx2 where it is installed, else httpx; imported here alone."""

from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # one is a fork of the other, with the same names
    import httpcore
    import httpx
else:
    try:
        import httpcore2 as httpcore
        import httpx2 as httpx
    except ImportError:
        import httpcore
        import httpx

__all__ = ["httpcore", "httpx", "library"]


def library() -> str:
    """Return the library's name and version, as `httpx2 2.16.2`."""
    return f"{httpx.__name__} {version(httpx.__name__)}"
