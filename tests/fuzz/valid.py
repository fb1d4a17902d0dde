"""A valid file for each reader, from which properties and the fuzzer begin."""

import json
from datetime import timedelta

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Outcome, Reason
from monitor.report.formats.records import format_record
from monitor.report.formats.result_files import results_text
from monitor.spool.record import SpoolRecord, format_spooled
from monitor.store.write.replay import LateSweep
from tests.fuzz.readers import NOW
from tests.support.documents import ROOT

SWEEP = Sweep(
    provider="acme",
    started_at=NOW,
    finished_at=NOW + timedelta(minutes=1),
    listed=("acme/one", "acme/two"),
    observations=(
        Observation("acme/one", Outcome.AVAILABLE, Reason.OK, at_ms=5, latency_ms=7),
        Observation("acme/two", Outcome.UNAVAILABLE, Reason.NOT_FOUND, at_ms=9, http_status=404),
    ),
)
PAGE = {"object": "list", "data": [{"id": "acme/one", "created": 1, "owned_by": "acme"}], "has_more": True}
WHEN = "Sat, 21 Nov 2026 00:00:00 GMT"
LINES = ["120", "1500", "1s", "59.9s", "0", "100", NOW.isoformat(), "0", WHEN, "@1793491200", WHEN]
SPOOLED = format_spooled(
    SpoolRecord(late=LateSweep(sweep=SWEEP, policy=Policy(), token="ab"), database="x")  # noqa: S106
)
VALID = {
    "catalog": b'<https://provider.test/v1/models?page=2>; rel="next"\n' + json.dumps(PAGE).encode(),
    "headers": "\n".join(
        [*LINES, "@1793491200", "Sat, 21 Nov 2026 00:00:00 GMT", '<a>; rel="next"']
    ).encode(),
    "settings": (ROOT / "config.example.toml").read_bytes(),
    "record": format_record(SWEEP).encode(),
    "results": results_text(SWEEP).encode(),
    "spooled": SPOOLED,
    "sealed": SPOOLED,
}
