"""A simulated provider on loopback: a real HTTP server that plays a catalog, scriptable over time.

Used by `monitor demo`, the tests and the benchmarks. Bodies follow the protocol facts of real gateways.
"""

from monitor.demo.script import Behave, Catalog, Change, Delist, Everywhere, Paging, Script, Show
from monitor.demo.server import DemoServer, Request
from monitor.demo.world import CatalogMode, PageStyle, World

__all__ = [
    "Behave",
    "Catalog",
    "CatalogMode",
    "Change",
    "Delist",
    "DemoServer",
    "Everywhere",
    "PageStyle",
    "Paging",
    "Request",
    "Script",
    "Show",
    "World",
]
