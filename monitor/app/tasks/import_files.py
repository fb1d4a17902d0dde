"""Files of sweeps: records, one JSON object a line, out and in; result files in. `-` is a standard stream."""

import codecs
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

from monitor.app.files.input import decoded, lines_of, open_stream
from monitor.app.files.output import output
from monitor.core.domain.sweep import Sweep
from monitor.errors import RecordError, UsageError
from monitor.report.formats.blog_files import (
    FileKind,
    Origin,
    ResultFile,
    hosted_words,
    kind_of_file,
    read_results,
)
from monitor.report.formats.delimited import found_export
from monitor.report.formats.records import parse_record
from monitor.spool.record import SEAL, check_seal

OnResults = Callable[[Path, ResultFile], None]

_LONGEST_RESULTS = 16 * 1024 * 1024  # bytes; a real one has some hundred lines


def write_lines(lines: Iterable[str], file: Path) -> int:
    """Write records to a file, which appears whole or not at all; returns how many. Raises as `output`."""
    count = 0
    with output(file) as out:
        for count, line in enumerate(lines, start=1):  # noqa: B007 - the last number is the count
            out.write(f"{line}\n".encode())
    return count


@contextmanager
def checked_records(
    files: Sequence[Path], origin: Origin | None = None, on_results: OnResults = lambda _file, _results: None
) -> Iterator[Iterator[Sweep]]:
    """Give the sweeps of files of records, and of result files, after every line of every file was checked.

    `origin` is what the user says of result files, `on_results` is called with each of them. Records are read
    twice, so memory does not grow with them. Raises RecordError naming file and line.
    """
    with ExitStack() as stack:
        opened = [(file, stack.enter_context(open_stream(file))) for file in files]
        sources = [_source(file, stream, origin, on_results) for file, stream in opened]
        yield (sweep for source in sources for sweep in source())


def _source(
    file: Path, stream: BinaryIO, origin: Origin | None, on_results: OnResults
) -> Callable[[], Iterable[Sweep]]:
    """Check a file; return what gives its sweeps."""
    name = str(file)
    first = next(lines_of(name, stream), b"").decode("utf-8", "replace")  # a binary file is refused below
    if words := found_export(first):
        raise RecordError(
            f"{name}: {words}, which lacks what an import needs: export with --format sweeps instead"
        )
    kind = kind_of_file(file.name, (line.decode("utf-8", "replace") for line in lines_of(name, stream)))
    if kind is FileKind.HOSTED:
        raise RecordError(f"{name}: {hosted_words(file.name)}")
    if kind is FileKind.RESULTS:
        results = read_results(_text(name, stream), file.name, origin or Origin())
        on_results(file, results)
        return lambda: [results.sweep]
    if origin is not None:
        raise UsageError(
            f"{name}: is no result file: sweep records name their provider and time themselves, "
            "without --provider, --at and --timezone"
        )
    for _ in _records(name, stream):
        pass
    return lambda: _records(name, stream)


def _text(name: str, stream: BinaryIO) -> str:
    content = bytearray()
    for line in lines_of(name, stream):
        content += line
        if len(content) > _LONGEST_RESULTS:
            raise RecordError(f"{name}: is too large for a result file")
    return decoded(bytes(content), name)


def _records(name: str, stream: BinaryIO) -> Iterator[Sweep]:
    before = b""
    for number, line in enumerate(lines_of(name, stream), start=1):
        where = f"{name}:{number}"
        if line.startswith(SEAL):  # a record of the spool
            check_seal(before, line, where)
        elif line.strip():
            before = line.rstrip(b"\n")
            plain = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line  # editors on Windows
            yield parse_record(decoded(plain, where), where)
