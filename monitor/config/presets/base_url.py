"""The base URL of a provider: where all its paths begin, and what to write where more or less was copied."""

import re

from monitor.config.presets.apply import preset_of
from monitor.config.values.request_paths import base_of, is_showable
from monitor.config.values.urls import checked_provider_url

_KEY_IN_QUERY = re.compile(r"[?&][\w-]*(?:key|token)=", re.IGNORECASE)


def checked_base_url(url: str) -> str:
    """Return an http(s) address before the paths of requests, without a slash at its end.

    Raises ValueError, with the address to write unless that may hold a key.
    """
    address, words = base_of(checked_provider_url(url))
    own = preset_of(None, url).base_url or ""  # where the host is a known provider's
    if own.startswith(f"{address}/"):  # its API is not at the root of its host, nor halfway
        address, words = own, words or ["is not complete"]
    elif own and address.startswith(f"{own}/"):
        address, words = own, words or [f"has more than the address of the API, {own}"]
    if not words:
        return address
    remedy = f'write "{address}"' if is_showable(address) else "leave that out"
    key = "; a key belongs in api_key_env" if _KEY_IN_QUERY.search(url) else ""
    raise ValueError(f"{' and '.join(words)}; {remedy} (base_url is the address before /models){key}")
