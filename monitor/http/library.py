"""The HTTP library in use (installed.py), and its layer of connections; imported here alone."""

from importlib import import_module
from typing import TYPE_CHECKING

from monitor.installed import HTTP_LIBRARY

if TYPE_CHECKING:  # one is a fork of the other, with the same names
    import httpcore
    import httpx
else:
    httpx = import_module(HTTP_LIBRARY)
    httpcore = import_module(HTTP_LIBRARY.replace("httpx", "httpcore"))

__all__ = ["httpcore", "httpx"]
