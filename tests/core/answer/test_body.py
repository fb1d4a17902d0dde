"""What a body's error and sentence are, wherever they stand, and how deep and how far they are looked for."""

import json

import pytest

from monitor.core.answer.body import Body, inner_status, is_page, output_tokens


def body(document: object) -> Body:
    return Body(json.dumps(document))


def inside(document: object, levels: int) -> object:
    """Put a document into errors, one in the other."""
    for _ in range(levels):
        document = {"error": document}
    return document


# ---- The document and its error --------------------------------------------------------


def test_of_a_list_the_first_document_counts() -> None:
    assert body([{"error": "first"}, {"a": 1}]).document == {"error": "first"}
    assert body([{"a": 1}, {"error": "last"}]).document == [{"a": 1}, {"error": "last"}]


@pytest.mark.parametrize("error", [{"code": 1}, "broken", ["broken"]])
def test_an_error_is_an_object_a_text_or_a_list(error: object) -> None:
    assert body({"error": error, "id": "1"}).error == error


@pytest.mark.parametrize("error", [True, 5])
def test_of_an_error_that_is_none_of_them_the_whole_document_says_more(error: object) -> None:
    assert body({"error": error, "id": "1"}).error == {"error": error, "id": "1"}


@pytest.mark.parametrize("document", [{"object": "error"}, {"errors": [{"id": 1}]}, {"code": 404}])
def test_a_document_that_is_an_error_as_a_whole(document: object) -> None:
    assert body(document).error == document


def test_a_part_of_any_name_is_said() -> None:
    content = [{"type": "video_url", "video_url": "https://a"}]
    assert body({"choices": [{"message": {"content": content}}]}).has_spoken


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": 5, "total_tokens": 4}, 0),
        ({"prompt_tokens": 5, "total_tokens": 6}, 1),
        ({"total_tokens": 5}, None),
        ({"prompt_tokens": 5}, None),
    ],
)
def test_a_length_by_difference_needs_both_counts_and_is_never_negative(
    usage: object, tokens: int | None
) -> None:
    assert output_tokens({"usage": usage}) == tokens


# ---- How deep --------------------------------------------------------------------------


@pytest.mark.parametrize(("levels", "status"), [(0, 404), (3, 404), (4, None), (5, None)])
def test_a_status_is_looked_for_three_errors_deep(levels: int, status: int | None) -> None:
    assert inner_status(inside({"code": 404}, levels)) == status


@pytest.mark.parametrize(("levels", "sentence"), [(0, "no"), (3, "no"), (4, ""), (5, "")])
def test_a_sentence_is_looked_for_three_errors_deep(levels: int, sentence: str) -> None:
    assert body(inside({"message": "no"}, levels)).sentence() == sentence


@pytest.mark.parametrize(
    ("levels", "sentence"), [(0, "no"), (1, "no"), (2, '{"message": "no"}'), (3, '{"message": "no"}')]
)
def test_a_text_of_json_counts_as_a_level(levels: int, sentence: str) -> None:
    assert body(inside({"message": json.dumps({"message": "no"})}, levels)).sentence() == sentence


# ---- How far ---------------------------------------------------------------------------


@pytest.mark.parametrize(("before", "is_one"), [(197, True), (198, False)])
def test_a_page_begins_within_two_hundred_characters(before: int, is_one: bool) -> None:
    assert is_page("\ufeff" * before + "<p>") is is_one


def test_a_sentence_and_the_words_of_a_text_have_four_thousand_characters() -> None:
    text = "a" * 4_001
    assert body({"message": text}).sentence() == "a" * 4_000
    assert Body(text).words() == "a" * 4_000
    assert Body("").words(text) == "a" * 4_000


def test_the_words_of_a_document_have_twice_as_many_of_each_string_four_thousand() -> None:
    text = "a" * 4_001
    assert body([text]).words() == "a" * 4_000
    assert body([text, "b", text]).words() == f"{'a' * 4_000} b {'a' * 3_997}"


@pytest.mark.parametrize(("after", "is_read"), [(299, True), (300, False)])
def test_three_hundred_strings_are_read_the_last_ones(after: int, is_read: bool) -> None:
    words = body(["first", ["x"] * after]).words()
    assert words.startswith("first") is is_read
    assert words.count("x") == after


VALUES = ["a"] * 300 + ["last"]


@pytest.mark.parametrize("document", [VALUES, {str(place): value for place, value in enumerate(VALUES)}])
def test_of_a_list_or_an_object_three_hundred_values_are_read(document: object) -> None:
    assert body(document).words().split() == ["a"] * 300


# ---- Which sentence --------------------------------------------------------------------


def test_of_several_errors_the_first_is_told() -> None:
    assert body({"errors": [{"message": "first"}, {"message": "last"}]}).sentence() == "first"
    detail = [{"loc": ["body", "a"], "msg": "missing"}, {"loc": ["body", "b"], "msg": "wrong"}]
    assert body({"detail": detail}).sentence() == "body.a: missing"


def test_of_a_place_six_names_are_told() -> None:
    assert body({"detail": [{"loc": [*range(7)], "msg": "m"}]}).sentence() == "0.1.2.3.4.5: m"


def test_a_text_of_json_inside_an_error_is_read() -> None:
    assert body({"error": '{"message": "inner"}'}).sentence() == "inner"
    assert body({"error": '["inner"]'}).sentence() == '["inner"]'
