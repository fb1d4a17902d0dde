"""An application that another one replaced is let go, with the pages that it kept."""

import gc
import weakref
from datetime import UTC, datetime
from pathlib import Path

from fastapi import FastAPI

from monitor.store.connection.engine import open_engine
from monitor.web.app import create_app
from monitor.web.server.replaceable import Replaceable


def application(directory: Path) -> FastAPI:
    engine = open_engine(f"sqlite:///{directory}/monitor.db", read_only=True)
    return create_app(engine, watched={}, now=lambda: datetime(2027, 1, 1, tzinfo=UTC))


def test_an_application_that_was_replaced_is_let_go(tmp_path: Path) -> None:
    first = application(tmp_path)
    before, shown = weakref.ref(first), Replaceable(first)
    del first
    shown.replace(application(tmp_path))
    gc.collect()
    assert before() is None
