"""Which of several documents in one body counts, and how much of a body is looked through."""

import json

import pytest

from monitor.core.answer.envelopes import choice_of, meaning_of, objects_in

OBJECT = '{"a": 1}'


def piece(text: str, **more: object) -> dict[str, object]:
    return {"choices": [{"delta": {"content": text}, **more}]}


# ---- How much is looked through --------------------------------------------------------


@pytest.mark.parametrize(("before", "count"), [(9_999, 1), (10_000, 0)])
def test_ten_thousand_lines_are_read(before: int, count: int) -> None:
    assert len(objects_in(": wait\n" * before + OBJECT)) == count


@pytest.mark.parametrize(("before", "count"), [(49, 1), (50, 0)])
def test_after_fifty_lines_that_only_begin_like_an_object_none_is_looked_for(before: int, count: int) -> None:
    assert len(objects_in("{\n" * before + OBJECT)) == count


def test_neither_objects_nor_other_lines_are_failures() -> None:
    assert len(objects_in(f"{OBJECT}\n\n: wait\n" * 60)) == 60


def test_a_body_may_begin_with_an_empty_line() -> None:
    assert objects_in("\n" + OBJECT) == [{"a": 1}]


# ---- Which document counts -------------------------------------------------------------


@pytest.mark.parametrize("error", [{"object": "error", "message": "m"}, {"type": "error", "message": "m"}])
def test_an_object_that_calls_itself_an_error_is_one(error: dict[str, object]) -> None:
    assert meaning_of([{"id": "1"}, error]) == error


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        ({"type": "response.failed", "response": {"status": "failed"}}, {"status": "failed"}),
        ({"type": "error", "response": "none"}, {"type": "error", "response": "none"}),
        (
            {"type": "error", "error": "broken", "response": {"status": "failed"}},
            {"type": "error", "error": "broken", "response": {"status": "failed"}},
        ),
    ],
)
def test_what_failed_is_the_response_unless_the_event_has_an_error(
    event: dict[str, object], failure: dict[str, object]
) -> None:
    assert meaning_of([event]) == failure


def test_a_document_with_choices_is_not_taken_for_a_wrapping() -> None:
    document = {"choices": [{"message": {"content": "Hi"}}], "data": {"error": "of something else"}}
    assert meaning_of([document]) == document


# ---- The pieces of a generation --------------------------------------------------------


def test_of_each_piece_the_first_choice_counts() -> None:
    both = {"choices": [{"delta": {"content": "a"}}, {"message": {"content": "b"}}]}
    for pieces in ([both], [both, both]):
        assert choice_of(meaning_of(pieces)) == {"message": {"content": "a" * len(pieces)}}


def test_a_generation_ends_as_its_last_end_says() -> None:
    choice = choice_of(meaning_of([piece("a", finish_reason="length"), piece("b", finish_reason="stop")]))
    assert choice == {"message": {"content": "ab"}, "finish_reason": "stop"}


@pytest.mark.parametrize("count", [1, 2, 3])
def test_a_generation_has_the_first_id_and_the_last_model_and_usage(count: int) -> None:
    pieces = [
        {**piece("a"), "id": number, "model": f"m{number}", "usage": {"completion_tokens": number}}
        for number in range(1, count + 1)
    ]
    assert meaning_of(pieces) == {
        "id": 1,
        "model": f"m{count}",
        "usage": {"completion_tokens": count},
        "choices": [{"message": {"content": "a" * count}}],
    }


def test_pieces_are_joined_as_they_came() -> None:
    assert meaning_of(objects_in("\n".join(json.dumps(piece(text)) for text in "abc"))) == {
        "choices": [{"message": {"content": "abc"}}]
    }


def test_two_pieces_of_a_text_are_joined() -> None:
    texts: list[dict[str, object]] = [
        {"choices": [{"text": "a"}, {"text": "x"}]},
        {"choices": [{"text": "b"}]},
    ]
    assert choice_of(texts[0]) == {"text": "a"}
    assert meaning_of(texts) == {"choices": [{"text": "ab"}]}
