"""An exchange is a value that shows nothing of what a provider sent."""

from dataclasses import FrozenInstanceError, fields

import pytest

from monitor.core.answer.exchange import Exchange, Failure, failure_words


def echo(failure: Failure | None = None) -> Exchange:
    return Exchange(
        http_status=401,
        headers={"server": "nvapi-1"},
        body="no key nvapi-1",
        failure=failure,
        host="a.example",
    )


@pytest.mark.parametrize("name", ["http_status", "body", "other"])
def test_an_exchange_stays_what_it_is(name: str) -> None:
    exchange = echo()
    with pytest.raises((FrozenInstanceError, TypeError)):
        setattr(exchange, name, "nvapi-2")
    assert not hasattr(exchange, "__dict__")
    assert failure_words(exchange) == "", "and it did not fail"


def test_what_a_provider_may_echo_is_shown_nowhere() -> None:
    exchange = echo(Failure.CONNECT)
    assert "nvapi" not in repr(exchange) + failure_words(exchange)
    assert "401" in repr(exchange)
    assert "a.example" in failure_words(exchange)


def test_an_exchange_names_its_fields_and_is_whole_unless_it_says_otherwise() -> None:
    assert all(field.kw_only for field in fields(Exchange))
    assert Exchange().truncated is False
    assert failure_words(Exchange()) == ""
