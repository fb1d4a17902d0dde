"""One sweep with real parts: a real server, a real database. What it asks, how fast, and what it records."""

import asyncio
import json
import time
from collections import Counter
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from threading import Thread

import pytest
from sqlalchemy import Engine

import monitor
from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import Cause, Outcome, Reason, Verdict
from monitor.demo import Behave, World
from monitor.demo.stories import nim_ids, steady
from monitor.errors import NoVerdict
from monitor.store.connection.locks import sweep_lock
from monitor.sweep import ProgressListener, Swept, sweep_provider
from tests.support import gateway as g
from tests.support.command import KEY, PROVIDER

REAL_DUMP = World(listed=nim_ids())
FIVE = World(listed=tuple(f"maker/model-{number}" for number in range(5)))


def test_the_real_dump_gives_186_models_and_2_duplicates(engine: Engine) -> None:
    with g.gateway(REAL_DUMP) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
        assert Counter(each.method for each in there.requests) == {"GET": 1, "POST": 186}
        assert Counter(each.model for each in there.probes).most_common(1)[0][1] == 1
    assert (len(swept.sweep.listed), swept.sweep.duplicates, swept.sweep.rejected) == (186, 2, 0)
    assert swept.sweep.listed == tuple(dict.fromkeys(nim_ids()))
    query = "SELECT verdict, listed, duplicates, rejected, probed, available, requests FROM sweep_history"
    assert g.rows(engine, query) == [("conclusive", 186, 2, 0, 186, 186, 187)]
    assert len(g.rows(engine, "SELECT 1 FROM observation_history WHERE outcome = 'available'")) == 186
    assert len(g.rows(engine, "SELECT 1 FROM change_history WHERE kind = 'appeared'")) == 186


@g.ON_SQLITE
def test_a_probe_is_one_small_honest_request(engine: Engine) -> None:
    with g.gateway(REAL_DUMP) as there:
        g.sweep(g.target(there.base_url), engine, g.NOON)
        for each in there.probes:
            assert each.path == "/v1/chat/completions"
            assert each.body["max_tokens"] == 16
            assert [part["role"] for part in each.body["messages"]] == ["user"]  # type: ignore[attr-defined]
            assert set(each.body) == {"model", "messages", "max_tokens", "stream"}
            assert each.body["stream"] is False
        assert {each.headers["user-agent"] for each in there.requests} == {f"monitor/{monitor.__version__}"}


@g.ON_SQLITE
def test_the_key_is_nowhere_but_in_the_authorization_header(engine: Engine) -> None:
    with g.gateway(FIVE) as there:  # it refuses who has no key in that header
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
        assert swept.decision.verdict is Verdict.CONCLUSIVE
        for each in there.requests:
            assert KEY not in f"{each.path} {each.headers} {each.body}"


@g.ON_SQLITE
def test_without_a_key_no_authorization_is_sent(engine: Engine) -> None:
    with g.gateway(FIVE, api_key=None) as there:
        swept = g.sweep(g.target(there.base_url, key=None), engine, g.NOON)
    assert swept.decision.verdict is Verdict.CONCLUSIVE


@g.ON_SQLITE
def test_no_redirect_is_followed_and_no_stranger_learns_of_us(engine: Engine) -> None:
    with g.gateway(FIVE, api_key=None) as stranger:

        class Redirecting(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                body = json.dumps({"data": [{"id": name} for name in FIVE.listed]}).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(307)
                self.send_header("Location", f"{stranger.base_url}/chat/completions")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Redirecting) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            swept = g.sweep(g.target(f"http://127.0.0.1:{server.server_port}/v1"), engine, g.NOON)
            server.shutdown()
        assert stranger.requests == []
    assert swept.decision.cause == Cause.RULE_CHANGE
    assert g.statuses(engine) == []


@g.ON_SQLITE
def test_concurrency_is_never_exceeded_at_the_server(engine: Engine) -> None:
    latency_s, concurrency = 0.1, 3
    with g.gateway(steady(24), latency_s=latency_s) as there:
        g.sweep(g.target(there.base_url, concurrency=concurrency), engine, g.NOON)
        times = [each.at_s for each in there.probes]
    # Each request stays for `latency_s`: were more than 3 there at once, the third before would still be.
    assert all(later - former >= latency_s - 0.002 for former, later in zip(times, times[3:], strict=False))
    assert any(later - former < latency_s for former, later in pairwise(times)), "it is not used at all"


