"""What other programs call the keys of this file, for the refusal of unknown ones."""

from collections.abc import Mapping
from typing import Final

from monitor.config.load.toml_lines import KeyPath

_KEYS: Final[Mapping[str, Mapping[str, str]]] = {  # by table: our key, and what it is called elsewhere
    "": {
        "[[providers]]": "models model_list endpoints targets upstreams",
        "[[notify]]": "alerts alert notifications notification channels webhook email slack",
        "[web]": "server http ui dashboard status_page",
        "[database]": "db storage store sqlite postgres",
        "[[maintenance]]": "silence silences downtime windows",
        "--log-level and --log-format, options of the command": "log logging logs logger",
    },
    "providers": {
        "base_url": "api_base api_url api_host openai_api_base url uri endpoint host address server",
        "preset": "type provider kind custom_llm_provider",
        "requests_per_minute": "rpm rate_limit ratelimit limit max_rpm",
        "requests_per_day": "rpd daily_limit budget max_rpd",
        "concurrency": "workers threads parallel parallelism max_parallel_requests",
        "include": "model allow allowlist whitelist only filter filters",
        "exclude": "deny denylist blacklist ignore skip",
        "interval": "every period frequency schedule",
    },
    "schedule": {
        "interval": "every period frequency minutes seconds",
        "timezone": "tz zone time_zone",
        "daily_summary": "summary report daily",
    },
    "notify": {
        "on": "events topics triggers when kinds",
        "url": "webhook address uri",
        "type": "kind service",
    },
    "maintenance": {"from": "start starts begin begins since", "to": "end ends until till"},
    "web": {"listen": "port host bind address"},
    "database": {"url": "path file dsn uri connection_string"},
    "retention": {"observations": "days keep history max_age"},
    "summary": {"directory": "dir path folder output"},
    "heartbeat": {"url": "address ping uri"},
}
_OURS = {
    (table, theirs): ours
    for table, keys in _KEYS.items()
    for ours, words in keys.items()
    for theirs in words.split()
}


def our_key(path: KeyPath) -> str | None:
    """Return what this file calls an unknown key that other programs have; None where it is none of those."""
    tables = [part for part in path[:-1] if isinstance(part, str)]
    return _OURS.get((".".join(tables), str(path[-1]).lower().replace("-", "_")))
