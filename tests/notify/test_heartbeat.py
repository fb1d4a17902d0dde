"""The dead man's switch: start, success, failure of each sweep, and no harm whatever becomes of it."""

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest

from monitor.core.domain.vocabulary import Cause
from monitor.notify import heartbeat as heartbeat_module
from monitor.notify.heartbeat import Heartbeat, place
from tests.notify.messages import logged
from tests.support.mailbox import Receiver, receiver

CHECK = "/0b5c1b5e-1111-4222-8333-444455556666"


@pytest.fixture
def there() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def heart(url: str | None) -> Heartbeat:
    return Heartbeat(url, new_id=iter(("one", "two")).__next__)


async def one_sweep(beat: Heartbeat, cause: str | None = None) -> None:
    async with beat.around("nvidia") as pulse:
        pulse.report("nvidia: conclusive", cause)
    await beat.settle()


def told(there: Receiver) -> list[tuple[str, str]]:
    return [(posted.path, posted.body.decode()) for posted in there.taken]


def test_a_sweep_is_told_when_it_begins_and_when_it_ended_under_one_id(there: Receiver) -> None:
    async def two_sweeps() -> None:
        beat = heart(there.base_url + CHECK)
        await one_sweep(beat)
        await one_sweep(beat)

    asyncio.run(two_sweeps())
    assert told(there) == [
        (f"{CHECK}/start?rid=one", "nvidia: sweep begins"),
        (f"{CHECK}?rid=one", "nvidia: conclusive"),
        (f"{CHECK}/start?rid=two", "nvidia: sweep begins"),
        (f"{CHECK}?rid=two", "nvidia: conclusive"),
    ]


@pytest.mark.parametrize("cause", list(Cause))
def test_only_what_the_operator_must_mend_is_a_failure(there: Receiver, cause: Cause) -> None:
    asyncio.run(one_sweep(heart(there.base_url), cause))
    is_failure = cause in {Cause.CREDENTIAL, Cause.QUOTA, Cause.OUR_NETWORK}
    assert there.taken[1].path == ("/fail?rid=one" if is_failure else "/?rid=one")


def test_a_sweep_that_could_not_be_made_is_a_failure_and_still_raises(there: Receiver) -> None:
    async def broken() -> None:
        beat = heart(there.base_url)
        with suppress(ZeroDivisionError):
            async with beat.around("nvidia"):
                raise ZeroDivisionError("no\nmore")
            pytest.fail("it must be raised")
        await beat.settle()

    asyncio.run(broken())
    assert told(there)[1] == ("/fail?rid=one", "nvidia: ZeroDivisionError: no more")


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
    assert [path for path, _ in told(there)] == ["/start?rid=one"]


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
