"""docs/http.md and the routes are in step."""

import re
from collections.abc import Iterable
from pathlib import Path

from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute, Match

from monitor.store.connection.engine import open_engine
from monitor.web.app import create_app
from tests.web.history import START

DOCS = Path(__file__).parents[2] / "docs" / "http.md"


def test_every_route_is_documented_and_every_documented_address_is_served(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/monitor.db")
    app = create_app(engine, watched={}, now=lambda: START)
    documented = set(re.findall(r"^\| `(/[^`]*)` \|", DOCS.read_text(), flags=re.MULTILINE))
    routes = {str(context.path) for context in iter_route_contexts(app.routes)}
    described = {path.replace("{model:path}", "{id}") for path in routes}
    assert documented == described
    assert {path for path in documented if not _serves(app.routes, path)} == set()


def test_every_parameter_is_documented(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/monitor.db")
    paths = create_app(engine, watched={}, now=lambda: START).openapi()["paths"]
    names = {one["name"] for path in paths.values() for one in path["get"].get("parameters", [])}
    assert names == set(re.findall(r"`\?(\w+)=", DOCS.read_text()))


def _serves(routes: Iterable[BaseRoute], path: str) -> bool:
    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": []}
    return any(route.matches(scope)[0] is Match.FULL for route in routes)
