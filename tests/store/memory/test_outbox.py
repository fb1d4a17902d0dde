"""The outbox: posted once, claimed by one, marked after it arrived, tried again, given up."""

import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from monitor.store.connection.engine import open_engine, writing
from monitor.store.memory import outbox
from tests.store.histories import START
from tests.support.process import WAIT_S

MINUTE = timedelta(minutes=1)
UNTIL = START + 2 * MINUTE

CLAIM = """
import sys
from datetime import timedelta
from monitor.store.memory import outbox
from monitor.store.connection.engine import open_engine
from tests.store.histories import START
engine, by = open_engine(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
for number in range(1, 41):
    if outbox.claim(engine, [number], by=by, now=START, until=START + timedelta(minutes=2)):
        print(number, flush=True)
"""


def post(engine: Engine, subject: str, *channels: str, topic: str = "changes") -> None:
    outbox.post_all(engine, channels or ("team",), topic=topic, subject=subject, document="{}", at=START)


def waiting(engine: Engine, after: timedelta = timedelta(), channel: str = "team") -> list[str]:
    return [each.subject for each in outbox.due(engine, channel, START + after)]


def claim(engine: Engine, *numbers: int, by: str = "a", after: timedelta = timedelta()) -> frozenset[int]:
    now = START + after
    return outbox.claim(engine, numbers, by=by, now=now, until=now + 2 * MINUTE)


def test_a_message_is_posted_once_to_each_channel_however_often_it_is_posted(engine: Engine) -> None:
    for _ in range(3):
        post(engine, "1", "team", "mail")
    post(engine, "1", topic="summary")
    assert waiting(engine) == ["1", "1"]
    assert waiting(engine, channel="mail") == ["1"]
    (first, second) = outbox.due(engine, "team", START)
    assert (first.topic, second.topic) == ("changes", "summary")
    assert (first.created_at, first.attempts, first.document) == (START, 0, "{}")


def test_a_message_that_is_rolled_back_with_its_sweep_was_never_posted(engine: Engine) -> None:
    def post_and_fail() -> None:
        with writing(engine) as connection:
            outbox.post(connection, ["team"], topic="changes", subject="1", document="{}", at=START)
            raise InterruptedError

    with pytest.raises(InterruptedError):
        post_and_fail()
    assert waiting(engine) == []


def test_messages_are_due_in_the_order_they_were_posted_and_no_more_than_asked_for(engine: Engine) -> None:
    for number in range(5):
        post(engine, str(number))
    assert waiting(engine) == ["0", "1", "2", "3", "4"]
    assert [each.subject for each in outbox.due(engine, "team", START, limit=2)] == ["0", "1"]
    assert waiting(engine, -MINUTE) == []


def test_a_claimed_message_is_nobody_elses_until_its_time_is_over(engine: Engine) -> None:
    post(engine, "1")
    (message,) = outbox.due(engine, "team", START)
    assert claim(engine, message.id) == {message.id}
    assert claim(engine, message.id, by="b") == frozenset()
    assert waiting(engine) == []
    assert waiting(engine, 2 * MINUTE) == ["1"]
    assert claim(engine, message.id, by="b", after=2 * MINUTE) == {message.id}
    assert outbox.due(engine, "team", START + 5 * MINUTE)[0].attempts == 2


def test_several_are_claimed_as_one_and_what_others_have_is_left_out(engine: Engine) -> None:
    for number in range(4):
        post(engine, str(number))
    numbers = [each.id for each in outbox.due(engine, "team", START)]
    assert claim(engine, numbers[1]) == {numbers[1]}
    assert claim(engine, *numbers, by="b") == {numbers[0], numbers[2], numbers[3]}
    assert claim(engine, by="b") == frozenset()


def test_two_threads_that_claim_the_same_messages_never_get_the_same_one(
    engine: Engine, database_url: str
) -> None:
    for number in range(40):
        post(engine, str(number))
    engines = [open_engine(database_url) for _ in range(4)]
    numbers = [each.id for each in outbox.due(engine, "team", START)]

    def claim_all(own: Engine) -> list[int]:
        by = str(id(own))
        return [each for each in numbers if outbox.claim(own, [each], by=by, now=START, until=UNTIL)]

    with ThreadPoolExecutor(4) as pool:
        claimed = Counter(each for got in pool.map(claim_all, engines) for each in got)
    for own in engines:
        own.dispose()
    assert claimed == Counter(numbers)


def test_two_processes_that_claim_the_same_messages_never_get_the_same_one(
    engine: Engine, database_url: str
) -> None:
    for number in range(40):
        post(engine, str(number))
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", CLAIM, database_url, name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for name in "ab"
    ]
    for racer in racers:
        assert racer.stdout
        assert racer.stdout.readline() == "ready\n", f"exit code {racer.wait(WAIT_S)}"
    for racer in racers:
        assert racer.stdin
        racer.stdin.write("go\n")
        racer.stdin.flush()
    said = [racer.communicate(timeout=WAIT_S)[0].split() for racer in racers]
    assert sorted(int(each) for got in said for each in got) == list(range(1, 41))


