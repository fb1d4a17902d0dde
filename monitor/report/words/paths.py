"""Where pages are: their paths, and links to them."""

from dataclasses import dataclass
from datetime import date
from urllib.parse import quote

from monitor.core.history.calendar import Span


def model_path(provider: str, model: str) -> str:
    """Return the path of a model's page; the slashes of an id stay, everything unsafe is encoded."""
    return f"/models/{quote(provider, safe='')}/{quote(model, safe='/', errors='surrogatepass')}"


def changes_path(day: date) -> str:
    """Return the path of a day's changes."""
    return f"/changes/{day}"


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses below the one that readers reach the pages at; an empty `base` gives paths."""

    base: str

    def model(self, provider: str, model: str) -> str:
        """Return the address of a model's page."""
        return self._below(model_path(provider, model))

    def day(self, day: date) -> str:
        """Return the address of a day's changes."""
        return self._below(changes_path(day))

    def span(self, span: Span) -> str:
        """Return the address of a day's changes, that of the list of days for several."""
        return self.day(span.first) if span.days == 1 else self._below("/changes")

    def _below(self, path: str) -> str:
        return f"{self.base.rstrip('/')}{path}"
