"""Kill -9 at any moment: no message is lost, and each kill repeats one at most, under the same id."""

import asyncio
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from random import Random

import pytest
from sqlalchemy import Engine

from monitor.clock import utc_now
from monitor.store.memory import outbox
from tests.support.mailbox import Receiver, receiver
from tests.support.posting import Watch, hook, ids_of, is_empty, models_of, post, publisher
from tests.support.process import WAIT_S, wait_for

MINUTE = timedelta(minutes=1)

COMMIT = """
import sys, time
from monitor.clock import utc_now
from monitor.store.connection.engine import open_engine
from tests.support.posting import post
post(open_engine(sys.argv[1]), [1], "hook", at=utc_now())
print("committed", flush=True)
time.sleep(60)
"""

LEAD = """
import asyncio, sys
from monitor.clock import utc_now
from monitor.notify.webhook import Webhook
from monitor.store.connection.engine import open_engine
from tests.support.posting import publisher
sender = publisher(open_engine(sys.argv[1]), utc_now, Webhook("hook", sys.argv[2]))
print("leading", flush=True)
asyncio.run(sender.run(asyncio.Event()))
"""


@pytest.fixture
def place() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


class Child:
    """A process that runs a program until it is killed."""

    def __init__(self, program: str, *arguments: str) -> None:
        self._popen = subprocess.Popen(
            [sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self._popen.stdout
        assert self._popen.stdout.readline()

    def kill(self) -> None:
        """End it at once, as a power cut does."""
        self._popen.kill()
        self._popen.communicate(timeout=WAIT_S)


def lead_until_empty(engine: Engine, place: Receiver) -> None:
    """Lead as the next daemon does, until nothing waits any more."""
    sender = publisher(engine, utc_now, hook(place, utc_now))

    async def run() -> None:
        stop = asyncio.Event()
        running = asyncio.create_task(sender.run(stop))
        await asyncio.to_thread(wait_for, lambda: is_empty(engine, "hook"))
        stop.set()
        await asyncio.wait_for(running, 60)

    asyncio.run(run())


def test_killed_between_commit_and_delivery_a_message_is_delivered_once(
    engine: Engine, database_url: str, place: Receiver
) -> None:
    Child(COMMIT, database_url).kill()
    assert place.taken == []
    lead_until_empty(engine, place)
    assert models_of(place) == ["model/1"]


def test_killed_between_delivery_and_mark_a_message_comes_again_under_its_id(
    engine: Engine, database_url: str, place: Receiver
) -> None:
    post(engine, [1], "hook", at=utc_now())
    place.hold = threading.Event()
    child = Child(LEAD, database_url, place.base_url)
    wait_for(lambda: place.begun == 1)
    child.kill()
    place.hold.set()
    place.hold = None
    lead_until_empty(engine, place)
    wait_for(lambda: len(place.taken) == 2)
    assert models_of(place) == ["model/1", "model/1"]
    assert len(set(ids_of(place))) == 1


def test_a_claim_of_a_killed_sweep_by_hand_is_free_when_its_time_is_over(
    engine: Engine, place: Receiver
) -> None:
    watch = Watch()
    post(engine, [1], "hook")
    outbox.claim(engine, [1], by="sweep-4711", now=watch.at, until=watch.at + 2 * MINUTE)
    sender = publisher(engine, watch, hook(place, watch))
    outbox.release_claims(engine, "daemon")
    asyncio.run(sender.publish())
    assert place.taken == []
    watch.pass_by(2 * MINUTE)
    asyncio.run(sender.publish())
    assert models_of(place) == ["model/1"]


@pytest.mark.parametrize("seed", [1, 2])
def test_killed_again_and_again_at_any_moment_nothing_is_lost_and_each_kill_repeats_one_at_most(
    engine: Engine, database_url: str, place: Receiver, seed: int
) -> None:
    chance, kills, messages = Random(seed), 4, 60  # noqa: S311 - chance, not a secret
    post(engine, range(messages), "hook", at=utc_now())
    for _ in range(kills):
        child = Child(LEAD, database_url, place.base_url)
        enough = len(place.taken) + chance.randrange(messages // kills)
        wait_for(lambda enough=enough: len(place.taken) >= enough or is_empty(engine, "hook"))  # type: ignore[misc]
        child.kill()
    lead_until_empty(engine, place)
    times = Counter(ids_of(place))
    assert len(times) == messages
    assert set(models_of(place)) == {f"model/{number}" for number in range(messages)}
    assert times.total() - messages <= kills
