"""What another process of this machine is doing, in words for people."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

# proc(5): the field after the name, which may hold spaces and parentheses
_STATES: Final[Mapping[str, str]] = {
    "T": "stopped: `kill -CONT` lets it go on, `kill -KILL` ends it",
    "t": "stopped by a debugger",
    "D": "waiting for a disk that does not answer",
    "Z": "ended, but its parent has not noticed",
    "X": "ended",
}


def process_state(pid: int) -> str:
    """Return what a process does: `running`, or why it does nothing; empty where that cannot be known."""
    try:
        line = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        letter = line.rpartition(")")[2].split()[0]
    except (OSError, IndexError):  # another machine's, another container's, or no /proc here
        return ""
    return _STATES.get(letter, "running")
