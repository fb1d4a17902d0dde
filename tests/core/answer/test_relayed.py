"""What a client library's sentence passes on of a backend."""

import pytest

from monitor.core.answer.relayed import Relayed, relayed_in, without_own_words


@pytest.mark.parametrize(
    ("name", "status"),
    [
        ("AuthenticationError", 401),
        ("BadRequestError", 400),
        ("ContentPolicyViolationError", 400),
        ("ContextWindowExceededError", 400),
        ("NotFoundError", 404),
        ("PermissionDeniedError", 403),
        ("RateLimitError", 429),
        ("ServiceUnavailableError", 503),
        ("Timeout", 408),
        ("UnprocessableEntityError", 422),
        ("APIError", None),
    ],
)
def test_a_class_of_litellm_stands_for_a_status(name: str, status: int | None) -> None:
    assert relayed_in(f"litellm.{name}: no") == Relayed(status, "no")


@pytest.mark.parametrize(("before", "status"), [(3_984, 404), (3_985, None)])
def test_a_status_is_passed_on_within_four_thousand_characters(before: int, status: int | None) -> None:
    passed_on = relayed_in("-" * before + " error code: 404")
    assert (passed_on.status if passed_on else None) == status


def test_a_gateways_own_words_are_left_out_over_several_lines_in_any_letters() -> None:
    assert without_own_words("No.\nLiteLLM: Model Group a\nhas failed") == "No."
