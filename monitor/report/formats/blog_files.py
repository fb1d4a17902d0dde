"""Result files read back as sweeps: the blog post's script makes them, and `monitor sweep --output-dir`.

The script's heading holds the key it was run with: of headings, and of lines that cannot be read, nothing is
ever shown but their numbers.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum
from itertools import takewhile
from typing import Final

from monitor.core.domain.ids import is_trackable_id
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Verdict
from monitor.errors import RecordError
from monitor.report.formats.blog_lines import Result, is_result_line, read_our_line, read_script_line, settled
from monitor.report.formats.records import format_record, parse_record

DEFAULT_PROVIDER: Final = "nvidia"
STEP: Final = timedelta(milliseconds=100)  # the script waits so long between two models: the least they took

_EXPECTED_NAME: Final = "<provider>_test_results_<YYYYmmdd_HHMMSS>.txt"
_HOSTED, _RESULTS = "_hosted_models_", "_test_results_"
_MOST_LOOKED_AT: Final = 20  # enough to meet a line of results behind a long heading
_STAMP = re.compile(r"(?<!\d)\d{8}_\d{6}(?!\d)")  # alone: a longer run of digits is some other number
_ID_ALONE = re.compile(r"[\w.@:-]+(/[\w.@:-]+)+")  # publisher/name, without blanks
_HEADINGS = ("# Potentially hosted and reachable models", "# Every listed model of ")
_OUR_PROVIDER = re.compile(r"# Every listed model of (.+) and what one small request to it gave")
_OUR_TIME = re.compile(r"# Tested: (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC")
_OUR_VERDICT = re.compile(r"# Verdict: (conclusive|inconclusive)(?: \((.+)\))?")
_OUR_DUPLICATES = re.compile(r"# Listed: \d+ models, (\d{1,9}) duplicate rows")
_DATES_ZONE = re.compile(r"# Tested: .*\b([A-Z]{2,5})(?: \d{4})?")
_NO_ZONES: Final = frozenset({"UTC", "GMT", "AM", "PM"})  # "PM" looks like a zone


class FileKind(StrEnum):
    """What a file to import holds."""

    RECORDS = "records"
    RESULTS = "results"
    HOSTED = "hosted"  # ids that answered, and nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What people say of a result file, None where the file says it; `zone` is that of its name's time."""

    provider: str | None = None
    at: datetime | None = None
    zone: tzinfo = UTC


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultFile:
    """A result file: its sweep, the numbers of the lines that name no model, and a zone its heading names."""

    sweep: Sweep
    nameless: tuple[int, ...]
    zone_word: str | None


def kind_of_file(name: str, lines: Iterable[str]) -> FileKind:
    """Return what a file holds: by its first lines, and by its name where those leave it open."""
    head = list(_first_lines(lines))
    if head and head[0].startswith("{"):  # JSON Lines begin with a brace, no other file does
        return FileKind.RECORDS
    if _HOSTED in name:  # the name decides first: both files of a run have ids as their lines
        return FileKind.HOSTED
    if _RESULTS in name or any(line.startswith(_HEADINGS) or is_result_line(line) for line in head):
        return FileKind.RESULTS
    is_ids = bool(head) and all(map(_ID_ALONE.fullmatch, head))
    return FileKind.HOSTED if is_ids else FileKind.RECORDS


def _first_lines(lines: Iterable[str]) -> Iterator[str]:
    """Give the first lines that are not empty; only one where that is a record, as those are long."""
    number = 0
    for line in lines:
        if text := line.removeprefix("\ufeff").strip():  # editors on Windows write a byte order mark
            yield text
            number += 1
            if number == _MOST_LOOKED_AT or text.startswith("{"):  # a record may have megabytes
                return


def hosted_words(name: str) -> str:
    """Say why a file of hosted models is no sweep, and what to import instead."""
    better = name.replace(_HOSTED, _RESULTS) if _HOSTED in name else _EXPECTED_NAME
    return f"holds only the ids that answered, not the others: import {better} of the same run instead"


