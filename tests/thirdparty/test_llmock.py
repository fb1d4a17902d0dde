"""A server that nobody here wrote: llmock from PyPI is swept and classified right, its errors included."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from monitor.core.model import Cause, Outcome, Reason, Verdict
from monitor.sweep import Swept
from tests import gateway as g

LLMOCK = Path(sys.executable).with_name("llmock")
MODELS = 7


@contextmanager
def llmock(place: Path, *options: str) -> Iterator[str]:
    """Run `llmock serve` on a free port of loopback and give its base URL; stopped by its own process id."""
    port = g.closed_port()
    with (place / "llmock.log").open("wb") as log:
        process = subprocess.Popen(
            [LLMOCK, "serve", "--host", "127.0.0.1", "--port", str(port), *options],
            cwd=place,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
    try:
        g.wait_for(lambda: process.poll() is not None or is_up(port))
        assert process.poll() is None, (place / "llmock.log").read_text("utf-8", "replace")
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.terminate()
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


def is_up(port: int) -> bool:
    """Tell whether it answers; any answer will do, errors are asked for."""
    try:
        httpx.get(f"http://127.0.0.1:{port}/health", timeout=2, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def reasons(swept: Swept) -> Counter[tuple[str, str]]:
    return Counter((each.outcome.value, each.reason) for each in swept.sweep.observations)


def test_its_catalog_is_swept_and_every_model_is_available(engine: Engine, tmp_path: Path) -> None:
    with llmock(tmp_path) as base_url:
        swept = g.sweep(g.target(base_url), engine, g.NOON)
        told = httpx.get(f"{base_url}/models", trust_env=False).json()
    assert swept.sweep.listed == tuple(row["id"] for row in told["data"])
    assert reasons(swept) == {(Outcome.AVAILABLE, Reason.OK): MODELS}
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    status = g.rows(engine, "SELECT DISTINCT status, kind, http_status FROM model_status")
    assert status == [("available", "chat", 200)]
    assert len(g.rows(engine, "SELECT 1 FROM change_history")) == MODELS


def script(base_url: str, *behaviours: Mapping[str, object]) -> None:
    """Tell it how to answer chat requests from now on; the catalog stays as it is."""
    control = f"{base_url.removesuffix('/v1')}/_llmock"
    httpx.post(f"{control}/reset", trust_env=False).raise_for_status()
    told = [{**each, "match": {"path": "*/chat/completions"}} for each in behaviours]
    if told:
        httpx.post(f"{control}/scenario", json={"behaviors": told}, trust_env=False).raise_for_status()


def asked(base_url: str) -> list[dict[str, Any]]:
    """Return its own journal of the chat requests, oldest first."""
    journal = httpx.get(f"{base_url.removesuffix('/v1')}/_llmock/requests", trust_env=False).json()
    return [each for each in journal["requests"] if each["path"].endswith("/chat/completions")]


UNAVAILABLE, UNKNOWN, LIMITED = Outcome.UNAVAILABLE, Outcome.UNKNOWN, Outcome.RATE_LIMITED
SAID = [
    (500, UNAVAILABLE, Reason.SERVER_ERROR, Cause.PROVIDER_OUTAGE),
    (502, UNAVAILABLE, Reason.SERVER_ERROR, Cause.PROVIDER_OUTAGE),
    (503, UNAVAILABLE, Reason.SERVER_ERROR, Cause.PROVIDER_OUTAGE),
    (504, UNAVAILABLE, Reason.NO_CAPACITY, Cause.PROVIDER_OUTAGE),
    (404, UNAVAILABLE, Reason.NOT_FOUND, Cause.CREDENTIAL),
    (400, UNKNOWN, Reason.BAD_REQUEST, Cause.RULE_CHANGE),
    (422, UNKNOWN, Reason.BAD_REQUEST, Cause.RULE_CHANGE),
    (429, LIMITED, Reason.TOO_MANY_REQUESTS, None),
    (529, LIMITED, Reason.SATURATED, None),
]


@g.ON_SQLITE
def test_its_errors_are_classified_as_what_they_are(engine: Engine, tmp_path: Path) -> None:
    """One model's error is its own; the same error of all is the provider's, and touches no model."""
    with llmock(tmp_path) as base_url:
        aim = g.target(base_url)
        g.sweep(aim, engine, g.NOON)
        before = g.statuses(engine)
        for number, (status, outcome, reason, cause) in enumerate(SAID):
            script(base_url, {"type": "fail", "status": status, "times": None, "retry_after": 0})
            of_all = g.sweep(aim, engine, g.hours(1 + 2 * number))
            assert reasons(of_all) == {(outcome, reason): MODELS}, status
            assert of_all.decision.cause == cause, status
            if cause:
                assert g.statuses(engine) == before, status
            script(base_url)
            g.sweep(aim, engine, g.hours(2 + 2 * number))
            before = g.statuses(engine)


@g.ON_SQLITE
@pytest.mark.parametrize(
    ("status", "cause"), [(401, Cause.CREDENTIAL), (403, Cause.CREDENTIAL), (402, Cause.QUOTA)]
)
def test_its_refusals_of_all_are_our_own_trouble(
    engine: Engine, tmp_path: Path, status: int, cause: Cause
) -> None:
    with llmock(tmp_path) as base_url:
        aim = g.target(base_url, concurrency=2)
        g.sweep(aim, engine, g.NOON)
        before = g.statuses(engine)
        script(base_url, {"type": "fail", "status": status, "times": None})
        swept = g.sweep(aim, engine, g.hours(1))
        assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, cause)
        assert g.statuses(engine) == before
        script(base_url)
        assert g.sweep(aim, engine, g.hours(2)).decision.verdict is Verdict.CONCLUSIVE
    assert len(g.provider_events(engine)) == 2


@g.ON_SQLITE
@pytest.mark.parametrize(("status", "cause"), [(503, Cause.CATALOG_UNREADABLE), (401, Cause.CREDENTIAL)])
def test_its_catalog_in_error_costs_no_probe(
    engine: Engine, tmp_path: Path, status: int, cause: Cause
) -> None:
    with llmock(tmp_path, "--error-rate", f"{status}=1.0") as base_url:
        swept = g.sweep(g.target(base_url), engine, g.NOON)
    assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, cause)
    assert swept.sweep.requests == 1
    assert g.statuses(engine) == []


@g.ON_SQLITE
def test_its_retry_after_holds_the_others_back_for_so_long(engine: Engine, tmp_path: Path) -> None:
    with llmock(tmp_path) as base_url:
        script(base_url, {"type": "fail", "status": 429, "times": 1, "retry_after": 1.0})
        swept = g.sweep(g.target(base_url, concurrency=1), engine, g.NOON)
    assert reasons(swept) == {
        (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS): 1,
        (Outcome.AVAILABLE, Reason.OK): MODELS - 1,
    }
    first, second, *_ = sorted(each.at_ms for each in swept.sweep.observations)
    assert 1000 <= second - first < 2500


@g.ON_SQLITE
def test_its_quota_is_obeyed_and_the_deadline_kept(engine: Engine, tmp_path: Path) -> None:
    """Three a minute: after the first refusal nothing is asked before it may be, nor after the deadline."""
    with llmock(tmp_path, "--rpm", "3") as base_url:
        swept = g.sweep(g.target(base_url, concurrency=1, interval_s=3.0), engine, g.NOON)
        journal = asked(base_url)
    found = reasons(swept)
    assert found[Outcome.AVAILABLE, Reason.OK] in {2, 3}
    assert found[Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS] == 1
    assert found[Outcome.UNKNOWN, Reason.NOT_PROBED] == MODELS - len(journal)
    assert swept.sweep.finished_at - swept.sweep.started_at < timedelta(seconds=4)
    assert swept.decision.verdict is Verdict.CONCLUSIVE
