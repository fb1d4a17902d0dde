"""Where pages are, below the address that the face is served at."""

from datetime import date
from urllib.parse import quote


def model_path(provider: str, model: str) -> str:
    """Return the path of a model's page; the slashes of an id stay, everything unsafe is encoded."""
    return f"/models/{quote(provider, safe='')}/{quote(model, safe='/', errors='surrogatepass')}"


def changes_path(day: date) -> str:
    """Return the path of a day's changes."""
    return f"/changes/{day}"
