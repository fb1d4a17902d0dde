"""Secrets are masked wherever they stand in what is shown, stored or logged."""

from collections.abc import Iterable

MASK = "***"

_SHORTEST = 4  # masking shorter ones would garble every word


def masked(text: str, secrets: Iterable[str]) -> str:
    """Return a text with every secret of at least four characters replaced, the longest first."""
    # longest first: a key that contains another secret would keep its other half
    for secret in sorted({secret for secret in secrets if len(secret) >= _SHORTEST}, key=len, reverse=True):
        text = text.replace(secret, MASK)
    return text
