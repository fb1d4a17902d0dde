"""The configuration as frozen values. Field names are the keys of the TOML file (docs/configuration.md)."""

from collections.abc import Mapping
from datetime import time, timedelta
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from pydantic import model_validator

from monitor.config.schema.fields import (
    Age,
    Count,
    Cron,
    DatabaseUrl,
    DayTime,
    FileMode,
    Globs,
    Grace,
    Interval,
    Listen,
    PublicUrl,
    Size,
    SummaryFormat,
    Zone,
)
from monitor.config.schema.maintenance import MaintenanceSettings, backward_windows
from monitor.config.schema.notify import HeartbeatSettings, NotifySettings, repeated_channels
from monitor.config.schema.policy import PolicySettings
from monitor.config.schema.provider import NVIDIA, ProviderSettings
from monitor.config.schema.table import Name, Table, Text, cadence_faults, impossible
from monitor.config.values.urls import split_listen
from monitor.core.domain.policy import Policy

DEFAULT_INTERVAL = timedelta(minutes=15)


DEMO_DATABASE: Final = "sqlite:///data/demo.db"


class DatabaseSettings(Table):
    """Where the history is kept."""

    url: DatabaseUrl = "sqlite:///data/monitor.db"
    file_mode: FileMode = 0o600  # the history is readable by its owner only


class ScheduleSettings(Table):
    """When sweeps and summaries are made; `interval` or `cron`, every 15 minutes when neither is given."""

    interval: Interval | None = None
    cron: Cron | None = None
    daily_summary: DayTime = time(6, 0)
    timezone: Zone = ZoneInfo("UTC")
    vantage: Name = "default"

    @model_validator(mode="before")
    @classmethod
    def _default_interval(cls, table: object) -> object:
        # a default on the field would contradict a cron line
        if not isinstance(table, Mapping) or "interval" in table or "cron" in table:
            return table
        return {**table, "interval": DEFAULT_INTERVAL}

    @model_validator(mode="after")
    def _check(self) -> "ScheduleSettings":
        if faults := cadence_faults(interval=self.interval, cron=self.cron):
            raise impossible(*faults)
        return self

    @property
    def cadence(self) -> timedelta | str:
        """The interval or the cron line between sweeps."""
        return self.interval or self.cron or DEFAULT_INTERVAL


class ProbeSettings(Table):
    """How models are asked.

    `stream` requests streamed answers, which give the time to the first token. Of retired models, which are
    only looked up, `full_look_every` sweeps make one that asks them in full.
    """

    stream: bool = False
    full_look_every: Count = 24


class RetentionSettings(Table):
    """How long single observations are kept; rollups and events stay."""

    observations: Age = timedelta(days=400)  # a month can be compared with last year's


class WebSettings(Table):
    """Where the daemon serves its page; `public_url` is where readers find it, for links in messages."""

    listen: Listen = "127.0.0.1:8080"  # loopback: the page has no log-in
    public_url: PublicUrl | None = None

    @property
    def host(self) -> str:
        """Host or address to bind, without brackets."""
        return split_listen(self.listen)[0]

    @property
    def port(self) -> int:
        """Port to bind; 0 lets the system choose."""
        return split_listen(self.listen)[1] or 0


class SummarySettings(Table):
    """Where the daily summaries are written, in which form, and which models lead in them."""

    directory: Text = "data/summaries"
    format: SummaryFormat = "markdown"
    favourites: Globs = ()

    @property
    def path(self) -> Path:
        """The directory as a path, relative to the working directory."""
        return Path(self.directory)


class SpoolSettings(Table):
    """Where sweeps are kept while the database cannot be written, and how many bytes they may take."""

    directory: Text = "data/spool"
    max_size: Size = 256_000_000


class DaemonSettings(Table):
    """How the daemon stops: `grace` is how long a running sweep may take to end."""

    grace: Grace = timedelta(seconds=25)  # below the 40 s that compose.yaml gives before a kill


class Settings(Table):
    """The whole configuration; without a file its defaults."""

    database: DatabaseSettings = DatabaseSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    providers: tuple[ProviderSettings, ...] = (NVIDIA,)
    policy: PolicySettings = PolicySettings()
    probe: ProbeSettings = ProbeSettings()
    retention: RetentionSettings = RetentionSettings()
    web: WebSettings = WebSettings()
    summary: SummarySettings = SummarySettings()
    notify: tuple[NotifySettings, ...] = ()
    maintenance: tuple[MaintenanceSettings, ...] = ()
    heartbeat: HeartbeatSettings = HeartbeatSettings()
    daemon: DaemonSettings = DaemonSettings()
    spool: SpoolSettings = SpoolSettings()

    @model_validator(mode="after")
    def _check(self) -> "Settings":
        faults = [*_repeated_names(self.providers), *self._crossed_policies()]
        faults += [*repeated_channels(self.notify), *self._repeated_heartbeats()]
        faults += backward_windows(self.maintenance, self.schedule.timezone)
        if not self.providers:
            faults.append(("providers", "is empty, so nothing would be watched; add a [[providers]] table"))
        if faults:
            raise impossible(*faults)
        return self

    def _crossed_policies(self) -> list[tuple[str, str]]:
        policies = [self.policy.overridden(provider.policy) for provider in self.providers]
        words = "after inheriting from [policy], flap_low {:g} is above flap_high {:g}"
        return [
            (f"providers.{place}.policy", words.format(policy.flap_low, policy.flap_high))
            for place, policy in enumerate(policies)
            if policy.flap_low > policy.flap_high
        ]

    def _repeated_heartbeats(self) -> list[tuple[str, str]]:
        """Return what is wrong where two states would be reported to one address."""
        addresses = [self.heartbeat.url, *(provider.heartbeat for provider in self.providers)]
        words = "is the address of another heartbeat, too; give each heartbeat an address of its own"
        return [
            (f"providers.{place - 1}.heartbeat", words)
            for place, address in enumerate(addresses)
            if address is not None and address in addresses[:place]
        ]

    @property
    def spool_directory(self) -> Path:
        """The configured directory of the spool, else `spool` beside a SQLite file."""
        scheme, _, file = self.database.url.partition(":///")
        if "directory" in self.spool.model_fields_set or not scheme.startswith("sqlite"):
            return Path(self.spool.directory)
        return Path(file.partition("?")[0]).parent / "spool"

    def provider(self, name: str) -> ProviderSettings | None:
        """Return the provider of that name, or None if it is not configured."""
        return next((provider for provider in self.providers if provider.name == name), None)

    def policy_of(self, name: str) -> Policy:
        """Return what a provider's sweeps are decided with; the general policy if it is not configured."""
        provider = self.provider(name)
        if provider is None:
            return Policy(**self.policy.model_dump())
        merged = self.policy.overridden(provider.policy)
        return Policy(**merged.model_dump(), include=provider.include, exclude=provider.exclude)

    def cadence_of(self, provider: ProviderSettings) -> timedelta | str:
        """Return a provider's own interval or cron line, else the general one."""
        return provider.interval or provider.cron or self.schedule.cadence


def _repeated_names(providers: tuple[ProviderSettings, ...]) -> list[tuple[str, str]]:
    names = [provider.name for provider in providers]
    return [
        (f"providers.{place}.name", f'"{name}" is already the name of another provider')
        for place, name in enumerate(names)
        if name in names[:place]
    ]
