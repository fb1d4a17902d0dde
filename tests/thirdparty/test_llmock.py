"""A server that nobody here wrote: llmock from PyPI is swept and classified right, its errors included."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Outcome, Reason, Verdict
from tests.support import gateway as g
from tests.support.process import WAIT_S
from tests.thirdparty.servers import llmock, reasons, script_llmock

MODELS = 7


def test_its_catalog_is_swept_and_every_model_is_available(engine: Engine, tmp_path: Path) -> None:
    with llmock(tmp_path) as address:
        swept = g.sweep(g.target(f"{address}/v1"), engine, g.NOON)
        told = httpx.get(f"{address}/v1/models", trust_env=False, timeout=WAIT_S).json()
    assert swept.sweep.listed == tuple(row["id"] for row in told["data"])
    assert reasons(swept) == {(Outcome.AVAILABLE, Reason.OK): MODELS}
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    status = g.rows(engine, "SELECT DISTINCT status, kind, http_status FROM model_status")
    assert status == [("available", "chat", 200)]
    assert len(g.rows(engine, "SELECT 1 FROM change_history")) == MODELS


def asked(address: str) -> list[dict[str, Any]]:
    """Return its own journal of the chat requests, oldest first."""
    journal = httpx.get(f"{address}/_llmock/requests", trust_env=False, timeout=WAIT_S).json()
    return [each for each in journal["requests"] if each["path"].endswith("/chat/completions")]


UNAVAILABLE, UNKNOWN, LIMITED = Outcome.UNAVAILABLE, Outcome.UNKNOWN, Outcome.RATE_LIMITED
SAID = [
    (500, UNAVAILABLE, Reason.SERVER_ERROR, Cause.PROVIDER_OUTAGE),
    (502, UNAVAILABLE, Reason.SERVER_ERROR, Cause.PROVIDER_OUTAGE),
    (503, UNAVAILABLE, Reason.SERVER_ERROR, Cause.PROVIDER_OUTAGE),
    (504, UNAVAILABLE, Reason.NO_CAPACITY, Cause.PROVIDER_OUTAGE),
    (404, UNKNOWN, Reason.NO_ENDPOINT, Cause.RULE_CHANGE),  # it names no model, so it is about the address
    (400, UNKNOWN, Reason.BAD_REQUEST, Cause.RULE_CHANGE),
    (422, UNKNOWN, Reason.BAD_REQUEST, Cause.RULE_CHANGE),
    (429, LIMITED, Reason.TOO_MANY_REQUESTS, Cause.QUOTA),
    (529, LIMITED, Reason.SATURATED, Cause.QUOTA),
]


@g.ON_SQLITE
def test_its_errors_are_classified_as_what_they_are(engine: Engine, tmp_path: Path) -> None:
    """One model's error is its own; the same error of all is the provider's, and touches no model."""
    with llmock(tmp_path) as address:
        aim = g.target(f"{address}/v1")
        g.sweep(aim, engine, g.NOON)
        before = g.statuses(engine)
        for number, (status, outcome, reason, cause) in enumerate(SAID):
            script_llmock(address, {"type": "fail", "status": status, "times": None, "retry_after": 0})
            of_all = g.sweep(aim, engine, g.hours(1 + 2 * number))
            assert reasons(of_all) == {(outcome, reason): MODELS}, status
            assert of_all.decision.cause == cause, status
            assert g.statuses(engine) == before, status
            script_llmock(address)
            g.sweep(aim, engine, g.hours(2 + 2 * number))
            before = g.statuses(engine)


@g.ON_SQLITE
@pytest.mark.parametrize(
    ("status", "cause"), [(401, Cause.CREDENTIAL), (403, Cause.CREDENTIAL), (402, Cause.QUOTA)]
)
def test_its_refusals_of_all_are_our_own_trouble(
    engine: Engine, tmp_path: Path, status: int, cause: Cause
) -> None:
    with llmock(tmp_path) as address:
        aim = g.target(f"{address}/v1", concurrency=2)
        g.sweep(aim, engine, g.NOON)
        before = g.statuses(engine)
        script_llmock(address, {"type": "fail", "status": status, "times": None})
        swept = g.sweep(aim, engine, g.hours(1))
        assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, cause)
        assert g.statuses(engine) == before
        script_llmock(address)
        assert g.sweep(aim, engine, g.hours(2)).decision.verdict is Verdict.CONCLUSIVE
    assert len(g.provider_events(engine)) == 2


@g.ON_SQLITE
@pytest.mark.parametrize(("status", "cause"), [(503, Cause.CATALOG_UNREADABLE), (401, Cause.CREDENTIAL)])
def test_its_catalog_in_error_costs_no_probe(
    engine: Engine, tmp_path: Path, status: int, cause: Cause
) -> None:
    with llmock(tmp_path, "--error-rate", f"{status}=1.0") as address:
        swept = g.sweep(g.target(f"{address}/v1"), engine, g.NOON)
    assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, cause)
    assert swept.sweep.requests == 1
    assert g.statuses(engine) == []


@g.ON_SQLITE
def test_its_retry_after_rests_one_model_and_holds_up_no_other(engine: Engine, tmp_path: Path) -> None:
    """Rule 7."""
    with llmock(tmp_path) as address:
        script_llmock(address, {"type": "fail", "status": 429, "times": 1, "retry_after": 300.0})
        swept = g.sweep(g.target(f"{address}/v1", concurrency=1), engine, g.NOON)
    assert reasons(swept) == {
        (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS): 1,
        (Outcome.AVAILABLE, Reason.OK): MODELS - 1,
    }
    assert swept.sweep.finished_at - swept.sweep.started_at < timedelta(seconds=100)


@g.ON_SQLITE
def test_its_quota_costs_no_model_its_observation(engine: Engine, tmp_path: Path) -> None:
    """Rule 7: three a minute for all, and no time to wait for the next; nobody is asked often for that."""
    with llmock(tmp_path, "--rpm", "3") as address:
        swept = g.sweep(g.target(f"{address}/v1", concurrency=1, interval_s=3.0), engine, g.NOON)
        journal = asked(address)
    counts = reasons(swept)
    answered = counts.pop((Outcome.AVAILABLE, Reason.OK))
    assert answered in {2, 3}  # the list of models counts too, where its minute has not passed
    assert counts == {(Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS): MODELS - answered}
    assert max(Counter(each["model"] for each in journal).values()) <= 3
    assert swept.decision.verdict is Verdict.CONCLUSIVE
