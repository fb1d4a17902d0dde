"""What an answer proves by its results, and what is looked at of one that has no status or is a page."""

import json

import pytest

from monitor.core.answer.answer import read_answer
from monitor.core.answer.exchange import Exchange
from monitor.core.answer.facts import read_facts
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.request.forms import PLAIN_CHAT
from tests.core.answer.test_shapes import MODEL, NOW, chosen, look

CUT = '{"choices": [{"message": {"content": "a'


@pytest.mark.parametrize("rest", [5, {"object": "embedding"}])
def test_the_first_row_of_a_result_tells_its_kind(rest: object) -> None:
    assert look({"data": [{"embedding": [0.1]}, rest]}).proves is Kind.EMBEDDINGS
    assert look({"data": [rest, {"embedding": [0.1]}]}).proves is None


def test_where_a_choice_has_a_text_and_a_message_the_message_decides() -> None:
    assert look(chosen({"text": "a", "message": {"content": "b"}})).proves is Kind.CHAT
    assert look(chosen({"text": "a"})).proves is Kind.COMPLETIONS


@pytest.mark.parametrize(
    ("body", "truncated", "proves"), [(CUT, True, Kind.CHAT), (CUT, False, None), ("{", True, None)]
)
def test_the_beginning_of_a_generation_proves_chat_only_beyond_the_cap(
    body: str, truncated: bool, proves: Kind | None
) -> None:
    exchange = Exchange(http_status=200, body=body, truncated=truncated)
    assert read_answer(exchange, PLAIN_CHAT, MODEL, now=NOW, at_ms=0).finding.proves is proves


@pytest.mark.parametrize(
    ("document", "proves"),
    [
        ({"type": "message", "content": ["a"]}, Kind.CHAT),
        ({"type": "message", "content": [], "stop_reason": "max_tokens"}, Kind.CHAT),
        ({"type": "message", "content": []}, None),
        ({"type": "message", "content": "a", "stop_reason": "end_turn"}, None),
        ({"content": ["a"]}, None),
        ({"object": "response", "output": ["a"]}, Kind.CHAT),
        ({"object": "response", "output": [], "status": "incomplete"}, Kind.CHAT),
        ({"object": "response", "output": [], "status": "completed"}, None),
        ({"object": "response", "output": [], "status": "queued"}, None),
        ({"output": ["a"], "status": "incomplete"}, None),
    ],
)
def test_a_message_or_a_response_proves_chat_where_it_has_a_content_or_was_cut_short(
    document: object, proves: Kind | None
) -> None:
    assert look(document).proves is proves


def test_where_no_answer_came_and_no_failure_is_known_nothing_is_said() -> None:
    found = read_answer(Exchange(), PLAIN_CHAT, MODEL, now=NOW, at_ms=0).finding
    assert (found.row, found.outcome, found.reason) == ("20", Outcome.UNKNOWN, Reason.BAD_REQUEST)


@pytest.mark.parametrize(("before", "reason"), [(190, Reason.SATURATED), (191, Reason.SERVER_ERROR)])
def test_of_a_pages_title_two_hundred_characters_are_searched(before: int, reason: Reason) -> None:
    page = f"<html><title>{'-' * before}overloaded</title></html>"
    assert look(page, status=503).reason is reason


SENTENCE = "Please try again in 20s"


def test_a_refusals_words_ask_for_a_wait_and_a_results_do_not() -> None:
    refusal = Exchange(http_status=429, body=json.dumps({"error": {"message": SENTENCE}}))
    choice = {"index": 0, "message": {"role": "assistant", "content": SENTENCE}}
    result = Exchange(http_status=200, body=json.dumps({"choices": [choice]}))
    assert waits(refusal) == 20
    assert waits(result) is None


def waits(exchange: Exchange) -> float | None:
    """Return the wait that an answer asks for in its body, in seconds."""
    return read_facts(exchange, now=NOW, model="m", listed=True).wait.stated_s
