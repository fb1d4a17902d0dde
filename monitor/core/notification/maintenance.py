"""A maintenance window that is running: what it covers, since when and until when."""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.domain.patterns import matches

EVERY_MODEL = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunningWindow:
    """One window; `provider` and `models` are the patterns of the configuration (rules.md 41)."""

    provider: str
    models: tuple[str, ...]
    began_at: datetime
    ends_at: datetime

    def concerns(self, provider: str) -> bool:
        """Say whether it covers a provider, or some of its models."""
        return matches(provider, (self.provider,))

    def covers(self, provider: str, model: str) -> bool:
        """Say whether it covers this model."""
        return self.concerns(provider) and matches(model, self.models)
