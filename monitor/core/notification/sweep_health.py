"""Whether the sweeps of all providers give verdicts, as the one state that a common heartbeat reports.

If every sweep reported its own end there, a provider in trouble beside a healthy one would turn the state at
every sweep. So a sweep counts for its own provider only, and the state is bad while any provider's count is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Lapse:
    """Sweeps in a row without a verdict: how many, and the cause of the latest."""

    count: int
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepHealth:
    """The lapses of all providers.

    `confirm_down` says of a provider how many sweeps in a row without a verdict are a failure; one less is
    forgiven. A provider that it does not name is never a failure.
    """

    confirm_down: Mapping[str, int]
    lapses: Mapping[str, Lapse] = field(default_factory=dict)

    def after(self, provider: str, cause: str | None, *, is_silent: bool = False) -> "SweepHealth":
        """Return the state after a provider's sweep; `cause` is None where it was conclusive.

        In a maintenance window (`is_silent`) a sweep without a verdict changes nothing, a conclusive one ends
        the lapse as ever.
        """
        others = {name: lapse for name, lapse in self.lapses.items() if name != provider}
        if cause is None:
            return replace(self, lapses=others)
        if is_silent or provider not in self.confirm_down:
            return self
        before = self.lapses.get(provider)
        # no more is counted than matters, so that a restart finds the same state in the latest sweeps
        count = min((before.count if before else 0) + 1, self.confirm_down[provider])
        return replace(self, lapses={**others, provider: Lapse(count, cause)})

    @property
    def failing(self) -> Mapping[str, str]:
        """The providers whose lapse is longer than is forgiven, by name, with their latest cause."""
        return {
            name: lapse.cause
            for name, lapse in sorted(self.lapses.items())
            if lapse.count >= self.confirm_down[name]
        }
