"""Each answer is made once for each state of what it shows, beside the loop, whoever waits for it."""

import asyncio
import threading
from collections.abc import Callable

import pytest
from fastapi import HTTPException, Request, Response

from monitor.errors import StoreUnavailable, UsageError
from monitor.web.cache import answers, workers
from monitor.web.cache.answers import AnswerCache
from monitor.web.cache.kept_answer import KeptAnswer

READERS = 40


class Page:
    """A page that counts how often it is looked at and made, and in which threads."""

    def __init__(self) -> None:
        self.state: object = 1
        self.looked = 0
        self.made = 0
        self.threads = set[str]()

    def look(self) -> object:
        self.looked += 1
        return self.state

    def make(self) -> KeptAnswer:
        self.made += 1
        self.threads.add(threading.current_thread().name)
        return KeptAnswer(content=f"state {self.state}".encode(), media_type="text/plain")


def asking(**headers: str) -> Request:
    named = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "headers": named})


async def ask(cache: AnswerCache, page: Page, make: Callable[[], KeptAnswer] | None = None) -> bytes:
    response: Response = await cache.answer(asking(), "page", page.look, make or page.make)
    return bytes(response.body)


def test_readers_of_one_moment_share_one_rendering() -> None:
    async def all_at_once() -> list[bytes]:
        cache = AnswerCache()
        return await asyncio.gather(*(ask(cache, page) for _ in range(READERS)))

    page = Page()
    assert asyncio.run(all_at_once()) == [b"state 1"] * READERS
    assert (page.made, page.looked) == (1, 2)  # the first looks alone, the rest together
    assert page.threads == {"render"}


def test_a_page_is_made_again_for_a_new_state_and_only_then() -> None:
    async def one_after_the_other() -> list[bytes]:
        cache = AnswerCache()
        pages = [await ask(cache, page), await ask(cache, page)]
        page.state = 2
        return [*pages, await ask(cache, page), await ask(cache, page)]

    page = Page()
    assert asyncio.run(one_after_the_other()) == [b"state 1"] * 2 + [b"state 2"] * 2
    assert page.made == 2


def test_who_asks_after_a_change_sees_it_though_another_looks_already() -> None:
    """A look that began before the change is not for those who come after it."""
    is_looking, may_go_on = threading.Event(), threading.Event()

    def slow_look() -> object:
        state = page.state
        is_looking.set()
        may_go_on.wait()
        return state

    async def in_between() -> list[bytes]:
        cache = AnswerCache()
        early = asyncio.create_task(cache.answer(asking(), "page", slow_look, page.make))
        await asyncio.to_thread(is_looking.wait)
        page.state = 2
        late = asyncio.create_task(ask(cache, page))
        await asyncio.sleep(0)
        may_go_on.set()
        return [bytes((await early).body), await late]

    page = Page()
    assert (asyncio.run(in_between()))[1] == b"state 2"


def test_an_error_reaches_every_reader_and_is_not_kept() -> None:
    def fail() -> KeptAnswer:
        page.made += 1
        raise UsageError("no such thing")

    async def twice() -> bytes:
        cache = AnswerCache()
        outcomes = await asyncio.gather(*(ask(cache, page, fail) for _ in range(3)), return_exceptions=True)
        assert [str(outcome) for outcome in outcomes] == ["no such thing"] * 3
        return await ask(cache, page)

    page = Page()
    assert asyncio.run(twice()) == b"state 1"


@pytest.mark.parametrize("hangs", ["look", "make"])
def test_a_database_that_does_not_answer_is_waited_for_only_so_long(
    hangs: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answers, "_PATIENCE_SECONDS", 0.05)
    monkeypatch.setattr(answers, "_SETTLE_SECONDS", 0.05)
    never = threading.Event()

    def hang() -> KeptAnswer:
        never.wait()
        raise AssertionError

    async def wait() -> None:
        cache = AnswerCache()
        look, make = (hang, page.make) if hangs == "look" else (page.look, hang)
        with pytest.raises(StoreUnavailable, match="did not answer within"):
            await cache.answer(asking(), "page", look, make)
        await cache.settle()

    page = Page()
    asyncio.run(wait())
    never.set()


def test_a_database_that_hangs_is_waited_for_shortly_where_an_old_answer_is_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answers, "_HANGING_PATIENCE_SECONDS", 0.05)
    goes_on = threading.Event()

    def hang() -> object:
        goes_on.wait()
        return page.state

    async def wait() -> list[bytes]:
        cache = AnswerCache()
        fresh = await ask(cache, page)
        page.state = 2
        with monkeypatch.context() as impatient:
            impatient.setattr(answers, "_PATIENCE_SECONDS", 0.05)
            old = [bytes((await cache.answer(asking(), "page", hang, page.make)).body)]
        old.append(bytes((await cache.answer(asking(), "page", hang, page.make)).body))
        goes_on.set()
        await cache.settle()
        return [fresh, *old, await ask(cache, page)]

    page = Page()
    assert asyncio.run(wait()) == [b"state 1"] * 3 + [b"state 2"]


def test_what_hangs_takes_a_bounded_number_of_threads_and_of_waiting_calls(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(workers, "_MOST_WAITING", 5)
    may_end = threading.Event()

    async def flood() -> list[object]:
        pool = workers.Workers("of this test", 2)
        calls: list[object] = []
        for _ in range(20):
            try:
                calls.append(pool.run(may_end.wait))
            except HTTPException as error:
                calls.append(error.status_code)
            await asyncio.sleep(0)
        running = [one for one in threading.enumerate() if one.name == "of this test"]
        assert len(running) == 2
        may_end.set()
        await pool.settle(60)
        return calls

    calls = asyncio.run(flood())
    assert calls[-1] == 503
    assert 5 <= 20 - calls.count(503) <= 7  # two run, or will in a moment


def test_a_call_that_its_reader_gave_up_is_not_made() -> None:
    may_end, made = threading.Event(), list[int]()

    async def give_up() -> None:
        pool = workers.Workers("of this test", 1)
        running = pool.run(may_end.wait)
        pool.run(lambda: made.append(1)).cancel()
        kept = pool.run(lambda: made.append(2))
        await asyncio.sleep(0)  # the loop passes it on
        may_end.set()
        await asyncio.gather(running, kept)

    asyncio.run(give_up())
    assert made == [2]
