"""Providers: the way there, the list of models, the key, and this machine's clock against theirs."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Final

from monitor.app.doctor.connection import check_connection
from monitor.app.doctor.diagnosis import Diagnosis, fault, ok, warning
from monitor.app.tasks.check_catalogs import CatalogCheck, check_catalog
from monitor.app.tasks.key_proof import ACCEPTED, NO_KEY, REJECTED
from monitor.app.wiring.application import App
from monitor.app.wiring.targets import endpoint_of
from monitor.clock import utc_now
from monitor.config import ProviderSettings
from monitor.errors import ConfigError
from monitor.http import exchange, open_client

_OFF: Final = timedelta(seconds=5)  # a Date header has whole seconds, and an answer takes some
_FAR_OFF: Final = timedelta(minutes=30)  # signatures and certificates begin to be refused
_TIMEOUT_S: Final = 10.0
_CLOCK: Final = "this machine"


@dataclass(slots=True)
class ProviderReport:
    """What was said of one provider: `watched` models of its list, the `offset` of its clock from ours."""

    lines: list[Diagnosis] = field(default_factory=list)
    watched: int | None = None
    offset: timedelta | None = None


async def check_provider(app: App, provider: ProviderSettings) -> ProviderReport:
    """Go as far as a sweep would, up to the first step that fails."""
    report = ProviderReport()
    try:
        endpoint = endpoint_of(app, provider)
    except ConfigError:
        return report  # the missing secret has its line
    report.lines, leads = await check_connection(provider.name, endpoint.catalog, proxy=endpoint.proxy)
    if leads:
        report.offset = await _offset(app, provider)
        check = await check_catalog(app, provider)
        report.watched = check.watched if check.listed else None
        report.lines += _of_catalog(provider, check)
    return report


def _of_catalog(provider: ProviderSettings, check: CatalogCheck) -> list[Diagnosis]:
    name, key = provider.name, check.proof.key
    if key == REJECTED:
        return [
            fault("key", name, check.problem or "the provider rejects it", "put a valid key in its place")
        ]
    if check.problem:
        return [fault("catalog", name, check.problem, "")]
    lines = [ok("catalog", name, f"{len(check.listed):,} models, {check.watched:,} of them watched")]
    if key == ACCEPTED:
        return [*lines, ok("key", name, "accepted")]
    if key == NO_KEY:
        return [*lines, ok("key", name, "none configured")]
    advice = f"monitor check MODEL --live --provider {name} asks a model with it"
    return [*lines, warning("key", name, "not proven: the provider answers without it, too", advice)]


async def _offset(app: App, provider: ProviderSettings) -> timedelta | None:
    """Return how far the provider's clock is ahead of ours; None where it does not say."""
    endpoint = replace(endpoint_of(app, provider), api_key=None)  # a refusal has a date, too
    before = utc_now()
    async with open_client(endpoint) as client:
        answer = await exchange(client, "GET", endpoint.catalog, timeout_s=_TIMEOUT_S, cap_bytes=1024)
    try:
        stated = parsedate_to_datetime(answer.headers.get("date", ""))
    except ValueError:
        return None
    if stated.tzinfo is None:
        return None
    return stated + timedelta(seconds=0.5) - (before + (utc_now() - before) / 2)  # it has whole seconds


def check_clock(reports: Sequence[ProviderReport]) -> Sequence[Diagnosis]:
    """Compare this machine's clock with the nearest of the providers': a server may be wrong itself."""
    offsets = [report.offset for report in reports if report.offset is not None]
    if not offsets:
        return []
    nearest = min(offsets, key=abs)
    side = "behind" if nearest > timedelta() else "ahead of"
    words = f"{abs(nearest).total_seconds():.0f} s {side} the provider's"
    advice = "set the clock: run an NTP client, such as systemd-timesyncd or chrony"
    if abs(nearest) >= _FAR_OFF:
        return [fault("clock", _CLOCK, words, advice)]
    if abs(nearest) > _OFF:
        return [warning("clock", _CLOCK, words, advice)]
    return [ok("clock", _CLOCK, "agrees with the providers' within a few seconds")]
