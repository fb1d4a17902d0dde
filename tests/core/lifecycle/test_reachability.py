"""Another provider's answer at the same time proves that our network works (rules.md 9)."""

import pytest

from monitor.core.answer.exchange import CONNECTION_LEVEL, Exchange, Failure
from monitor.core.domain.vocabulary import Cause
from monitor.core.lifecycle.reachability import (
    cause_beside_others,
    is_answer,
    is_intercepted,
    may_vouch,
)

OURS, OUTAGE, UNREADABLE = Cause.OUR_NETWORK, Cause.PROVIDER_OUTAGE, Cause.CATALOG_UNREADABLE
PAGE = "<!DOCTYPE html><title>Welcome to our hotel</title>"


def failed(failure: Failure, host: str = "api.other.example") -> Exchange:
    return Exchange(failure=failure, host=host)


def said(status: int, body: str = "{}", host: str = "api.other.example") -> Exchange:
    return Exchange(http_status=status, body=body, host=host)


LIST, REFUSED, LOGIN = said(200), said(401), said(200, PAGE)
OFFLINE, AWAY = failed(Failure.DNS), failed(Failure.CONNECT)


@pytest.mark.parametrize(
    ("exchange", "is_proof", "is_device"),
    [
        (said(200), True, False),
        (said(299), True, False),
        (said(300), False, True),
        (said(399), False, True),
        (said(400), True, False),
        (said(407), False, True),
        (said(511), False, True),
        (said(400, PAGE), False, True),
        (said(401, PAGE), False, False),
        (said(402, PAGE), False, False),
        (said(403, PAGE), False, True),
        (Exchange(failure=Failure.CLOSED, http_status=200, body=PAGE), False, False),
        (Exchange(failure=Failure.CLOSED, http_status=200), False, False),
    ],
)
def test_rule_9_an_answer_is_an_apis_and_a_page_or_redirect_may_be_a_devices(
    exchange: Exchange, is_proof: bool, is_device: bool
) -> None:
    assert (is_answer(exchange), is_intercepted(exchange)) == (is_proof, is_device)


@pytest.mark.parametrize("own", sorted(CONNECTION_LEVEL - {Failure.PROXY, Failure.PROXY_AWAY}))
@pytest.mark.parametrize("other", [LIST, REFUSED, said(404), said(500)])
def test_rule_9_who_fails_beside_an_answer_of_another_is_down_himself(own: Failure, other: Exchange) -> None:
    assert cause_beside_others(OURS, failed(own), [AWAY, other]) is OUTAGE


@pytest.mark.parametrize(
    ("own", "others"),
    [
        (AWAY, []),
        (AWAY, [AWAY, OFFLINE]),
        (AWAY, [LOGIN, said(302), said(511), said(407)]),
        (AWAY, [failed(Failure.TIMEOUT), failed(Failure.CLOSED)]),
        (failed(Failure.PROXY_AWAY), [LIST]),
        (failed(Failure.PROXY), [LIST]),
        (LIST, [LIST]),
        (said(407), [LIST]),
    ],
)
def test_rule_9_without_an_answer_of_another_it_is_our_network(own: Exchange, others: list[Exchange]) -> None:
    """Also where the provider answers again by now, or where it is our proxy that fails."""
    assert cause_beside_others(OURS, own, others) is OURS


@pytest.mark.parametrize("host", ["192.0.2.7", "192.0.2.7:8443", "[2001:db8::7]:443", "[2001:db8::7]"])
def test_rule_9_an_address_says_nothing_of_our_name_server(host: str) -> None:
    assert cause_beside_others(OURS, OFFLINE, [said(200, host=host)]) is OURS
    assert cause_beside_others(OURS, AWAY, [said(200, host=host)]) is OUTAGE


@pytest.mark.parametrize("own", [LOGIN, said(302), said(511), said(503, PAGE)])
@pytest.mark.parametrize("cause", [UNREADABLE, OUTAGE])
def test_rule_9_a_log_in_page_in_everybodys_place_is_our_networks(own: Exchange, cause: Cause) -> None:
    assert cause_beside_others(cause, own, [LOGIN, failed(Failure.TLS_OTHER_HOST)]) is OURS
    assert cause_beside_others(cause, own, [failed(Failure.TLS_OTHER_HOST)]) is OURS
    assert cause_beside_others(cause, own, [LOGIN, LIST]) is cause
    assert cause_beside_others(cause, own, [AWAY]) is cause
    assert cause_beside_others(cause, own, []) is cause


@pytest.mark.parametrize("cause", [UNREADABLE, OUTAGE])
def test_rule_9_where_several_answers_get_stuck_it_is_our_network(cause: Cause) -> None:
    late, cut = failed(Failure.TIMEOUT), failed(Failure.CLOSED)
    assert cause_beside_others(cause, late, [failed(Failure.TIMEOUT_AFTER_HEADERS)]) is OURS
    assert cause_beside_others(cause, cut, [AWAY, late]) is OURS
    assert cause_beside_others(cause, late, [late, LIST]) is cause
    assert cause_beside_others(cause, late, [AWAY]) is cause
    assert cause_beside_others(cause, LIST, [late]) is cause


def test_rule_9_where_every_certificate_has_expired_it_is_our_clock() -> None:
    expired = failed(Failure.TLS_EXPIRED)
    assert cause_beside_others(OUTAGE, expired, [expired]) is OURS
    assert cause_beside_others(OUTAGE, expired, [expired, LIST]) is OUTAGE
    assert cause_beside_others(OUTAGE, expired, [AWAY]) is OUTAGE
    assert cause_beside_others(OUTAGE, expired, []) is OUTAGE


@pytest.mark.parametrize(
    ("url", "other", "is_proof"),
    [
        ("https://api.a.example/v1/models", "https://api.b.example/v1/models", True),
        ("https://api.a.example/v1/models", "https://api.a.example/v2/models", False),
        ("https://api.a.example/v1", "http://127.0.0.1:11434/v1", False),
        ("https://api.a.example/v1", "http://localhost:11434/v1", False),
        ("https://api.a.example/v1", "http://[::1]:11434/v1", False),
        ("https://api.a.example/v1", "http://192.168.1.9:8000/v1", False),
        ("http://192.168.1.9:8000/v1", "https://api.a.example/v1", True),
        ("http://192.168.1.9:8000/v1", "http://192.168.1.10:8000/v1", True),
        ("http://192.168.1.9:8000/v1", "http://127.0.0.1:8000/v1", False),
        ("http://127.0.0.1:8000/v1", "http://127.0.0.1:8001/v1", True),
        ("http://203.0.113.9/v1", "https://api.a.example/v1", True),
        ("https://api.a.example/v1", "http://1.1.1.1/v1", True),
        ("http://1.1.1.1/v1", "https://api.a.example/v1", True),
        ("http://1.1.1.1/v1", "http://192.168.1.9:8000/v1", False),
        ("http://localhost:8000/v1", "http://127.0.0.1:8001/v1", True),
        ("http://127.0.0.1:8000/v1", "http://localhost:8001/v1", True),
        ("https://the.example/v1", "http://127.0.0.1:8000/v1", False),
    ],
)
def test_rule_9_only_who_is_as_far_away_can_vouch_for_the_way(url: str, other: str, is_proof: bool) -> None:
    assert may_vouch(url, other) is is_proof
