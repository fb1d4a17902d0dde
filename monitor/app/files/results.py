"""The result files of a sweep, in a directory."""

from pathlib import Path
from typing import Final

from monitor.atomic import write_atomically
from monitor.core.domain.sweep import Sweep
from monitor.errors import UsageError
from monitor.report.formats.result_files import result_texts

_READABLE_BY_ALL: Final = 0o644  # ids and statuses, no secret


def write_result_files(directory: Path, sweep: Sweep) -> list[Path]:
    """Write both result files of a sweep, each whole or not at all. Raises UsageError."""
    texts = {directory / name: text for name, text in result_texts(sweep).items()}
    for file, text in texts.items():
        try:
            write_atomically(file, text.encode(), mode=_READABLE_BY_ALL)
        except OSError as error:
            raise UsageError(f"{file}: cannot be written: {error.strerror}") from None
    return list(texts)
