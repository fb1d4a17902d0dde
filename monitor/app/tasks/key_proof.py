"""Whether a provider's key is accepted, found out without asking a model.

A catalog that answers without the key proves nothing of it. Then a request without a model is sent with the
key and without: no model can answer it, so it costs nothing, and servers look at the key first.
"""

from dataclasses import dataclass, replace
from typing import Final

from monitor.config import ProviderSettings
from monitor.core.answer.body import is_page
from monitor.core.answer.exchange import Exchange
from monitor.core.request.forms import RequestForm
from monitor.http import Endpoint, exchange, open_client
from monitor.probe.requests import build_request
from monitor.sweep import Target

ACCEPTED: Final = "accepted"
REJECTED: Final = "rejected"
NOT_PROVEN: Final = "not_proven"
NO_KEY: Final = "none"

_TIMEOUT_S = 30.0  # seconds; as of a page of the catalog
_OK = 200
_REFUSED = frozenset({401, 403})


@dataclass(frozen=True, slots=True)
class KeyProof:
    """What became of the key; `is_catalog_open` says that the catalog answers without it."""

    key: str
    is_catalog_open: bool = False


async def key_proof(target: Target, provider: ProviderSettings) -> KeyProof:
    """Return whether the key makes a difference to a provider whose catalog answered with it."""
    without_key = _without_key(target.endpoint, provider)
    if without_key is None:
        return KeyProof(NO_KEY, is_catalog_open=target.has_catalog)
    is_open = False
    if target.has_catalog:
        bare = await _answer(target, without_key, "GET", without_key.catalog)
        if _is_refused(bare):
            return KeyProof(ACCEPTED)
        is_open = bare.http_status == _OK
    path = build_request("", RequestForm(target.traits.routes[0]), target.traits).path
    own = await _answer(target, target.endpoint, "POST", target.endpoint.url(path))
    if _is_refused(own):
        return KeyProof(REJECTED, is_open)
    bare = await _answer(target, without_key, "POST", without_key.url(path))
    return KeyProof(ACCEPTED if own.http_status and _is_refused(bare) else NOT_PROVEN, is_open)


def _without_key(endpoint: Endpoint, provider: ProviderSettings) -> Endpoint | None:
    """Return the same place without any secret; None where there is none to leave out."""
    public = {name: value for name, value in provider.headers.items() if not value.startswith("env:")}
    if endpoint.api_key is None and len(public) == len(provider.headers):
        return None
    return replace(endpoint, api_key=None, headers=public)


async def _answer(target: Target, endpoint: Endpoint, method: str, url: str) -> Exchange:
    await target.pacer.acquire()
    async with open_client(endpoint) as client:
        return await exchange(
            client, method, url, timeout_s=_TIMEOUT_S, json={} if method == "POST" else None
        )


def _is_refused(answer: Exchange) -> bool:
    # a firewall's page says 403, too
    return answer.http_status in _REFUSED and not is_page(answer.body)
