"""The thresholds of the rules: general ones, and overrides for one provider."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field, model_validator

from monitor.config.schema.fields import Age, Count, Percent
from monitor.config.schema.table import Table, impossible


class PolicyOverride(Table):
    """The policy's keys that one provider has differently."""

    confirm_down: Count | None = None
    confirm_up: Count | None = None
    confirm_unlisted: Count | None = None
    confirm_unresponsive: Count | None = None
    retire_after: Age | None = None
    # 2 observations have one place for a change, and the weights divide by n - 2 (rules.md 22)
    flap_window: Annotated[int, Field(ge=3, le=1000)] | None = None
    flap_high: Percent | None = None
    flap_low: Percent | None = None


class PolicySettings(Table):
    """The thresholds of the rules (rules.md 4, 11, 15, 17, 18, 22)."""

    confirm_down: Count = 2
    confirm_up: Count = 1  # one answer proves that the model is there; one failure may be a hiccup
    confirm_unlisted: Count = 2
    confirm_unresponsive: Count = 4  # 45 minutes at the default interval; a cold model may take some
    retire_after: Age = timedelta(days=14)
    flap_window: Annotated[int, Field(ge=3, le=1000)] = 21  # of Nagios, as are the two thresholds
    flap_high: Percent = 30.0
    flap_low: Percent = 20.0

    @model_validator(mode="after")
    def _check(self) -> "PolicySettings":
        if self.flap_low > self.flap_high:  # equal is allowed: it starts and stops at one threshold
            raise impossible(("flap_low", "must not be above flap_high, or flapping would never stop"))
        return self

    def overridden(self, override: PolicyOverride) -> "PolicySettings":
        """Return this policy with another's given keys laid over it, unchecked together."""
        return self.model_copy(update=override.model_dump(exclude_none=True))
