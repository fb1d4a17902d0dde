"""One answer to a probe: what was measured, how long to rest, and the observation that it makes."""

import json
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime

import pytest

from monitor.core.answer.answer import Answer, read_answer
from monitor.core.answer.exchange import Exchange
from monitor.core.answer.facts import read_facts
from monitor.core.answer.table import TABLE
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.request.forms import PLAIN_CHAT

NOW = datetime(2026, 11, 21, tzinfo=UTC)
CATALOG_END, ANSWER_END = datetime(2027, 1, 1, tzinfo=UTC), datetime(2026, 11, 1, tzinfo=UTC)
CHAT = json.dumps({"choices": [{"message": {"content": "ok"}, "finish_reason": "stop"}]})
WAIT = {"retry-after": "7"}


def read(status: int, body: str = "", headers: dict[str, str] | None = None) -> Answer:
    exchange = Exchange(http_status=status, body=body, headers=headers or {}, latency_ms=40, sign_ms=30)
    return read_answer(exchange, PLAIN_CHAT, "m", now=NOW, at_ms=5)


@pytest.mark.parametrize("status", [429, 503, 529])
def test_rule_7_a_wait_is_heeded_under_a_status_that_asks_to_wait(status: int) -> None:
    assert read(status, headers=WAIT).rest_s == 7.0


@pytest.mark.parametrize("status", [428, 430, 500, 502, 504, 528, 530, 404])
def test_rule_7_a_wait_under_another_status_is_none(status: int) -> None:
    assert read(status, headers=WAIT).rest_s == 0.0


def test_rule_7_a_wait_of_a_limit_is_heeded_whatever_its_status() -> None:
    limited = read(400, "too many requests", WAIT)
    assert (limited.finding.outcome, limited.rest_s) == (Outcome.RATE_LIMITED, 7.0)


def test_rule_7_a_limit_that_names_no_wait_asks_for_none() -> None:
    assert read(429).rest_s == 0.0
    assert read(200, CHAT, WAIT).rest_s == 0.0


def test_rule_7_an_allowance_is_used_up_where_nothing_remains() -> None:
    none_left = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "60"}
    assert read(200, CHAT, none_left).is_used_up
    assert not read(200, CHAT).is_used_up


def test_an_answer_that_nothing_is_known_of_was_one_request_and_asks_for_no_rest() -> None:
    finding = read(200, CHAT).finding
    assert Answer(PLAIN_CHAT, finding) == Answer(
        PLAIN_CHAT, finding, at_ms=0, rest_s=0.0, is_used_up=False, requests=1
    )
    assert read(200, CHAT).requests == 1


def test_an_observation_has_what_the_answer_says_and_what_was_measured() -> None:
    observation = read(200, CHAT).observation("m", kind=Kind.COMPLETIONS, attempts=2)
    assert (observation.model, observation.outcome, observation.reason) == ("m", Outcome.AVAILABLE, Reason.OK)
    assert (observation.at_ms, observation.http_status, observation.latency_ms) == (5, 200, 40)
    assert (observation.kind, observation.attempts, observation.first_token_ms) == (Kind.CHAT, 2, 30)


def test_an_answer_that_proves_no_kind_leaves_the_one_known_before() -> None:
    observation = read(500).observation("m", kind=Kind.EMBEDDINGS)
    assert (observation.kind, observation.attempts) == (Kind.EMBEDDINGS, 1)


def test_rule_23_the_end_that_the_catalog_names_is_kept_until_an_end_of_life_answer_names_one() -> None:
    ended = read(410, "The model reached its end of life on 2026-11-01T00:00:00Z.")
    assert ended.observation("m", announced=CATALOG_END).retires_at == ANSWER_END
    assert ended.observation("m").retires_at == ANSWER_END
    assert read(200, CHAT).observation("m", announced=CATALOG_END).retires_at == CATALOG_END
    assert read(410, "gone").observation("m", announced=CATALOG_END).retires_at is None


@pytest.mark.parametrize(
    "name", ["form", "outcome", "exchange", "status", "is_used_up", "row", "words", "text", "other"]
)
def test_what_is_read_is_a_value(name: str) -> None:
    """It stays what it is, and holds no more than its fields; only a body remembers what was worked out."""
    answer = read(429, "error code: 429", WAIT)
    exchange = Exchange(http_status=429, body="error code: 429")
    facts = read_facts(exchange, now=NOW, model="m", listed=True)
    for value in (answer, answer.finding, exchange, facts, facts.wait, facts.relayed, TABLE[0]):
        assert not hasattr(value, "__dict__")
        with pytest.raises((FrozenInstanceError, TypeError)):
            setattr(value, name, None)
    with pytest.raises(FrozenInstanceError):
        setattr(facts.body, name, None)


def test_an_exchange_shows_neither_body_nor_headers_and_names_its_fields() -> None:
    """A provider may echo the key in them."""
    exchange = Exchange(http_status=200, body="of the key", headers={"x-key": "of the key"})
    assert "key" not in repr(exchange)
    assert not exchange.truncated
    with pytest.raises(TypeError):
        Exchange(200)  # type: ignore[call-arg]  # fields have no order
