"""Reads each provider's catalog now with its key, and says whether both work.

Nothing is recorded, and no model is asked.
"""

import asyncio
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from monitor.app.tasks.key_proof import NO_KEY, NOT_PROVEN, REJECTED, KeyProof, key_proof
from monitor.app.wiring.application import App
from monitor.app.wiring.targets import target_of
from monitor.catalog.read import read_catalog
from monitor.catalog.reading import ANOTHERS_PAGE, CatalogReading, CatalogTrouble
from monitor.config import ProviderSettings
from monitor.core.domain.vocabulary import Cause
from monitor.core.lifecycle.fold import is_tracked
from monitor.errors import ConfigError, NoVerdict
from monitor.http import Client, open_client
from monitor.sweep import Target
from monitor.sweep.plan import nothing_to_ask

_NO_PROOF = KeyProof(NOT_PROVEN)
_WRONG_ADDRESS = frozenset({301, 302, 303, 307, 308, 400, 404, 405, 410, 501})
_USUAL_PATHS = ("/v1", "/api/v1", "/openai/v1", "/api")
_PAGE = "a web page"  # how the readers of catalogs call one


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogCheck:
    """What one provider said.

    `listed` are the ids of its catalog, of which `watched` are watched. `problem` says why a sweep would have
    no verdict, None where it could have one; `exit_code` is then 2 where the configuration has to change, 3
    where the provider cannot be asked now.
    """

    provider: str
    address: str
    is_asked: bool = True
    is_reached: bool = False
    listed: tuple[str, ...] = ()
    watched: int = 0
    proof: KeyProof = _NO_PROOF
    problem: str | None = None
    exit_code: int = 0


async def check_catalogs(app: App) -> list[CatalogCheck]:
    """Read the catalogs of all providers at once; returns them in the order of the configuration."""
    return await asyncio.gather(*(check_catalog(app, provider) for provider in app.settings.providers))


async def check_catalog(app: App, provider: ProviderSettings) -> CatalogCheck:
    """Read the catalog of one provider, and prove its key."""
    check = CatalogCheck(provider=provider.name, address=provider.catalog_url)
    try:
        target = target_of(app, provider)
        async with open_client(target.endpoint, connections=target.concurrency) as client:
            reading = await _read(client, target)
            if reading.trouble:
                return await _failed(check, reading.trouble, client, target, provider)
    except ConfigError as error:  # a missing key, or one that no header can carry
        return replace(check, is_asked=False, problem=str(error), exit_code=ConfigError.exit_code)
    listed = tuple(dict.fromkeys((*reading.ids, *target.models)))
    watched = sum(is_tracked(model, target.policy) for model in listed)
    proof = await key_proof(target, provider)
    problem = None if watched else nothing_to_ask(listed, target.policy)
    if proof.key == REJECTED:
        open_list = "the catalog answers without a key, " if target.has_catalog else ""
        problem = f"{open_list}the models reject this one{_where(provider)}"
    check = replace(check, is_reached=True, listed=listed, watched=watched, proof=proof)
    return replace(check, problem=problem, exit_code=ConfigError.exit_code if problem else 0)


def _where(provider: ProviderSettings) -> str:
    """Say where the key was taken from, so that it can be replaced there."""
    source = f"in {provider.api_key_env}" if provider.api_key_env else "in the file of api_key_file"
    return f"; put a valid key {source}" if provider.api_key_env or provider.api_key_file else ""


async def _read(client: Client, target: Target) -> CatalogReading:
    """Read the list; none and an empty one are right where the configuration names the ids.

    Without a catalog its address is asked as well, to see whether the provider can be reached.
    """
    reading = await read_catalog(client, target.endpoint, pacer=target.pacer, traits=target.traits)
    if not target.has_catalog:
        is_away = reading.trouble and reading.trouble.http_status is None
        return reading if is_away else CatalogReading()
    is_named = reading.trouble and reading.trouble.lists_nothing and target.models
    return replace(reading, trouble=None) if is_named else reading


async def _failed(
    check: CatalogCheck,
    trouble: CatalogTrouble,
    client: Client,
    target: Target,
    provider: ProviderSettings,
) -> CatalogCheck:
    """Say why there is no list, what to do, and whether that is for the configuration."""
    if trouble.http_status is None:
        return replace(check, problem=trouble.detail, exit_code=NoVerdict.exit_code)
    check = replace(check, is_reached=True)
    if trouble.cause is Cause.CREDENTIAL:
        has_key = target.endpoint.api_key is not None
        words = trouble.detail + (_where(provider) if has_key else "; name a key in api_key_env")
        proof = KeyProof(REJECTED if has_key else NO_KEY)
        return replace(check, proof=proof, problem=words, exit_code=ConfigError.exit_code)
    return await _misplaced(check, trouble, client, target)


async def _misplaced(
    check: CatalogCheck, trouble: CatalogTrouble, client: Client, target: Target
) -> CatalogCheck:
    is_wrong = trouble.http_status in _WRONG_ADDRESS
    if (is_wrong or _PAGE in trouble.detail) and (address := await _address_of_list(client, target)):
        said = trouble.detail.partition(": no model list there")[0]  # this is known better now
        said = said.partition(ANOTHERS_PAGE)[0]
        words = f'{said}; there is one at {address}/models: write base_url = "{address}"'
        return replace(check, problem=words, exit_code=ConfigError.exit_code)
    return replace(
        check, problem=trouble.detail, exit_code=ConfigError.exit_code if is_wrong else NoVerdict.exit_code
    )


async def _address_of_list(client: Client, target: Target) -> str | None:
    """Return under which other address the same server has a model list, of those that are usual."""
    base_url = target.endpoint.base_url
    parts = urlsplit(base_url)
    origin = f"{parts.scheme}://{parts.netloc}"
    others = dict.fromkeys((f"{base_url}/v1", origin, *(origin + path for path in _USUAL_PATHS)))
    for address in others:
        if address == base_url:
            continue
        endpoint = replace(target.endpoint, base_url=address, catalog_url=None)
        reading = await read_catalog(client, endpoint, pacer=target.pacer, traits=target.traits)
        if reading.complete:
            return address
    return None
