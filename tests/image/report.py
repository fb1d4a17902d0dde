"""One line a step, and the count at the end."""

import time
from collections.abc import Callable

from tests.image.shell import StepFailed, say


class Report:
    """Runs steps, writes their lines and counts them."""

    def __init__(self) -> None:
        self.passed = 0
        self.failed = 0

    def step(self, what: str, act: Callable[[], str]) -> bool:
        """Run one step and write its line; return whether it passed."""
        begun = time.monotonic()
        try:
            words = act()
        except StepFailed as error:
            return self._line("FAIL", what, str(error), begun)
        return self._line("ok", what, words, begun)

    def end(self) -> int:
        """Write the count; return the exit code, 1 when a step failed or none ran."""
        say(f"{self.passed} passed, {self.failed} failed")
        return 1 if self.failed or not self.passed else 0

    def _line(self, mark: str, what: str, words: str, begun: float) -> bool:
        is_ok = mark == "ok"
        self.passed += is_ok
        self.failed += not is_ok
        say(f"{mark:4} {what}: {words} ({time.monotonic() - begun:.1f} s)")
        return is_ok
