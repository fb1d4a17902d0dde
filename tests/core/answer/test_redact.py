"""What is kept of an answer: short, one line, and nothing that identifies an account, a key or a request."""

from unicodedata import category

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.answer.redact import redact
from monitor.core.domain.ids import is_trackable_id

UUID = "0b5e2b0e-3e0f-4c3b-9c3d-0f3f6c1a2b4d"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        (
            f"Function '{UUID}': Not found for account 'Nq1-x_9Zk'",
            "Function '<uuid>': Not found for account '<id>'",
        ),
        ("Account 'X': Cloud credits expired", "Account '<id>': Cloud credits expired"),
        ('account id: "abc"', 'account id: "<id>"'),
        ("Incorrect API key provided: nvapi-abcDEF123456", "Incorrect API key provided: <key>"),
        ("key sk-proj-abc****wxyz is wrong", "key <key> is wrong"),
        ("Authorization: Bearer eyJhbGciOi.eyJzdWIi.c2ln", "Authorization: Bearer <key>"),
        ('{"api_key":"hunter2secret","model":"m"}', '{"api_key":"<key>","model":"m"}'),
        ("https://me:pass@host/v1?key=abc&x=1", "https://<key>@host/v1?key=<key>&x=1"),
        ("nvcf-reqid: 7f3a-22 failed", "nvcf-reqid: <id> failed"),
        ("request_id=req_011CSHoEeqs5C35K2UUqR7Fy", "request_id=<id>"),
        ("trace 4bf92f3577b34da6a3ce929d0e0e4736", "trace <hex>"),
        ("at 0x7f1c2a3b4c5d and 1712404800123", "at <hex> and <number>"),
        ("token QWxhZGRpbjpvcGVuIHNlc2FtZQ1234", "token <token>"),
        ("two\r\nlines\tand \x1b[31mred\x00", "two lines and [31mred"),
        ("The model 'z-ai/glm4.7' has reached its end of life on 2026-05-14T00:00:00Z", None),
        ("model meta/llama-3.1-nemotron-70b-instruct not found", None),
        ("DEGRADED function cannot be invoked", None),
        ("", ""),
    ],
)
def test_what_changes_from_answer_to_answer_is_replaced(said: str, kept: str | None) -> None:
    assert redact(said) == (said if kept is None else kept)


@given(st.text(), st.integers(10, 300))
def test_what_is_kept_is_one_short_line_that_can_be_stored(said: str, limit: int) -> None:
    kept = redact(said, limit)
    assert len(kept) <= limit
    assert not any(category(character) in {"Cc", "Cs"} for character in kept)
    kept.encode()


@given(st.text(), st.text("abcdefgh0123456789-_", min_size=8, max_size=40), st.text())
def test_a_known_secret_is_never_kept(before: str, secret: str, after: str) -> None:
    assert secret not in redact(f"{before}{secret}{after}", 10_000, secrets=[secret, "", "a"])


@given(st.text(" abc:,", max_size=20), st.uuids(), st.text(" abc:,", max_size=20))
def test_neither_account_nor_request_is_kept(before: str, number: object, after: str) -> None:
    kept = redact(f"{before} account '{number}' {number} {after}", 10_000)
    assert str(number) not in kept


def test_a_long_answer_is_cut_with_a_mark() -> None:
    assert redact("word " * 100, 20) == "word word word word…"


def test_two_hundred_characters_are_kept() -> None:
    assert redact("a" * 200) == "a" * 200
    assert redact("a" * 201) == "a" * 199 + "…"


def test_of_more_than_a_thousand_characters_whole_words_are_read() -> None:
    words = "ab " * 333
    assert redact(words + "c", 2_000) == words + "c"
    assert redact(words + "cd", 2_000) == words.rstrip()
    assert redact("a" * 1_001, 2_000) == "a" * 1_000


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("meta/llama-3.1-8b-instruct", True),
        ("é" * 256, True),
        ("é" * 257, False),
        ("x" * 512, True),
        ("x" * 513, False),
        ("a\nb", False),
        ("a\x7fb", False),
        ("a\x85b", False),
        ("a\ud800b", False),
        ("", False),
        (" ", True),
        ("<b>'; --", True),
    ],
)
def test_which_ids_can_be_tracked(text: str, is_one: bool) -> None:
    assert is_trackable_id(text) is is_one
