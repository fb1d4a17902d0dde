"""The callback that reports the progress of a long task."""

from collections.abc import Callable

OnProgress = Callable[[str, int, int], None]
"""Is given the piece of work, how much of it is done, and of how much."""
