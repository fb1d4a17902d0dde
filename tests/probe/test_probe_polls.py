"""An accepted request (202) is asked for until it is answered, within the time of the probe."""

import asyncio
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from monitor.core.answer.answer import Answer
from monitor.core.domain.vocabulary import Outcome, Reason
from monitor.core.planning.inputs import ProviderTraits
from tests.probe.loops import hurrying
from tests.probe.probing import MODEL, probe_wire
from tests.probe.wire import CHAT, Request, answer

QUIRKS = ProviderTraits(poll_header="NVCF-POLL-SECONDS", status_path="/status/{id}")
QUEUED = answer(202, "", headers={"NVCF-REQID": "r/1 2", "NVCF-STATUS": "pending-evaluation"})
SILENCE = b"silence"  # nothing at all is said


@dataclass
class Queue:
    """Accepts what is posted, then says one thing after the other, the last again and again."""

    later: list[bytes]
    first: bytes = QUEUED
    polls: list[Request] = field(default_factory=list)

    async def play(self, request: Request, writer: asyncio.StreamWriter) -> None:
        if request.method == "GET":
            said = self.later[min(len(self.polls), len(self.later) - 1)]
            self.polls.append(request)
        else:
            said = self.first
        if said is SILENCE:
            await asyncio.sleep(1000)
        writer.write(said)


def ask(
    queue: Queue, *, timeout_s: float = 60.0, traits: ProviderTraits = QUIRKS
) -> tuple[Answer, list[Request]]:
    found, requests = hurrying(probe_wire(queue.play, traits=traits, timeout_s=timeout_s))
    assert found.requests - len(requests) in {0, 1}, "the last poll may be cut off on its way"
    return found, requests


def test_an_accepted_request_is_asked_for_until_it_is_answered() -> None:
    queue = Queue([QUEUED, QUEUED, answer(200, CHAT)])
    found, requests = ask(queue)
    assert (found.observation(MODEL).outcome, found.observation(MODEL).http_status) == (
        Outcome.AVAILABLE,
        200,
    )
    assert found.requests == 4
    assert [request.method for request in requests] == ["POST", "GET", "GET", "GET"]
    assert {request.target for request in queue.polls} == {"/v1/status/r%2F1%202"}
    assert all("authorization" in request.headers for request in queue.polls)


@pytest.mark.parametrize(
    ("raw", "outcome", "reason"),
    [
        (answer(200, CHAT), Outcome.AVAILABLE, Reason.OK),
        (answer(500, "boom"), Outcome.UNAVAILABLE, Reason.SERVER_ERROR),
        (answer(504, "", headers={"NVCF-STATUS": "errored"}), Outcome.UNAVAILABLE, Reason.NO_CAPACITY),
        (answer(429), Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS),
        (answer(410, {"detail": "end of life"}), Outcome.UNAVAILABLE, Reason.END_OF_LIFE),
    ],
)
def test_the_outcome_is_that_of_the_final_answer(raw: bytes, outcome: Outcome, reason: Reason) -> None:
    seen = ask(Queue([QUEUED, raw]))[0].observation(MODEL)
    assert (seen.outcome, seen.reason) == (outcome, reason)


def test_where_time_runs_out_it_is_queued() -> None:
    found, requests = ask(Queue([QUEUED]), timeout_s=3.9)
    assert (found.observation(MODEL).outcome, found.observation(MODEL).reason) == (
        Outcome.RATE_LIMITED,
        Reason.QUEUED,
    )
    assert 2 <= len(requests) <= 4


NOTHING_MORE = [
    ("the connection closes", b""),
    ("garbage", b"\x00\xff\r\n\r\n"),
    ("nobody knows the request", answer(404, "404 page not found")),
    ("the poll is not understood", answer(405)),
    ("a body that ends too soon", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"),
]
UNTIL_TIME_RUNS_OUT = [
    ("nothing comes", SILENCE),
    (
        "an acceptance that ends too soon",
        b"HTTP/1.1 202 Accepted\r\nNVCF-REQID: r-1\r\nContent-Length: 99\r\n\r\n{",
    ),
    ("an acceptance without a name", answer(202, "")),
]


@pytest.mark.parametrize(
    ("raw", "timeout_s"),
    [*((raw, 60.0) for _, raw in NOTHING_MORE), *((raw, 2.9) for _, raw in UNTIL_TIME_RUNS_OUT)],
    ids=[name for name, _ in (*NOTHING_MORE, *UNTIL_TIME_RUNS_OUT)],
)
def test_a_poll_that_says_nothing_of_the_model_keeps_it_queued(raw: bytes, timeout_s: float) -> None:
    seen = ask(Queue([QUEUED, raw]), timeout_s=timeout_s)[0].observation(MODEL)
    assert (seen.outcome, seen.reason, seen.http_status) == (Outcome.RATE_LIMITED, Reason.QUEUED, 202)


def test_each_poll_tells_how_long_the_server_may_keep_it() -> None:
    queue = Queue([QUEUED, QUEUED, answer(200, CHAT)])
    _, requests = ask(queue, timeout_s=60.0)
    seconds = [int(request.headers["nvcf-poll-seconds"]) for request in requests]
    assert seconds[0] == 58
    assert all(1 <= later < sooner for sooner, later in pairwise(seconds))


@pytest.mark.parametrize(
    ("first", "traits"),
    [
        (QUEUED, ProviderTraits(poll_header="NVCF-POLL-SECONDS")),
        (answer(202, ""), QUIRKS),
        (answer(200, CHAT, headers={"NVCF-REQID": "r-1"}), QUIRKS),
    ],
    ids=["nowhere to ask", "no name to ask for", "answered at once"],
)
def test_only_what_can_be_asked_for_is_asked_for(first: bytes, traits: ProviderTraits) -> None:
    found, requests = ask(Queue([answer(200, CHAT)], first=first), traits=traits)
    assert (found.requests, len(requests)) == (1, 1)


def test_polls_are_spaced_as_everything_else() -> None:
    async def run() -> tuple[int, Answer]:
        paced = 0

        async def pace() -> None:
            nonlocal paced
            paced += 1

        queue = Queue([QUEUED, answer(200, CHAT)])
        found, _ = await probe_wire(queue.play, traits=QUIRKS, timeout_s=60.0, pace=pace)
        return paced, found

    paced, found = hurrying(run())
    assert (paced, found.requests) == (2, 3)


def test_a_turn_that_comes_too_late_is_not_waited_for() -> None:
    """The probe ends in its time, however long the provider pauses."""

    async def run() -> tuple[Answer, int]:
        async def pace() -> None:
            await asyncio.sleep(100)

        queue = Queue([answer(200, CHAT)])
        found, requests = await probe_wire(queue.play, traits=QUIRKS, timeout_s=10.0, pace=pace)
        return found, len(requests)

    found, sent = hurrying(run())
    assert (found.observation(MODEL).reason, found.requests, sent) == (Reason.QUEUED, 1, 1)
    assert found.observation(MODEL).at_ms <= 11_000
