"""What a process has written of a sweep that it opened, so that none of it is read back or written again."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import ModelOrigin, Observation, Sweep
from monitor.store.facts.identities import Identities


@dataclass(slots=True)
class Progress:
    """A running sweep of the provider `owner` as this process wrote it; by its token no other one writes.

    `tried` are the models whose observations were sent to the database, whatever came of it, `stored` the
    observations that are committed. `catalog_id` is that of the listing, once it is `cataloged`.
    """

    owner: int
    policy_id: int
    policy: Policy
    known: Identities = field(default_factory=Identities)
    tried: set[str] = field(default_factory=set)
    stored: dict[str, Observation] = field(default_factory=dict)
    cataloged: tuple[tuple[str, ...], tuple[ModelOrigin, ...]] | None = None
    catalog_id: int | None = None

    def unstored(self, observations: Iterable[Observation]) -> list[Observation]:
        """Return the observations that are not known to be committed as they are."""
        return [each for each in observations if self.stored.get(each.model) != each]

    def has_catalog_of(self, sweep: Sweep) -> bool:
        """Whether what a sweep's catalog gave is committed as it is."""
        return self.cataloged == (sweep.listed, sweep.origins)

    def keep_catalog(self, known: Identities, sweep: Sweep, catalog_id: int | None) -> None:
        """Take note that the catalog is committed, with the ids that were found for it."""
        self.known, self.cataloged, self.catalog_id = known, (sweep.listed, sweep.origins), catalog_id

    def keep(self, known: Identities, observations: Iterable[Observation]) -> None:
        """Take note that observations are committed, with the ids that were found for them."""
        self.known = known
        self.stored |= {each.model: each for each in observations}