def test_what_arrived_is_done_whoever_delivered_it(engine: Engine) -> None:
    post(engine, "1")
    claim(engine, 1)
    outbox.mark_delivered(engine, [1], START + MINUTE)
    assert waiting(engine, timedelta(days=9)) == []
    assert claim(engine, 1, after=timedelta(days=9)) == frozenset()
    outbox.give_up(engine, 1, by="a", at=START, error="late")
    assert outbox.undelivered(engine, since=START, until=START + MINUTE) == {}


def test_a_message_that_failed_comes_again_when_it_is_due(engine: Engine) -> None:
    post(engine, "1")
    claim(engine, 1)
    outbox.postpone(engine, 1, by="a", due_at=START + 10 * MINUTE, error="HTTP 503")
    assert waiting(engine, 9 * MINUTE) == []
    assert waiting(engine, 10 * MINUTE) == ["1"]


def test_only_who_claimed_a_message_may_put_it_off_or_give_it_up(engine: Engine) -> None:
    post(engine, "1")
    claim(engine, 1, by="a")
    outbox.postpone(engine, 1, by="b", due_at=START + timedelta(days=300), error="")
    outbox.give_up(engine, 1, by="b", at=START, error="")
    assert waiting(engine, 2 * MINUTE) == ["1"]


def test_what_is_given_up_is_counted_by_channel_and_not_tried_again(engine: Engine) -> None:
    post(engine, "1", "team", "mail")
    post(engine, "2", "mail")
    numbers = [each.id for channel in ("team", "mail") for each in outbox.due(engine, channel, START)]
    assert claim(engine, *numbers) == set(numbers)
    for number in numbers:
        outbox.give_up(engine, number, by="a", at=START + MINUTE, error="no")
    assert outbox.undelivered(engine, since=START, until=START + 2 * MINUTE) == {"team": 1, "mail": 2}
    assert outbox.undelivered(engine, since=START, until=START + MINUTE) == {}
    assert waiting(engine, timedelta(days=9), "mail") == []


def test_a_leader_frees_what_the_one_before_it_had_claimed_and_nothing_else(engine: Engine) -> None:
    for number in range(3):
        post(engine, str(number))
    claim(engine, 1, by="daemon")
    claim(engine, 2, by="sweep-7")
    outbox.release_claims(engine, "daemon")
    assert waiting(engine) == ["0", "2"]


def test_messages_delivered_as_one_count_once_within_the_hour(engine: Engine) -> None:
    for number in range(5):
        post(engine, str(number))
    outbox.mark_delivered(engine, [1, 2, 3], START)
    outbox.mark_delivered(engine, [4], START + MINUTE)
    assert outbox.delivered_since(engine, "team", START) == 2
    assert outbox.delivered_since(engine, "team", START + MINUTE) == 1
    assert outbox.delivered_since(engine, "mail", START) == 0


def test_a_pause_or_a_claim_of_more_than_a_day_is_none_since_the_clock_was_set_back(engine: Engine) -> None:
    for number in range(2):
        post(engine, str(number))
    claim(engine, 1)
    outbox.postpone(engine, 1, by="a", due_at=START + timedelta(hours=1), error="HTTP 503")
    claim(engine, 2)
    assert waiting(engine) == waiting(engine, -timedelta(hours=12)) == []
    assert waiting(engine, -timedelta(days=2)) == ["0", "1"]


def test_what_waits_for_a_channel_that_is_gone_is_given_up_after_its_day(engine: Engine) -> None:
    post(engine, "1", "team", "gone")
    later = START + timedelta(days=2)
    assert outbox.give_up_orphans(engine, ["team"], created_before=START, at=later) == {}
    assert outbox.give_up_orphans(engine, ["team"], created_before=later, at=later) == {"gone": 1}
    assert outbox.give_up_orphans(engine, ["team"], created_before=later, at=later) == {}
    assert (waiting(engine), waiting(engine, channel="gone")) == (["1"], [])
    assert outbox.give_up_orphans(engine, [], created_before=later, at=later) == {"team": 1}


def test_only_what_is_settled_is_forgotten(engine: Engine) -> None:
    for number in range(3):
        post(engine, str(number))
    outbox.mark_delivered(engine, [1], START)
    claim(engine, 2)
    outbox.give_up(engine, 2, by="a", at=START, error="no")
    assert outbox.forget_settled(engine, START) == 0
    assert outbox.forget_settled(engine, START + MINUTE) == 2
    assert waiting(engine, timedelta(days=1)) == ["2"]
    post(engine, "9")
    assert outbox.due(engine, "team", START)[-1].id == 4, "no id is used again"
