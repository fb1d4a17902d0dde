"""What reading a model list gave, as values, and the ids as requests have them."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from monitor.core.domain.vocabulary import Cause
from monitor.core.planning.inputs import CatalogEntry

ANOTHERS_PAGE = ": base_url is a website's, or a network's log-in page answers in its place"
NO_USABLE_ID = "no row of the catalog has a usable id"


@dataclass(frozen=True, slots=True)
class CatalogTrouble:
    """Why a catalog cannot be believed; the detail is redacted.

    `lists_nothing` says that the provider answered, and has no list at this address or an empty one.
    """

    cause: Cause
    detail: str
    http_status: int | None = None
    lists_nothing: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogReading:
    """What reading a catalog gave.

    `ids` are in the catalog's order, the first of equal ones kept; empty unless `complete`. `duplicates`
    counts the repetitions, `rejected` the rows without an id that can be tracked (rules.md 33), `requests`
    the pages asked. `entries` holds the ids of which the catalog says more than that they are there.
    `is_litellm` says that every row is like LiteLLM's.
    """

    ids: tuple[str, ...] = ()
    duplicates: int = 0
    rejected: int = 0
    requests: int = 0
    trouble: CatalogTrouble | None = None
    entries: Mapping[str, CatalogEntry] = field(default_factory=dict)
    is_litellm: bool = False

    @property
    def complete(self) -> bool:
        """Whether the list was read to its last page and is not empty."""
        return self.trouble is None


def without_prefix(reading: CatalogReading, prefix: str) -> CatalogReading:
    """Return the reading with ids as requests have them, without their list's prefix; of equals the first."""
    if not prefix or not reading.complete:
        return reading
    names = {id_: id_.removeprefix(prefix) for id_ in reading.ids}
    ids = dict.fromkeys(name for name in names.values() if name)
    rejected = sum(not name for name in names.values())
    first = dict(zip(reversed(names.values()), reversed(names.keys()), strict=True))
    entries = {name: entry for name, id_ in first.items() if (entry := reading.entries.get(id_))}
    return replace(
        reading,
        ids=tuple(ids),
        duplicates=reading.duplicates + len(names) - len(ids) - rejected,
        rejected=reading.rejected + rejected,
        entries={name: entries[name] for name in ids if name in entries},
        trouble=None if ids else CatalogTrouble(Cause.CATALOG_UNREADABLE, NO_USABLE_ID),
    )
