"""A pytest plugin, `-p tests.support.minimum_httpx`: httpx2 looks as if it were not installed."""

import sys

# import raises ImportError for what is None here
sys.modules["httpx2"] = sys.modules["httpcore2"] = None  # type: ignore[assignment]
