"""A crowd at the web port: the container's health check is answered, and the sweep goes on as it would."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Verdict
from monitor.demo.stories import steady
from monitor.healthcheck import verdict
from tests.support import gateway as g
from tests.support.command import config_file
from tests.support.process import Process, wait_for
from tests.web.server.clients import PATIENCE_S, Crowd, crowd, request, rest_of

MODELS = 6
WELL = (True, "HTTP 200")


def idle(there: Crowd) -> None:
    for _ in range(200):
        there.connect()


def not_reading(there: Crowd) -> None:
    for _ in range(220):
        there.connect(request() * 20, receive_buffer=4096)


def pipelining(there: Crowd) -> None:
    """40 clients ask for 20 pages each, again and again."""

    def ask() -> None:
        pages = request() * 10 + request("/v1/models") * 9 + request(headers="Connection: close\r\n")
        assert rest_of(there.connect(pages)).count(b"HTTP/1.1 200 ") == 20

    there.go_on(ask, threads=40)


def always_new(there: Crowd) -> None:
    there.go_on(lambda: there.connect(request("/models/nvidia/none")).close(), threads=4)


@g.ON_SQLITE
@pytest.mark.parametrize("flood", [idle, not_reading, pipelining, always_new])
def test_health_is_answered_and_a_sweep_keeps_its_pace_in_a_flood(
    engine: Engine, database_url: str, tmp_path: Path, flood: Callable[[Crowd], None]
) -> None:
    """One model a second: from the flood's begin on until the last model was asked."""
    with g.gateway(steady(MODELS)) as there:
        config = config_file(tmp_path, there.base_url, database_url, interval="1h", starts_per_second=1.0)
        with Process(config, "run") as process, crowd(process.page) as clients:
            health = {"MONITOR_HEALTH_URL": f"{process.page}/healthz"}
            wait_for(lambda: there.probes, process)
            flood(clients)
            while len(there.probes) < MODELS:
                assert verdict(health, PATIENCE_S) == WELL
                assert process.is_alive, process.err
            [sweep] = wait_for(lambda: g.finished(engine), process)
        asked = [each.model for each in there.probes]
    assert (sweep.verdict, sweep.probed, sweep.available) == (Verdict.CONCLUSIVE, MODELS, MODELS)
    assert len(asked) == len({*asked}) == MODELS
    assert sweep.finished_at is not None
    assert (sweep.finished_at - sweep.started_at).total_seconds() >= MODELS - 1  # never quicker than its pace
    assert g.rows(engine, "SELECT 1 FROM missed_slot") == []
