"""The settings of one provider, and the provider that is watched by default."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from monitor.config.presets.apply import preset_of, with_preset
from monitor.config.presets.presets import Preset
from monitor.config.presets.resolve import origin_of, resolved_address
from monitor.config.schema.fields import (
    COSTLY_KINDS,
    AuthForm,
    BaseUrl,
    CostlyKinds,
    Count,
    Cron,
    Gap,
    Globs,
    Headers,
    HeartbeatUrl,
    Interval,
    Limit,
    ModelIds,
    PresetName,
    Proxy,
    SecretPath,
    SomeGlobs,
    Timeout,
    VariableName,
)
from monitor.config.schema.policy import PolicyOverride
from monitor.config.schema.table import Name, Table, cadence_faults, impossible
from monitor.config.values.auth import Auth
from monitor.config.values.duration import duration_text
from monitor.core.planning.inputs import ProviderTraits


class ProviderSettings(Table):
    """One provider: where it is, how it wants its key, how fast and how it may be asked.

    What the table leaves out and the preset knows stands in these values too. `requests_per_minute` None is
    no limit, `requests_per_day` None no budget. `models` are watched though no list names them; where
    `catalog` is false they are all there is.
    """

    name: Name
    preset: PresetName | None = None
    base_url: BaseUrl
    auth: AuthForm = Auth.BEARER
    api_key_env: VariableName | None = None
    api_key_file: SecretPath | None = None
    headers: Headers = Field(default_factory=dict)
    proxy: Annotated[Proxy | None, Field(repr=False)] = None
    requests_per_minute: Limit = None
    requests_per_day: Count | None = None
    # measured: all at once lengthens latencies by half, 100 starts a second by 1 %
    starts_per_second: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] = 100.0
    concurrency: Annotated[int, Field(ge=1, le=256)] = 4
    same_model_gap: Gap = timedelta()
    timeout: Timeout = timedelta(seconds=20)  # a small model answers within a second
    slow_timeout: Timeout = timedelta(seconds=90)  # of the second pass: a cold model may take minutes
    include: SomeGlobs = ("*",)
    exclude: Globs = ()
    models: ModelIds = ()
    catalog: bool = True
    costly_kinds: CostlyKinds = ()  # requests for images and audio cost money: none without permission
    metadata: bool = False
    interval: Interval | None = None
    cron: Cron | None = None
    heartbeat: Annotated[HeartbeatUrl | None, Field(repr=False)] = None
    policy: PolicyOverride = PolicyOverride()

    @model_validator(mode="before")
    @classmethod
    def _fill(cls, table: object) -> object:  # a preset's values are checked, too
        return with_preset(table) if isinstance(table, Mapping) else table

    @model_validator(mode="after")
    def _check(self) -> "ProviderSettings":
        faults = [*cadence_faults(interval=self.interval, cron=self.cron), *self._key_faults()]
        if self.slow_timeout < self.timeout:  # the second pass would give up before the first
            slow, first = duration_text(self.slow_timeout), duration_text(self.timeout)
            faults.append(("slow_timeout", f'"{slow}" is shorter than timeout "{first}"'))
        if not self.catalog and not self.models:
            faults.append(("catalog", "is false, so nothing would be watched; name the ids in models"))
        if faults:
            raise impossible(*faults)
        return self

    def _key_faults(self) -> list[tuple[str, str]]:
        if self.api_key_env is not None and self.api_key_file is not None:
            return [("api_key_file", "cannot be combined with api_key_env; keep one of them")]
        if self.auth is Auth.NONE and (self.api_key_env or self.api_key_file):
            return [("auth", 'is "none", so the key would not be sent; leave out auth or the key')]
        return []

    @property
    def _preset(self) -> Preset:
        return preset_of(self.preset, self.base_url)

    def _resolved(self, address: str) -> str:
        return resolved_address(address, own=self._preset.base_url, base_url=self.base_url)

    @property
    def traits(self) -> ProviderTraits:
        """How the provider's models are asked, costly routes only where they are allowed."""
        traits = self._preset.traits
        allowed = (COSTLY_KINDS[kind] for kind in self.costly_kinds)
        return replace(
            traits,
            routes=tuple(dict.fromkeys((*traits.routes, *allowed))),
            paths={route: self._resolved(path) for route, path in traits.paths.items()},
            metadata=self.metadata,
        )

    @property
    def catalog_url(self) -> str:
        """The whole address of the provider's model list."""
        place = self._resolved(self._preset.catalog)
        return self.base_url + place if place.startswith("/") else place

    @property
    def origins(self) -> tuple[str, ...]:
        """Origins beside the base URL's that are the provider's too, so that its key may go there."""
        places = [place for place in self.traits.paths.values() if not place.startswith("/")]
        origins = dict.fromkeys(map(origin_of, (self.catalog_url, *places)))
        return tuple(origin for origin in origins if origin != origin_of(self.base_url))


# through validation, so that it equals a file that names the preset
NVIDIA = ProviderSettings.model_validate({"name": "nvidia", "preset": "nvidia"})
