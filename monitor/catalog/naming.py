"""What a catalog's ids are called in requests: some write a prefix before each that requests need not."""

from dataclasses import replace

from monitor.catalog.reading import NO_USABLE_ID, CatalogReading, CatalogTrouble
from monitor.core.domain.vocabulary import Cause


def without_prefix(reading: CatalogReading, prefix: str) -> CatalogReading:
    """Return the reading with the ids as requests have them; the first of two that become equal is kept."""
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
