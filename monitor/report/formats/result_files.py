"""The two files of the blog post this project began from, without its faults: no key, and real model ids."""

import os
import tempfile
from collections import Counter
from pathlib import Path

from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import ANSWERED, Outcome
from monitor.errors import UsageError
from monitor.report.words.times import short_moment


def write_result_files(directory: Path, sweep: Sweep) -> tuple[Path, Path]:
    """Write `<provider>_hosted_models_<time>.txt` (ids) and `<provider>_test_results_<time>.txt` (all).

    The time is the sweep's start in UTC. Each file appears whole or not at all. Raises UsageError.
    """
    stamp = f"{sweep.started_at:%Y%m%d_%H%M%S}"
    hosted = directory / f"{sweep.provider}_hosted_models_{stamp}.txt"
    results = directory / f"{sweep.provider}_test_results_{stamp}.txt"
    _write(hosted, _hosted_text(sweep))
    _write(results, _results_text(sweep))
    return hosted, results


def _hosted_text(sweep: Sweep) -> str:
    return "".join(f"{seen.model}\n" for seen in sweep.observations if seen.outcome in ANSWERED)


def _results_text(sweep: Sweep) -> str:
    counts = Counter(seen.outcome for seen in sweep.observations)
    head = [
        f"# Every listed model of {sweep.provider} and what one small request to it gave",
        f"# Tested: {short_moment(sweep.started_at)} UTC",
        f"# Verdict: {sweep.verdict}" + (f" ({sweep.cause})" if sweep.cause else ""),
        f"# Listed: {len(sweep.listed)} models, {sweep.duplicates} duplicate rows",
        "# " + ", ".join(f"{outcome}: {counts[outcome]}" for outcome in Outcome),
        "",
    ]
    return "\n".join([*head, *(_line(seen) for seen in sweep.observations)]) + "\n"


def _line(seen: Observation) -> str:
    answer = f"HTTP {seen.http_status}" if seen.http_status else "no response"
    return f"{seen.model} ({answer}, {seen.outcome}: {seen.reason})"


def _write(path: Path, text: str) -> None:
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            file.write(text)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        raise UsageError(f"{path}: cannot be written: {error.strerror}") from None