@g.ON_SQLITE
def test_requests_per_minute_is_kept_by_a_sweep(engine: Engine) -> None:
    """That each minute keeps it, and that it is nearly used, is a matter of the pacer's own tests."""
    rate_per_s = 10.0
    with g.gateway(steady(30)) as there:
        begun = time.monotonic()
        g.sweep(g.target(there.base_url, requests_per_minute=60 * rate_per_s), engine, g.NOON)
        took_s = time.monotonic() - begun
        requests = len(there.requests)
    assert requests == 31
    assert took_s >= (requests - 1) / rate_per_s


@g.ON_SQLITE
def test_a_sweep_has_as_many_requests_under_way_as_its_settings_allow(engine: Engine) -> None:
    latency_s, concurrency = 10.0, 32
    with g.gateway(steady(concurrency), latency_s=latency_s) as there:
        swept = g.sweep(g.target(there.base_url, concurrency=concurrency), engine, g.NOON)
        times = [each.at_s for each in there.probes]
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    # All came before the first of them was answered; `make bench` measures how long a sweep takes.
    assert len(times) == concurrency
    assert times[-1] - times[0] < latency_s


def test_a_sweep_ends_at_nine_tenths_of_its_interval_and_the_rest_is_not_probed(engine: Engine) -> None:
    with g.gateway(steady(60), latency_s=1.0) as there:
        swept = g.sweep(g.target(there.base_url, concurrency=8, interval_s=6.0), engine, g.NOON)
    took = swept.sweep.finished_at - swept.sweep.started_at
    assert took >= timedelta(seconds=5.4), "the time is used"
    asked = [each for each in swept.sweep.observations if each.reason == Reason.OK]
    assert all(each.at_ms - (each.latency_ms or 0) <= 5400 for each in asked)
    reasons = Counter(each.reason for each in swept.sweep.observations)
    assert reasons.total() == 60, "exactly one observation for each listed model (rules.md 1)"
    assert set(reasons) <= {Reason.OK, Reason.NOT_PROBED}  # a busy machine may leave no time for one answer
    assert reasons[Reason.NOT_PROBED] > 10
    not_probed = (
        "SELECT count(*) FROM observation_history WHERE reason = 'not_probed' AND outcome = 'unknown'"
    )
    assert g.rows(engine, not_probed) == [(reasons[Reason.NOT_PROBED],)]


@g.ON_SQLITE
def test_rule_7_a_wait_beyond_the_deadline_rests_its_model_and_nobody_else(engine: Engine) -> None:
    world = Behave(("maker/model-0",), "too_many_requests_wait:3600").apply(FIVE)
    with g.gateway(world) as there:
        swept = g.sweep(g.target(there.base_url, concurrency=1, interval_s=60.0), engine, g.NOON)
    reasons = {each.model: each.reason for each in swept.sweep.observations}
    assert reasons.pop("maker/model-0") == Reason.TOO_MANY_REQUESTS
    assert set(reasons.values()) == {Reason.OK}


def test_what_is_shut_out_is_neither_probed_nor_absent(engine: Engine) -> None:
    policy = Policy(include=("maker/*",), exclude=("*-4",))
    with g.gateway(FIVE) as there:
        g.sweep(g.target(there.base_url), engine, g.NOON)
        there.forget()
        swept = g.sweep(g.target(there.base_url, policy=policy), engine, g.hours(1))
        assert sorted(each.model or "" for each in there.probes) == [f"maker/model-{n}" for n in range(4)]
    assert len(swept.sweep.listed) == 5
    assert swept.decision.events == ()
    assert g.rows(engine, "SELECT count(*) FROM model_status WHERE listed") == [(5,)]


def test_a_cancelled_sweep_is_interrupted_keeps_what_it_saw_and_touches_no_model(engine: Engine) -> None:
    with g.gateway(steady(40)) as there:
        aim = g.target(there.base_url, concurrency=4)
        g.sweep(aim, engine, g.NOON)
        before, events = g.statuses(engine), g.model_events(engine)
        there.server.latency_s = 0.1
        seen: list[str] = []

        async def cut_short() -> None:
            task = asyncio.current_task()
            assert task is not None

            def watch(observation: object) -> None:
                seen.append(str(observation))
                if len(seen) == 15:
                    task.cancel()

            await sweep_provider(
                aim, engine, now=lambda: g.hours(1), progress=ProgressListener(on_observation=watch)
            )

        with pytest.raises(asyncio.CancelledError):
            g.run_async(cut_short)
        there.server.latency_s = 0.0
        assert g.statuses(engine) == before
        assert g.model_events(engine) == events
        last = g.finished(engine)[-1]
        assert (last.verdict, last.cause, last.listed) == (Verdict.INCONCLUSIVE, Cause.INTERRUPTED, 40)
        kept = "SELECT count(*) FROM observation_history WHERE sweep_id = :id"
        assert g.rows(engine, kept, id=last.sweep_id) == [(15,)]
        after = g.sweep(aim, engine, g.hours(2))
        assert after.decision.events == ()
    assert g.provider_events(engine) == []


