"""Defaults of a [[providers]] table, from the preset that it names or that its address implies."""

from collections.abc import Mapping

from monitor.config.presets.presets import PRESETS, Preset
from monitor.config.presets.resolve import host_of
from monitor.config.values.auth import Auth

GENERIC = "generic"

# Loopback addresses say nothing of who listens there.
_BY_HOST = {
    host_of(preset.base_url): preset
    for preset in PRESETS.values()
    if preset.base_url and preset.base_url.startswith("https:")  # loopback presets have http addresses
}
_UNKNOWN = Preset(base_url="https://unknown.invalid/v1")  # a preset that is refused: one fault is enough


def preset_of(name: object, base_url: object) -> Preset:
    """Return the preset of that name; without a name, the one whose host an address has, else the generic."""
    if name is None:
        return _BY_HOST.get(host_of(base_url), PRESETS[GENERIC])
    return PRESETS.get(name, _UNKNOWN) if isinstance(name, str) else _UNKNOWN


def with_preset(table: Mapping[str, object]) -> dict[str, object]:
    """Return a [[providers]] table, not yet checked, with what its preset knows; what it says itself stands.

    A preset that is only inferred from the address does not choose key, address or pace: those were the
    user's before there were presets.
    """
    preset = preset_of(table.get("preset"), table.get("base_url"))
    defaults: dict[str, object] = {
        "auth": preset.auth,
        "same_model_gap": preset.same_model_gap,
        "metadata": preset.traits.metadata,
    }
    if table.get("preset") is not None:
        # a key file or auth = "none" would contradict the preset's variable
        wants_key = "api_key_file" not in table and table.get("auth") != Auth.NONE
        defaults |= {
            "base_url": preset.base_url,
            "api_key_env": preset.api_key_env if wants_key else None,
            "requests_per_minute": preset.requests_per_minute,
            "concurrency": preset.concurrency,
        }
    given = {key: value for key, value in defaults.items() if value is not None}
    return {**given, **table, "headers": _headers(preset, table.get("headers", {}))}


def _headers(preset: Preset, headers: object) -> object:
    """Return the preset's headers beneath the table's own, whose names may be written otherwise."""
    if not isinstance(headers, Mapping):
        return headers  # refused where types are checked
    own = {str(name).lower() for name in headers}  # HTTP header names have no case
    return {**{name: value for name, value in preset.headers.items() if name not in own}, **headers}
