"""How the files of a spool are called: digests tell providers, vantages and databases apart."""

import hashlib
from typing import Final

_DIGITS: Final = 8


def digest(*parts: str) -> str:
    """Return a short name for these texts, different for others."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:_DIGITS]
