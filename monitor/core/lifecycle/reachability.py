"""Whose trouble is a provider that cannot be reached? Others are asked at the same time (rules.md 9)."""

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

from monitor.core.answer.body import is_page
from monitor.core.answer.exchange import CONNECTION_LEVEL, Exchange, Failure
from monitor.core.domain.vocabulary import Cause

_OF_PROXY: Final = frozenset({Failure.PROXY, Failure.PROXY_AWAY})
_STUCK: Final = frozenset({Failure.TIMEOUT, Failure.TIMEOUT_AFTER_HEADERS, Failure.CLOSED})
_ON_THE_WAY: Final = frozenset({407, 511})  # said by a device, not by the provider


def is_answer(exchange: Exchange) -> bool:
    """Whether an API answered, so that the way to it stands: with whatever status, but no web page."""
    status = exchange.http_status or 0
    if exchange.failure or status in _ON_THE_WAY or _is_redirect(status):
        return False
    return not is_page(exchange.body)


def is_intercepted(exchange: Exchange) -> bool:
    """Whether what answered need not be the provider: a web page, a redirect, a network's log-in."""
    status = exchange.http_status or 0
    if exchange.failure or status in {401, 402}:
        return False
    return status in _ON_THE_WAY or _is_redirect(status) or is_page(exchange.body)


def _is_redirect(status: int) -> bool:
    return 300 <= status < 400  # noqa: PLR2004 - HTTP's own class


def cause_beside_others(cause: Cause, own: Exchange, others: Sequence[Exchange]) -> Cause:
    """Return the cause of a failed sweep, given what others answered and what its provider says after that.

    Another provider's answer between two failures of this one proves that our network works. Where
    web pages are in the place of several, where several answers get stuck, or every certificate has expired,
    it is ours.
    """
    if own.failure is Failure.DNS:  # an address needs no name server
        others = [other for other in others if not _is_address(other.host)]
    if cause is Cause.OUR_NETWORK:
        is_cut_off = own.failure in CONNECTION_LEVEL - _OF_PROXY
        return Cause.PROVIDER_OUTAGE if is_cut_off and any(map(is_answer, others)) else cause
    if any(map(is_answer, others)):
        return cause
    is_in_all_places = is_intercepted(own) and any(map(_is_anothers, others))
    is_clock = own.failure is Failure.TLS_EXPIRED and any(map(_has_expired, others))
    is_stuck = is_stuck_on_the_way(own) and any(map(is_stuck_on_the_way, others))
    return Cause.OUR_NETWORK if is_in_all_places or is_clock or is_stuck else cause


def is_stuck_on_the_way(exchange: Exchange) -> bool:
    """Whether a connection stood and no whole answer came: as where a link loses large packets."""
    return exchange.failure in _STUCK


def _has_expired(exchange: Exchange) -> bool:
    return exchange.failure is Failure.TLS_EXPIRED


def _is_anothers(exchange: Exchange) -> bool:
    return is_intercepted(exchange) or exchange.failure in {Failure.TLS_OTHER_HOST, Failure.TLS_UNTRUSTED}


def may_vouch(url: str, other: str) -> bool:
    """Whether an answer of the `other` address would prove the way to this one.

    Not the same server, and none that is nearer: this machine answers while the network is away.
    """
    mine, its = urlsplit(url), urlsplit(other)
    return mine.netloc != its.netloc and _distance(its.hostname or "") >= _distance(mine.hostname or "")


def _is_address(host: str) -> bool:
    return _address_distance(urlsplit(f"//{host}").hostname or "") is not None


def _distance(host: str) -> int:
    """Return 0 for this machine, 1 for a private network, 2 for everything else."""
    if host == "localhost" or host.endswith(".localhost"):
        return 0
    distance = _address_distance(host)
    return 2 if distance is None else distance


def _address_distance(host: str) -> int | None:
    try:
        address = ip_address(host)
    except ValueError:
        return None
    return 0 if address.is_loopback else 1 if address.is_private else 2
