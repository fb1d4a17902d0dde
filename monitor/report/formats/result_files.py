"""The two files of the blog post this project began from, without its faults: no key, and real model ids."""

from collections import Counter

from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import ANSWERED
from monitor.report.words.outcomes import outcome_counts
from monitor.report.words.times import short_moment


def result_texts(sweep: Sweep) -> dict[str, str]:
    """Return the files by name: `<provider>_hosted_models_<time>.txt`, `<provider>_test_results_<time>.txt`.

    The first holds the ids that answered, the second all. The time is the sweep's start in UTC.
    """
    answered = (row.model for row in sweep.observations if row.outcome in ANSWERED)
    stamp = f"{sweep.started_at:%Y%m%d_%H%M%S}"  # as the script's own names, so that they sort by time
    return {
        f"{sweep.provider}_hosted_models_{stamp}.txt": "".join(f"{model}\n" for model in answered),
        f"{sweep.provider}_test_results_{stamp}.txt": results_text(sweep),
    }


def results_text(sweep: Sweep) -> str:
    """Return the file of all models, which `read_results` reads back."""
    head = [
        f"# Every listed model of {sweep.provider} and what one small request to it gave",
        f"# Tested: {short_moment(sweep.started_at)} UTC",
        f"# Verdict: {sweep.verdict}" + (f" ({sweep.cause})" if sweep.cause else ""),
        f"# Listed: {len(sweep.listed)} models, {sweep.duplicates} duplicate rows",
        # the reader skips it: it is for people
        f"# {outcome_counts(Counter(row.outcome for row in sweep.observations))}",
        "",
    ]
    return "\n".join([*head, *map(_line, sweep.observations)]) + "\n"


def _line(observation: Observation) -> str:
    answer = f"HTTP {observation.http_status}" if observation.http_status else "no response"
    # codes, as the file is read back, also by older versions
    return f"{observation.model} ({answer}, {observation.outcome}: {observation.reason})"
