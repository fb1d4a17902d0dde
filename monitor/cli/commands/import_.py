"""`monitor import`: past sweeps into the history, from sweep records and from result files."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from monitor.app.tasks.import_files import checked_records
from monitor.cli.terminal.bar import Bar
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.moments import parse_when
from monitor.cli.terminal.output import note, say
from monitor.core.domain.sweep import Sweep
from monitor.errors import UsageError
from monitor.report.formats.blog_files import Origin, ResultFile
from monitor.report.words.numbers import counted
from monitor.report.words.outcomes import outcome_counts
from monitor.report.words.times import moment_words
from monitor.store.write.import_export import Imported, add_sweeps

_SHOWN_LINES = 20


def _refusal(imported: Imported) -> str:
    """Say what was refused, and what an operator can do."""
    kept = ", ".join(f"{name} from {day} on" for name, day in imported.first_days)
    return (
        f"{counted(imported.refused, 'sweep')} refused: older than what is kept of {kept}, and rows derived "
        "from pruned observations cannot be derived again. Import old sweeps before the first prune, or into "
        "a separate database"
    )


def as_zone(_context: click.Context, _option: click.Parameter, name: str | None) -> tzinfo | None:
    """Read an option such as `Europe/Berlin`, for click's `callback`."""
    try:
        return None if name is None else ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # IsADirectoryError for "Europe", ValueError for "../x"
        raise click.BadParameter(f'"{name}" is not a time zone such as "Europe/Berlin"') from None


@click.command("import")
@click.option(
    "--provider", metavar="NAME", help="Provider of the result files [default: from the file name]."
)
@click.option(
    "--timezone",
    "zone",
    metavar="ZONE",
    callback=as_zone,
    help="Time zone of the timestamps in file names [default: UTC].",
)
@click.option("--at", metavar="WHEN", help="Time of a result file whose name has no timestamp.")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@pass_context
def import_records(
    context: Context,
    *,
    provider: str | None,
    zone: tzinfo | None,
    at: str | None,
    files: tuple[Path, ...],
) -> None:
    """Import past sweeps from FILES (`-` is stdin; gzip is recognised) into the history.

    FILES hold sweep records, or results of the blog post's script or of `monitor sweep --output-dir`.
    Every line is checked before the first is stored. Importing a sweep again changes nothing.

    Example: monitor import april.jsonl.gz nvidia_test_results_20260406_120000.txt
    """
    origin = _origin(provider, zone, at, len(files))
    rough = set[tuple[str, datetime]]()  # a result file knows only the second of its start (rules.md 30)

    def report(file: Path, results: ResultFile) -> None:
        rough.add((results.sweep.provider, results.sweep.started_at))
        for words in _remarks(results, is_zone_given=zone is not None):
            note(f"{file}: {words}")

    with Bar() as bar:
        bar.show("checking", 0, None)
        with checked_records(files, origin, report) as sweeps:
            imported = add_sweeps(
                context.app.prepared(),
                bar.counted("sweeps", sweeps, then="deriving what follows from them"),
                context.app.settings.policy_of,
                is_rough=lambda sweep: (sweep.provider, sweep.started_at) in rough,
            )
    say(f"{counted(imported.added, 'sweep')} imported, {imported.already_there} already there")
    if imported.refused:
        raise UsageError(_refusal(imported))


def _origin(provider: str | None, zone: tzinfo | None, at: str | None, files: int) -> Origin | None:
    """Return what was said of result files; None where nothing was."""
    if at is not None and (files > 1 or zone is not None):  # several files cannot have one time
        raise UsageError("--at applies to one file, and excludes --timezone")
    if provider is None and zone is None and at is None:
        return None
    return Origin(provider=provider, at=None if at is None else parse_when(at), zone=zone or UTC)


def _remarks(results: ResultFile, *, is_zone_given: bool) -> Iterator[str]:
    sweep = results.sweep
    yield f"results of {sweep.provider} of {moment_words(sweep.started_at)}: {_outcomes(sweep)}"
    if results.nameless:
        lines = ", ".join(map(str, results.nameless[:_SHOWN_LINES]))
        more = f" and {len(results.nameless) - _SHOWN_LINES} more" if results.nameless[_SHOWN_LINES:] else ""
        yield (
            f"{counted(len(results.nameless), 'line')} without a model id skipped: {lines}{more}; "
            "their models count as not listed"
        )
    if results.zone_word and not is_zone_given:
        yield f"its time zone {results.zone_word} was read as UTC: see --timezone"


def _outcomes(sweep: Sweep) -> str:
    words = outcome_counts(Counter(observation.outcome for observation in sweep.observations))
    repeated = f"; {counted(sweep.duplicates, 'duplicate line')}" if sweep.duplicates else ""
    rejected = f"; {counted(sweep.rejected, 'id')} that cannot be tracked" if sweep.rejected else ""
    return f"{counted(len(sweep.listed), 'model')}: {words}{repeated}{rejected}"
