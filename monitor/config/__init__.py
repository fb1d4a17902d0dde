"""The configuration: strict TOML and secrets from the environment or files, as frozen settings.

Only this package reads the environment and TOML; only the command line and the wiring see its values whole.
"""

from monitor.config.auth import Auth
from monitor.config.channels import APPRISE, WEBHOOK, HeartbeatSettings, NotifySettings
from monitor.config.faults import Fault
from monitor.config.load import config_file, load_settings, parse_settings, placed, process_environment
from monitor.config.maintenance import MaintenanceSettings
from monitor.config.policy import PolicySettings
from monitor.config.presets import PRESETS, Preset
from monitor.config.provider import ProviderSettings
from monitor.config.secrets import (
    known_secrets,
    private_parts,
    resolve_headers,
    resolve_heartbeat_url,
    resolve_key,
    resolve_notify_secret,
    resolve_notify_url,
    resolve_proxy,
)
from monitor.config.settings import (
    DaemonSettings,
    DatabaseSettings,
    ProbeSettings,
    RetentionSettings,
    ScheduleSettings,
    Settings,
    SummarySettings,
    WebSettings,
)
from monitor.config.show import as_dict, shown

__all__ = [
    "APPRISE",
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
    "resolve_proxy",
    "shown",
]