def read_results(text: str, name: str, origin: Origin) -> ResultFile:
    """Return what a result file says; `name` is the file's, without its directory.

    A model that repeats keeps its first result and is counted as a duplicate. Raises RecordError naming the
    file.
    """
    # not splitlines: an id may hold U+2028, which it would split at
    lines = [line.removesuffix("\r") for line in text.removeprefix("\ufeff").split("\n")]
    heading = list(takewhile(lambda line: line.startswith("#"), lines))
    numbers = [place for place in range(len(heading), len(lines)) if lines[place].strip()]
    is_ours = any(map(_OUR_PROVIDER.fullmatch, heading))
    if is_ours:
        results = [read_our_line(lines[place]) for place in numbers]
    else:
        results = settled([read_script_line(lines[place]) for place in numbers])
    sweep = _frame(name, origin, heading)
    if not any(results) and sweep.verdict is None:  # a verdict of its own makes an empty sweep meaningful
        raise RecordError(f"{name}: {_nothing_words(len(results))}")
    return ResultFile(
        sweep=parse_record(format_record(_filled(sweep, results)), name),
        nameless=tuple(place + 1 for place, result in zip(numbers, results, strict=True) if result is None),
        zone_word=None if is_ours else _zone_word(heading),
    )


def _nothing_words(lines: int) -> str:
    if not lines:
        return "holds no result of any model"
    return (
        f"none of its {lines} lines names a model: the script as it was printed writes the word model_id; "
        'let its echo lines write "$model" and run it again'
    )


def _frame(name: str, origin: Origin, heading: Sequence[str]) -> Sweep:
    """Return the sweep without its models. Our own heading says more than the script's."""
    ours = _said(_OUR_PROVIDER, heading)
    named = name.partition(_RESULTS)[0] if _RESULTS in name else None
    # our heading is in UTC, the script's clock was its machine's
    started_at = origin.at or _time_of(name, heading, UTC if ours else origin.zone)
    duplicates, verdict = _said(_OUR_DUPLICATES, heading), _said(_OUR_VERDICT, heading)
    return Sweep(
        provider=origin.provider or named or (ours[1] if ours else DEFAULT_PROVIDER),
        started_at=started_at,
        finished_at=started_at,
        duplicates=int(duplicates[1]) if ours and duplicates else 0,
        verdict=Verdict(verdict[1]) if ours and verdict else None,
        cause=verdict[2] if ours and verdict else None,
    )


def _time_of(name: str, heading: Sequence[str], zone: tzinfo) -> datetime:
    try:
        if stamp := _STAMP.search(name):
            # the name wins: the script's heading has the words of `date`, whose zones are ambiguous
            return datetime.strptime(stamp[0], "%Y%m%d_%H%M%S").replace(tzinfo=zone).astimezone(UTC)
        if _said(_OUR_PROVIDER, heading) and (time := _said(_OUR_TIME, heading)):
            return datetime.fromisoformat(time[1]).replace(tzinfo=UTC)
    except (ValueError, OverflowError):  # the year 0000, or a time that UTC moves out of the calendar
        raise RecordError(f"{name}: its name holds an invalid date or time") from None
    raise RecordError(
        f"{name}: it does not say when it was made: name it {_EXPECTED_NAME}, or give the time with --at"
    )


def _said(form: re.Pattern[str], heading: Sequence[str]) -> re.Match[str] | None:
    return next(filter(None, map(form.fullmatch, heading)), None)


def _zone_word(heading: Sequence[str]) -> str | None:
    zone = _said(_DATES_ZONE, heading)
    return None if zone is None or zone[1] in _NO_ZONES else zone[1]  # "PM" matches like a zone


def _filled(sweep: Sweep, results: Sequence[Result | None]) -> Sweep:
    """Put the models into a sweep, in the order and at the pace of the file's lines."""
    observations: dict[str, Observation] = {}
    repeated, rejected = 0, 0
    for place, result in enumerate(results):
        if result is None:
            continue  # a nameless line took its time, too
        if not is_trackable_id(result.model):
            rejected += 1
        elif result.model in observations:
            repeated += 1
        else:
            observations[result.model] = result.observed(place * STEP // timedelta(milliseconds=1))
    return replace(
        sweep,
        finished_at=sweep.started_at + len(results) * STEP,
        listed=tuple(observations),
        observations=tuple(observations.values()),
        duplicates=sweep.duplicates + repeated,
        rejected=rejected,
        requests=sum(result is None or result.is_asked for result in results),
    )
