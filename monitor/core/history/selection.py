"""Which models a question is about: those that are watched, unless more is asked for (rules.md 34).

Every command and address that lists models goes by this, so that all of them name the same ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.core.domain.policy import Policy
from monitor.core.lifecycle.fold import is_tracked


@dataclass(frozen=True, slots=True)
class Watched:
    """The providers of the configuration, each with the policy whose patterns say which models are probed."""

    policies: Mapping[str, Policy]

    def covers(self, provider: str, model: str | None) -> bool:
        """Whether a model is still probed, or where that is None, whether its provider is."""
        policy = self.policies.get(provider)
        return policy is not None and (model is None or is_tracked(model, policy))


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """What is asked for: all watched models, or those of the providers that are named.

    A named provider counts even if it left the configuration. `is_all` adds what is not watched: other such
    providers, and models that `include` and `exclude` leave out.
    """

    watched: Watched
    providers: frozenset[str] = frozenset()
    is_all: bool = False

    def has(self, provider: str) -> bool:
        """Whether the providers asked for include this one, watched or not."""
        return not self.providers or provider in self.providers

    def covers(self, provider: str, model: str | None) -> bool:
        """Whether a model is asked for, or where that is None, an event of the provider."""
        if not self.has(provider):
            return False
        is_named = provider in self.providers and provider not in self.watched.policies
        return self.is_all or is_named or self.watched.covers(provider, model)
