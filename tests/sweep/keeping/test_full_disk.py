"""A spool that cannot be written costs the sweeps of that time alone, and says what to do, once."""

from pathlib import Path

import pytest

from monitor.clock import to_millis
from tests.support import gateway as g
from tests.support.namespaces import isolated, may_isolate


@pytest.mark.skipif(not may_isolate(), reason="a disk can be mounted in namespaces alone")
def test_a_full_and_a_read_only_disk_cost_the_slots_of_that_time_alone(tmp_path: Path) -> None:
    (found,) = isolated("tests.sweep.keeping.full_disk", "run", tmp_path)
    full, again, read_only, small = found["refusals"]
    assert (
        full == again == f"{tmp_path}/spool cannot be written: No space left on device: free some on its disk"
    )
    assert read_only.endswith(
        "spool cannot be written: Read-only file system: mount it for writing, or set "
        "[spool] directory to another place"
    )
    assert small.endswith("or let the database come back")
    assert found["not_spooled"] == 3  # each reason once
    assert (found["refusal_with_room"], found["refusal_at_the_end"]) == ("", "")
    assert found["waiting"] == 2
    assert found["swept"] == [g.hours(hour).hour for hour in (0, 1, 6)]
    missed = dict(found["missed"])
    assert list(missed) == [to_millis(g.hours(hour)) for hour in (2, 3, 4, 7)]
    assert "No space left on device" in missed[to_millis(g.hours(2))]
    assert "Read-only file system" in missed[to_millis(g.hours(4))]
