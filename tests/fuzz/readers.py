"""Everything that reads what others wrote: whatever the bytes are, only the product's own errors come out.

The property tests and the fuzzer (`make fuzz`) feed the same functions.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType

from monitor.app.tasks.import_files import checked_records
from monitor.catalog.document import Unreadable
from monitor.catalog.page import read_page
from monitor.config import parse_settings
from monitor.core.answer.answer import read_answer
from monitor.core.answer.dates import announced_end, read_moment
from monitor.core.answer.exchange import Exchange
from monitor.core.answer.retry_after import read_wait, retry_after_s, used_up_for_s
from monitor.core.request.forms import PLAIN_CHAT
from monitor.errors import MonitorError
from monitor.report.formats.blog_files import Origin, kind_of_file, read_results
from monitor.report.formats.records import format_record, parse_record
from monitor.spool.record import format_spooled, parse_spooled
from monitor.store.connection.codecs import stable_json

NOW = datetime(2026, 11, 21, tzinfo=UTC)
_URL = "https://provider.test/v1/models"
_HEADERS = (
    "retry-after",
    "retry-after-ms",
    "x-ratelimit-reset",
    "x-ratelimit-reset-requests",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-limit-requests",
    "anthropic-ratelimit-requests-reset",
    "anthropic-ratelimit-requests-remaining",
    "date",
    "deprecation",
    "sunset",
    "link",
    "content-type",
    "nvcf-status",
    "x-litellm-attempted-fallbacks",
)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def catalog(data: bytes) -> None:
    """Read a page of a model list: a line with a Link header, then the body."""
    link, _, body = _text(data).partition("\n")
    with suppress(Unreadable):
        page = read_page(body, url=_URL, link=link)
        assert all(len(name.encode()) <= 512 for name in page.ids)
        assert page.rejected <= page.rows


def headers(data: bytes) -> None:
    """Read an answer whose headers are the lines, one for each name that is read."""
    values = dict(zip(_HEADERS, data.decode("latin-1").split("\n"), strict=False))
    waits = (retry_after_s(values, "", NOW), used_up_for_s(values, NOW), read_wait(values, "", NOW).stated_s)
    for wait in waits:
        assert wait is None or 0 <= wait <= 86_400
    for moment in (announced_end(values), *map(read_moment, values.values())):
        assert moment is None or moment.tzinfo is not None
    for status in (200, 429, 503):
        exchange = Exchange(http_status=status, headers=values, body="{}")
        read_answer(exchange, PLAIN_CHAT, "acme/model", now=NOW, at_ms=0)


def settings(data: bytes) -> None:
    """Read a configuration."""
    with suppress(MonitorError):
        parse_settings(_text(data), "config.toml")


def record(data: bytes) -> None:
    """Read a sweep record; what is read is written and read back unchanged."""
    with suppress(MonitorError):
        sweep = parse_record(_text(data), "line 1")
        assert parse_record(format_record(sweep), "again") == sweep


def results(data: bytes) -> None:
    """Read a result file, as the blog's script writes it."""
    text = _text(data)
    kind_of_file("nvidia_test_results_20260406_120000.txt", text.splitlines())
    with suppress(MonitorError):
        read_results(text, "nvidia_test_results_20260406_120000.txt", Origin())


def spooled(data: bytes) -> None:
    """Read a spooled sweep; what is read is written and read back unchanged."""
    with suppress(MonitorError):
        kept = parse_spooled(data, "a.sweep")
        assert parse_spooled(format_spooled(kept), "again") == kept


def sealed(data: bytes) -> None:
    """Read a spooled sweep whose checksum fits whatever stands in it: two lines, the record and its seal."""
    line, _, text = data.partition(b"\n")
    try:
        document = json.loads(text)
        seal = {name: value for name, value in document["seal"].items() if name != "sha256"}
        signed = line + b"\n" + stable_json(seal).encode("utf-8", "surrogatepass")
        whole = json.dumps({"seal": {**seal, "sha256": hashlib.sha256(signed).hexdigest()}})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return
    spooled(line + b"\n" + whole.encode() + b"\n")


def imported(data: bytes, directory: Path) -> None:
    """Read a whole file to import, whatever kind it is."""
    file = directory / "import.jsonl"
    file.write_bytes(data)
    with suppress(MonitorError), checked_records([file]) as sweeps:
        list(sweeps)


READERS: Mapping[str, Callable[[bytes], None]] = MappingProxyType(
    {
        "catalog": catalog,
        "headers": headers,
        "settings": settings,
        "record": record,
        "results": results,
        "spooled": spooled,
        "sealed": sealed,
    }
)