def test_a_slot_is_served_once(engine: Engine) -> None:
    with g.gateway(FIVE) as there:
        aim = g.target(there.base_url)

        async def twice() -> list[Swept | None]:
            runs = [sweep_provider(aim, engine, now=lambda: g.hours(1), slot=g.NOON) for _ in range(2)]
            return await asyncio.gather(*runs)

        results = g.run_async(twice)
        assert sorted(result is None for result in results) == [False, True]
        assert len(there.probes) == 5
    assert len(g.finished(engine)) == 1


def test_sweeps_by_hand_of_one_provider_wait_for_each_other(engine: Engine) -> None:
    with g.gateway(steady(20), latency_s=0.05) as there:

        async def three() -> list[Swept | None]:
            runs = [
                sweep_provider(g.target(there.base_url, concurrency=4), engine, now=lambda: g.NOON)
                for _ in range(3)
            ]
            return await asyncio.gather(*runs)

        assert None not in g.run_async(three)
        kinds = [each.method for each in there.requests]
    assert kinds == (["GET"] + 20 * ["POST"]) * 3
    moments = [each.started_at for each in g.finished(engine)]
    assert len(set(moments)) == 3, "a sweep's identity is its start (rules.md 30)"


def test_a_sweep_that_waits_for_another_a_whole_interval_says_so(engine: Engine) -> None:
    lock = sweep_lock(engine, PROVIDER, "default")
    assert lock.try_acquire()
    with g.gateway(FIVE) as there, pytest.raises(NoVerdict, match="another sweep of nvidia"):
        g.sweep(g.target(there.base_url, interval_s=0.3), engine, g.NOON)
    lock.release()


@g.ON_SQLITE
def test_a_catalog_of_several_pages_is_read_to_its_last(engine: Engine) -> None:
    world = World(listed=nim_ids(), page_size=50)
    with g.gateway(world) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
        assert Counter(each.method for each in there.requests) == {"GET": 4, "POST": 186}
    assert (len(swept.sweep.listed), swept.sweep.requests) == (186, 190)


def test_what_a_model_answers_is_stored_with_its_reason(engine: Engine) -> None:
    behaviours = {
        "ok": (Outcome.AVAILABLE, Reason.OK),
        "ok_reasoning": (Outcome.AVAILABLE, Reason.OK),
        "too_many_requests": (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS),
        "saturated": (Outcome.RATE_LIMITED, Reason.SATURATED),
        "overloaded": (Outcome.RATE_LIMITED, Reason.SATURATED),
        "queued": (Outcome.RATE_LIMITED, Reason.QUEUED),
        "not_for_account": (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT),
        "not_shared": (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT),
        "not_found": (Outcome.UNAVAILABLE, Reason.NOT_FOUND),
        "end_of_life:2026-05-14T00:00:00Z": (Outcome.UNAVAILABLE, Reason.END_OF_LIFE),
        "degraded": (Outcome.UNAVAILABLE, Reason.DEGRADED),
        "server_error": (Outcome.UNAVAILABLE, Reason.SERVER_ERROR),
        "bad_gateway": (Outcome.UNAVAILABLE, Reason.SERVER_ERROR),
        "switched_off": (Outcome.UNAVAILABLE, Reason.SWITCHED_OFF),
        "no_capacity": (Outcome.UNAVAILABLE, Reason.NO_CAPACITY),
        "html": (Outcome.UNAVAILABLE, Reason.INVALID_ANSWER),
        "needs_image": (Outcome.UNKNOWN, Reason.NEEDS_OTHER_REQUEST),
        "bad_request": (Outcome.UNKNOWN, Reason.BAD_REQUEST),
        "not_on_chat": (Outcome.UNKNOWN, Reason.NO_ENDPOINT),
        "key_rejected": (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT),
        "payment_required": (Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT),
    }
    world = World(
        listed=tuple(f"maker/{name}" for name in behaviours),
        behaviours={f"maker/{name}": name for name in behaviours},
    )
    with g.gateway(world) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    stored = g.rows(engine, "SELECT model, outcome, reason FROM observation_history")
    assert {
        model.removeprefix("maker/"): (outcome, reason) for model, outcome, reason in stored
    } == behaviours


@g.ON_SQLITE
def test_nothing_of_a_sweep_is_left_in_the_working_directory(engine: Engine, tmp_path: Path) -> None:
    with g.gateway(FIVE) as there:
        g.sweep(g.target(there.base_url), engine, g.NOON)
    names = {path.name for path in (tmp_path / "history").iterdir()}
    assert all(name.startswith("monitor.db") for name in names)
