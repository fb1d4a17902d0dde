"""How the files of a spool are called: a digest for each provider, vantage and database."""

import hashlib
from typing import Final

_DIGITS: Final = 8


def digest(*parts: str) -> str:
    """Return a short name for these texts, different for others."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:_DIGITS]
