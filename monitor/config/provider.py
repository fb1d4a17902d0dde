"""One provider as configuration, and the one that is watched where nothing is configured."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from monitor.config.duration import duration_text
from monitor.config.fields import (
    BaseUrl,
    Count,
    Cron,
    Globs,
    Headers,
    Interval,
    Proxy,
    SomeGlobs,
    Timeout,
    VariableName,
)
from monitor.config.policy import PolicyOverride
from monitor.config.table import Name, Table, Text, cadence_faults, impossible


class ProviderSettings(Table):
    """One provider: where it is, how it is paid for, how fast it may be asked."""

    name: Name
    base_url: BaseUrl
    api_key_env: VariableName | None = None
    api_key_file: Text | None = None
    headers: Headers = Field(default_factory=dict)
    proxy: Annotated[Proxy | None, Field(repr=False)] = None
    requests_per_minute: Count | None = None
    starts_per_second: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] = 100.0
    concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    timeout: Timeout = timedelta(seconds=20)
    slow_timeout: Timeout = timedelta(seconds=90)
    include: SomeGlobs = ("*",)
    exclude: Globs = ()
    interval: Interval | None = None
    cron: Cron | None = None
    policy: PolicyOverride = PolicyOverride()

    @model_validator(mode="after")
    def _check(self) -> "ProviderSettings":
        faults = cadence_faults(interval=self.interval, cron=self.cron)
        if self.api_key_env is not None and self.api_key_file is not None:
            faults.append(("api_key_file", "cannot stand beside api_key_env; keep one of them"))
        if self.slow_timeout < self.timeout:
            slow, first = duration_text(self.slow_timeout), duration_text(self.timeout)
            faults.append(("slow_timeout", f"({slow}) must not be shorter than timeout ({first})"))
        if faults:
            raise impossible(*faults)
        return self


NVIDIA = ProviderSettings(
    name="nvidia",
    base_url="https://integrate.api.nvidia.com/v1",
    api_key_env="NVIDIA_API_KEY",
    requests_per_minute=30,
)
