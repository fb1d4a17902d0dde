"""All checks in the order in which one depends on another; they run side by side."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from monitor.app.doctor.channels import check_channels, check_heartbeats
from monitor.app.doctor.database import check_database, check_spool
from monitor.app.doctor.diagnosis import Diagnosis, fault, guarded, in_thread
from monitor.app.doctor.files import check_configuration, check_modes
from monitor.app.doctor.machine import check_machine, check_web
from monitor.app.doctor.providers import ProviderReport, check_clock, check_provider
from monitor.app.doctor.schedule import check_schedule
from monitor.app.wiring.application import App
from monitor.errors import ConfigError

_PROVIDER_S: Final = 60.0  # a catalog of many pages
_SEND_S: Final = 90.0  # a service may take a minute for a message


async def examine(app: App, file: Path | None, *, sends: bool = False) -> AsyncIterator[Diagnosis]:
    """Give the lines of all checks; `file` is the configuration's, `sends` delivers test messages."""
    reports: dict[str, ProviderReport] = {}
    checks = (
        guarded("configuration", str(file), in_thread(lambda: check_configuration(app, file))),
        guarded("files", "modes", in_thread(lambda: check_modes(app, file))),
        guarded("machine", "limits", in_thread(check_machine)),
        guarded("database", "", in_thread(lambda: check_database(app))),
        guarded("spool", "", in_thread(lambda: check_spool(app))),
        _providers(app, reports),
        guarded("channel", "", check_channels(app, sends=sends), _SEND_S),
        guarded("heartbeat", "", check_heartbeats(app)),
        guarded("web", app.settings.web.listen, in_thread(lambda: check_web(app.settings))),
    )
    for task in [asyncio.ensure_future(check) for check in checks]:
        for line in await task:
            yield line


async def examine_without_configuration(error: ConfigError) -> AsyncIterator[Diagnosis]:
    """Give what can be said where the configuration is wrong: why, and how this machine is."""
    for words in str(error).splitlines():
        yield fault("configuration", "", words, "")
    for line in await guarded("machine", "limits", in_thread(check_machine)):
        yield line


async def _providers(app: App, reports: dict[str, ProviderReport]) -> Sequence[Diagnosis]:
    names = [provider.name for provider in app.settings.providers]

    async def lines_of(name: str) -> Sequence[Diagnosis]:
        provider = next(one for one in app.settings.providers if one.name == name)
        reports[name] = await check_provider(app, provider)
        return reports[name].lines

    lines = await asyncio.gather(*(guarded("provider", name, lines_of(name), _PROVIDER_S) for name in names))
    schedules = [
        await guarded(
            "schedule",
            provider.name,
            in_thread(partial(check_schedule, app, provider, _watched(reports, provider.name))),
        )
        for provider in app.settings.providers
    ]
    clock = check_clock([reports[name] for name in names if name in reports])
    return [
        *(line for group in lines for line in group),
        *clock,
        *(line for group in schedules for line in group),
    ]


def _watched(reports: dict[str, ProviderReport], name: str) -> int | None:
    return reports[name].watched if name in reports else None
