"""`monitor export` and `monitor import`: sweep records (contract.md), one JSON object a line."""

import sys
from pathlib import Path

import click

from monitor.app.exchange import checked_records, write_records
from monitor.cli.context import Context, pass_context, provider_option
from monitor.cli.output import counted, forget, note, say
from monitor.cli.when import parse_when


@click.command("export")
@click.option("--format", "format_", type=click.Choice(["sweeps"]), default="sweeps", show_default=True)
@click.option("--since", metavar="WHEN", help="From this moment on: 2026-04-06, 2026-04-06T12:00Z or 7d.")
@click.option("--until", metavar="WHEN", help="Before this moment.")
@provider_option
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@pass_context
def export_records(
    context: Context, *, format_: str, since: str | None, until: str | None, provider: str | None, file: Path
) -> None:
    """Write sweep records to FILE (`-` is stdout, `.gz` compresses); importing them gives the same history.

    Example: monitor export --format sweeps --since 30d april.jsonl.gz
    """
    del format_  # sweep records are the one form there is so far
    moments = [None if when is None else parse_when(when) for when in (since, until)]
    sweeps = context.app.read_sweeps(since=moments[0], until=moments[1], provider=provider)
    try:
        count = write_records(sweeps, file)
    except BrokenPipeError:
        forget(sys.stdout)
    else:
        note(f"{counted(count, 'sweep')} exported")


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(dir_okay=False, path_type=Path))
@pass_context
def import_records(context: Context, *, files: tuple[Path, ...]) -> None:
    """Read sweep records from FILES (`-` is stdin; gzip is recognised) into the history as past sweeps.

    Every line is checked before the first is stored. Importing a sweep again changes nothing.

    Example: monitor import april.jsonl.gz
    """
    with checked_records(files) as sweeps:
        imported = context.app.add_sweeps(sweeps)
    say(f"{counted(imported.added, 'sweep')} imported, {imported.already_there} already there")
