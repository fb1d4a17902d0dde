"""The configuration: strict TOML and secrets from the environment or files, as frozen settings.

Only this package reads the environment and TOML; only the command line and the wiring see its values whole.
"""

from monitor.config.load.dump import as_dict, shown
from monitor.config.load.errors import Fault
from monitor.config.load.read import config_file, load_settings, parse_settings, placed, process_environment
from monitor.config.load.secrets import (
    known_secrets,
    private_parts,
    resolve_headers,
    resolve_heartbeat_url,
    resolve_key,
    resolve_notify_secret,
    resolve_notify_url,
    resolve_own_heartbeat_url,
    resolve_proxy,
)
from monitor.config.presets.presets import PRESETS, Preset
from monitor.config.schema.maintenance import MaintenanceSettings
from monitor.config.schema.notify import APPRISE, NEEDS_TYPE, WEBHOOK, HeartbeatSettings, NotifySettings
from monitor.config.schema.policy import PolicySettings
from monitor.config.schema.provider import ProviderSettings
from monitor.config.schema.settings import (
    DEMO_DATABASE,
    DaemonSettings,
    DatabaseSettings,
    ProbeSettings,
    RetentionSettings,
    ScheduleSettings,
    Settings,
    SpoolSettings,
    SummarySettings,
    WebSettings,
)
from monitor.config.values.auth import Auth

__all__ = [
    "APPRISE",
    "DEMO_DATABASE",
    "NEEDS_TYPE",
    "PRESETS",
    "WEBHOOK",
    "Auth",
    "DaemonSettings",
    "DatabaseSettings",
    "Fault",
    "HeartbeatSettings",
    "MaintenanceSettings",
    "NotifySettings",
    "PolicySettings",
    "Preset",
    "ProbeSettings",
    "ProviderSettings",
    "RetentionSettings",
    "ScheduleSettings",
    "Settings",
    "SpoolSettings",
    "SummarySettings",
    "WebSettings",
    "as_dict",
    "config_file",
    "known_secrets",
    "load_settings",
    "parse_settings",
    "placed",
    "private_parts",
    "process_environment",
    "resolve_headers",
    "resolve_heartbeat_url",
    "resolve_key",
    "resolve_notify_secret",
    "resolve_notify_url",
    "resolve_own_heartbeat_url",
    "resolve_proxy",
    "shown",
]
