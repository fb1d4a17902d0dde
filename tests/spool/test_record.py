"""A record of the spool comes back as it went in, and a damaged one never passes for a sound one."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.policy import Policy
from monitor.core.planning.inputs import Knowledge
from monitor.core.request.forms import RequestForm, Route
from monitor.errors import RecordError
from monitor.report.formats.records import format_record
from monitor.spool.record import SpoolRecord, check_seal, format_spooled, parse_spooled
from monitor.store.connection.codecs import stable_json
from monitor.store.write.replay import LateSweep
from tests.fuzz.valid import SPOOLED
from tests.report.formats.test_records import ids, moments, sweeps, words

KNOWLEDGE = st.builds(
    Knowledge,
    form=st.none() | st.builds(RequestForm, st.sampled_from(Route)),
    searched_at=st.none() | moments,
    searches=st.integers(0, 9),
    wrong=st.lists(st.sampled_from(Route), max_size=2).map(tuple),
    looks=st.integers(0, 9),
)
POLICIES = st.builds(Policy, confirm_down=st.integers(1, 9), exclude=st.lists(words, max_size=2).map(tuple))
RECORDS = st.builds(
    SpoolRecord,
    late=st.builds(
        LateSweep,
        sweep=sweeps(),
        policy=POLICIES,
        token=st.text("0123456789abcdef", min_size=16, max_size=16),
        learned=st.dictionaries(ids, KNOWLEDGE, max_size=3),
    ),
    database=words,
    sweep_id=st.none() | st.integers(0, 2**31 - 1),
).map(lambda record: replace(record, late=replace(record.late, has_row=record.sweep_id is not None)))


@given(RECORDS)
def test_a_record_reads_back_and_its_first_line_is_the_sweep_record(record: SpoolRecord) -> None:
    content = format_spooled(record)
    assert parse_spooled(content, "x") == record
    line, seal, rest = content.split(b"\n")
    assert (line.decode(), rest) == (format_record(record.late.sweep), b"")
    check_seal(line, seal, "x")


@given(RECORDS, st.data())
def test_whatever_is_cut_or_changed_is_refused_in_words(record: SpoolRecord, data: st.DataObject) -> None:
    content = format_spooled(record)
    place = data.draw(st.integers(0, len(content) - 1))
    before, byte, after = content[:place], content[place], content[place + 1 :]
    other = bytes([byte ^ data.draw(st.integers(1, 255))])
    damaged = data.draw(st.sampled_from([before, before + other + after, before + after]))
    with pytest.raises(RecordError, match=r"^x: "):
        parse_spooled(damaged, "x")


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_content_crashes_the_reader(content: bytes) -> None:
    with pytest.raises(RecordError, match=r"^x: "):
        parse_spooled(content, "x")


@given(RECORDS)
def test_a_record_of_a_newer_version_says_so(record: SpoolRecord) -> None:
    line, seal, _ = format_spooled(record).split(b"\n")
    document = json.loads(seal)
    document["seal"]["version"] = 2
    with pytest.raises(RecordError, match=r"damaged|newer"):
        parse_spooled(line + b"\n" + json.dumps(document).encode() + b"\n", "x")


def test_a_record_that_is_not_utf_8_is_damaged_even_where_its_checksum_fits() -> None:
    """As a disk may return it: the checksum was made of the same bytes."""
    line, seal, _ = SPOOLED.split(b"\n")
    broken = b"\x80" + line
    document = json.loads(seal)["seal"]
    del document["sha256"]
    document["sha256"] = hashlib.sha256(broken + b"\n" + stable_json(document).encode()).hexdigest()
    content = broken + b"\n" + json.dumps({"seal": document}).encode() + b"\n"
    with pytest.raises(RecordError, match=r"^a\.sweep: is not UTF-8$"):
        parse_spooled(content, "a.sweep")
