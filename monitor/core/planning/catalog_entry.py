"""What a catalog says of a model beside its id."""

from dataclasses import dataclass
from datetime import datetime

from monitor.core.request.forms import Route


@dataclass(frozen=True, slots=True)
class CatalogNote:
    """What one row says: when the model is to end, that it is on its way out, which route serves it.

    `retires_at` is aware UTC in whole milliseconds. `is_flagged` is a mark without a date. `route` is None
    where the row does not say, or nothing that is sure; `is_unaskable` says that it names a kind that no
    route asks, such as transcription.
    """

    retires_at: datetime | None = None
    is_flagged: bool = False
    route: Route | None = None
    is_unaskable: bool = False

    @property
    def says_kind(self) -> bool:
        """Whether the row tells of which kind its model is."""
        return self.route is not None or self.is_unaskable


NOTHING_NOTED = CatalogNote()
