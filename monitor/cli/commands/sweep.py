"""`monitor sweep`: one sweep now, with live progress, the ids that answered on stdout."""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import click

from monitor.app.files.results import write_result_files
from monitor.app.tasks.sweep_now import sweep_now
from monitor.cli.terminal.context import Context, pass_context
from monitor.cli.terminal.options import json_option, provider_option
from monitor.cli.terminal.output import note, print_json, say_id
from monitor.cli.terminal.sweep_progress import LiveSpectator, PlainSpectator
from monitor.core.domain.vocabulary import ANSWERED
from monitor.errors import NoVerdict, UsageError
from monitor.process import loop
from monitor.report.formats.sweep_documents import sweep_document, sweep_words
from monitor.report.words.codes import cause_words
from monitor.sweep import Swept


@click.command()
@provider_option
@click.option(
    "--output-dir",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Also write both result files (<provider>_hosted_models_<time>.txt, "
    "<provider>_test_results_<time>.txt) to DIR.",
)
@json_option
@pass_context
def sweep(context: Context, *, providers: Sequence[str], output_dir: Path | None, as_json: bool) -> None:
    """Sweep the catalog now, record it, and print the ids that answered, one per line.

    Safe beside a running daemon: it waits for a sweep of the same provider that is under way.

    Example: monitor sweep --provider nvidia --output-dir results
    """
    if output_dir:
        _make_writable(output_dir)
    # a bar in a log file is noise
    live = LiveSpectator() if sys.stderr.isatty() else nullcontext(PlainSpectator())
    with live as spectator:
        swept, errors = loop.run(sweep_now(context.app, providers, spectator.watch))
    for result in swept:
        note(sweep_words(result.sweep, result.decision))
        for path in write_result_files(output_dir, result.sweep) if output_dir else ():
            note(f"written: {path}")
    _print(swept, as_json=as_json)
    if troubles := [result for result in swept if result.decision.cause]:
        errors.append(NoVerdict("; ".join(_inconclusive(result) for result in troubles)))
    for error in errors[1:]:
        note(f"monitor: {error}")
    if errors:
        raise errors[0]  # the first error decides the exit code, the others are printed


def _make_writable(directory: Path) -> None:
    """Find out before the sweep, not after it, that its files have nowhere to go."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".monitor-write-test"  # a mount may be read-only where permissions say nothing
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise UsageError(f"--output-dir {directory}: cannot be written: {error.strerror}") from None


def _print(swept: list[Swept], *, as_json: bool) -> None:
    if as_json:
        print_json([sweep_document(result.sweep_id, result.sweep, result.decision) for result in swept])
        return
    for result in swept:
        for observation in result.sweep.observations:
            if observation.outcome in ANSWERED:
                say_id(observation.model)


def _inconclusive(swept: Swept) -> str:
    why = f": {swept.sweep.detail}" if swept.sweep.detail else ""
    return f"the sweep of {swept.sweep.provider} is inconclusive ({cause_words(swept.decision.cause)}){why}"
