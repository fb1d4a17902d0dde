"""Dead man's switches: start, success, failure of each sweep, and no harm whatever becomes of them."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from itertools import count

import pytest

from monitor.core.domain.vocabulary import Cause
from monitor.core.notification.sweep_health import SweepHealth
from monitor.errors import Fenced
from monitor.notify import heartbeat as heartbeat_module
from monitor.notify.heartbeat import Heartbeats, place
from tests.notify.messages import logged
from tests.support.mailbox import Receiver, receiver

CHECK = "/0b5c1b5e-1111-4222-8333-444455556666"


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


@pytest.fixture
def elsewhere() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def heart(url: str | None, own: str | None = None, *, is_silent: bool = False) -> Heartbeats:
    """Return the common switch at `url`, and one of nvidia alone at `own`."""
    return Heartbeats(
        SweepHealth(confirm_down={"nvidia": 2, "groq": 2}),
        url,
        {"nvidia": own} if own else {},
        is_silent=lambda _provider: is_silent,
        new_id=map(str, count(1)).__next__,
    )


async def one_sweep(beat: Heartbeats, cause: str | None = None, provider: str = "nvidia") -> None:
    async with beat.around(provider) as pulse:
        pulse.report(f"{provider}: {cause or 'conclusive'}", cause)
    await beat.settle()


def endings(there: Receiver) -> list[str]:
    """Return the endings of the pings that say how a sweep ended."""
    paths = [posted.path.partition("?")[0].removeprefix(CHECK) for posted in there.taken]
    return [path for path in paths if path != "/start"]


def told(there: Receiver) -> list[tuple[str, str]]:
    return [(posted.path, posted.body.decode()) for posted in there.taken]


def test_a_sweep_is_told_when_it_begins_and_when_it_ended_under_one_id(there: Receiver) -> None:
    async def two_sweeps() -> None:
        beat = heart(there.base_url + CHECK)
        await one_sweep(beat)
        await one_sweep(beat)

    asyncio.run(two_sweeps())
    assert told(there) == [
        (f"{CHECK}/start?rid=1", "nvidia: sweep begins"),
        (f"{CHECK}?rid=1", "nvidia: conclusive"),
        (f"{CHECK}/start?rid=2", "nvidia: sweep begins"),
        (f"{CHECK}?rid=2", "nvidia: conclusive"),
    ]


@pytest.mark.parametrize("cause", list(Cause))
def test_at_its_own_switch_only_what_the_operator_must_mend_is_a_failure_at_once(
    there: Receiver, cause: Cause
) -> None:
    asyncio.run(one_sweep(heart(None, there.base_url + CHECK), cause))
    is_failure = cause in {Cause.CREDENTIAL, Cause.QUOTA, Cause.OUR_NETWORK}
    assert endings(there) == ["/fail" if is_failure else ""]


@pytest.mark.parametrize("cause", list(Cause))
def test_at_its_own_switch_whatever_lasts_is_a_failure(there: Receiver, cause: Cause) -> None:
    async def lasting() -> None:
        beat = heart(None, there.base_url + CHECK)
        for each in (cause, cause, cause, None):
            await one_sweep(beat, each)

    asyncio.run(lasting())
    assert endings(there)[1:] == ["/fail", "/fail", ""]


@pytest.mark.parametrize("cause", list(Cause))
def test_the_common_switch_forgives_what_the_policy_forgives(there: Receiver, cause: Cause) -> None:
    async def lasting() -> None:
        beat = heart(there.base_url + CHECK)
        for each in (cause, None, cause, cause, cause, None):
            await one_sweep(beat, each)

    asyncio.run(lasting())
    assert endings(there) == ["", "", "", "/fail", "/fail", ""]


def test_a_healthy_provider_never_hides_another_ones_failure(there: Receiver, elsewhere: Receiver) -> None:
    async def days() -> None:
        beat = heart(there.base_url + CHECK, elsewhere.base_url + CHECK)
        for _ in range(4):
            await one_sweep(beat, None)
            await one_sweep(beat, Cause.CREDENTIAL, "groq")
        await one_sweep(beat, None)
        await one_sweep(beat, None, "groq")

    asyncio.run(days())
    assert endings(there) == ["", "", "", *["/fail"] * 6, ""]
    assert told(there)[-3] == (
        f"{CHECK}/fail?rid=9",
        "nvidia: conclusive; without a verdict: groq (credential)",
    )
    assert endings(elsewhere) == [""] * 5


def test_a_ping_that_was_held_up_reports_the_state_of_the_moment_it_leaves(there: Receiver) -> None:
    there.hold = hold = threading.Event()

    async def overlapping() -> None:
        beat = heart(there.base_url + CHECK)
        beat.health = SweepHealth(confirm_down={"groq": 1})
        async with beat.around("nvidia") as healthy, beat.around("groq") as troubled:
            troubled.report("groq: inconclusive", Cause.QUOTA)
            healthy.report("nvidia: conclusive", None)
        hold.set()
        await beat.settle()

    asyncio.run(overlapping())
    assert endings(there) == ["/fail", "/fail"]


def test_what_was_recorded_before_a_restart_goes_on(there: Receiver) -> None:
    async def restarted() -> None:
        beat = heart(there.base_url + CHECK)
        beat.health = beat.health.after("groq", Cause.QUOTA).after("groq", Cause.QUOTA)
        await one_sweep(beat)

    asyncio.run(restarted())
    assert endings(there) == ["/fail"]


def test_in_a_maintenance_window_trouble_is_no_failure(there: Receiver, elsewhere: Receiver) -> None:
    async def window() -> None:
        beat = heart(there.base_url + CHECK, elsewhere.base_url + CHECK, is_silent=True)
        for _ in range(3):
            await one_sweep(beat, Cause.CREDENTIAL)

    asyncio.run(window())
    assert endings(there) == endings(elsewhere) == ["", "", ""]


def test_a_slot_that_was_served_already_changes_nothing(there: Receiver) -> None:
    async def served() -> None:
        beat = heart(there.base_url + CHECK)
        for _ in range(2):
            await one_sweep(beat, Cause.QUOTA)
        async with beat.around("nvidia"):
            pass
        await beat.settle()

    asyncio.run(served())
    assert endings(there) == ["", "/fail", "/fail"]


def test_a_sweep_that_could_not_be_made_counts_as_one_without_a_verdict_and_still_raises(
    there: Receiver, elsewhere: Receiver
) -> None:
    async def broken() -> None:
        beat = heart(there.base_url + CHECK, elsewhere.base_url + CHECK)
        for _ in range(2):
            with suppress(ZeroDivisionError):
                async with beat.around("nvidia"):
                    raise ZeroDivisionError("no\nmore")
                pytest.fail("it must be raised")
            await beat.settle()

    asyncio.run(broken())
    assert endings(there) == ["", "/fail"]
    assert endings(elsewhere) == ["/fail", "/fail"]
    assert told(elsewhere)[1] == (f"{CHECK}/fail?rid=1", "nvidia: ZeroDivisionError: no more")


def test_a_sweep_that_was_cancelled_did_not_end(there: Receiver) -> None:
    async def cancelled() -> None:
        beat = heart(there.base_url)

        async def hang() -> None:
            async with beat.around("nvidia"):
                await asyncio.sleep(60)

        task = asyncio.create_task(hang())
        await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        await beat.settle()

    asyncio.run(cancelled())
    assert [path for path, _ in told(there)] == ["/start?rid=1"]


@pytest.mark.parametrize(
    ("url", "start"),
    [
        ("https://hc.example/id", "https://hc.example/id/start?rid=7"),
        ("https://hc.example/id/", "https://hc.example/id/start?rid=7"),
        ("https://hc.example/key/slug?create=1", "https://hc.example/key/slug/start?create=1&rid=7"),
        ("https://hc.example/id#x", "https://hc.example/id/start?rid=7"),
    ],
)
def test_the_path_gets_the_ending_and_the_query_stays(url: str, start: str) -> None:
    assert place(url, "/start", "7") == start


def test_without_an_address_nothing_is_told() -> None:
    asyncio.run(one_sweep(heart(None)))


def test_a_second_try_is_enough(there: Receiver) -> None:
    there.refusals = 1
    with logged() as written:
        asyncio.run(one_sweep(heart(there.base_url)))
    assert (len(there.refused), len(there.taken)) == (1, 2)
    assert written.getvalue() == ""


def test_a_process_that_no_longer_leads_sends_no_ping_that_still_waits(there: Receiver) -> None:
    """It was frozen while the first try was under way, and another process took over meanwhile."""
    there.refusals = 1
    tries = count()

    async def may_ping() -> None:
        if next(tries):
            raise Fenced("another process took over")

    beat = Heartbeats(SweepHealth(confirm_down={"nvidia": 2}), there.base_url, may_ping=may_ping)
    with logged() as written:
        asyncio.run(one_sweep(beat))
    assert (len(there.refused), len(there.taken)) == (1, 0)
    assert written.getvalue() == ""


def test_a_switch_that_refuses_is_a_warning_without_its_address(there: Receiver) -> None:
    there.refusals = 99
    with logged() as written:
        asyncio.run(one_sweep(heart(there.base_url + CHECK)))
    first, second = written.getvalue().splitlines()
    assert 'WARNING heartbeat_failed provider=nvidia error="HTTP 503"' in first
    assert "heartbeat_failed" in second
    assert CHECK not in written.getvalue()
    assert len(there.refused) == 4


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/s3cret", "http://[::1"])
def test_a_switch_that_is_away_is_a_warning_without_its_address(url: str) -> None:
    with logged() as written:
        asyncio.run(one_sweep(heart(url)))
    assert "heartbeat_failed" in written.getvalue()
    assert "s3cret" not in written.getvalue()


def test_a_switch_that_hangs_delays_no_sweep(there: Receiver, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat_module, "_TIMEOUT_S", 60.0)
    there.hold = hold = threading.Event()
    beat = heart(there.base_url)

    async def measured() -> float:
        began = time.monotonic()
        async with beat.around("nvidia") as pulse:
            pulse.report("done", None)
        took = time.monotonic() - began
        hold.set()
        await beat.settle()
        return took

    assert asyncio.run(measured()) < 30
