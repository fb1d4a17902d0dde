"""`monitor db upgrade` of a history that an older version decided: anew by today's rules (rules.md 29)."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, delete, select, text, update

from monitor.core.domain.sweep import Sweep
from monitor.core.domain.vocabulary import EventKind, Outcome, Reason
from monitor.core.history.comparison import How, RowKind
from monitor.core.notification.suppression import Subscription
from monitor.report.formats.records import format_record, parse_record
from monitor.store import schema as t
from monitor.store.admin.migrate import HEAD, SchemaState, Upgraded, schema_state, upgrade
from monitor.store.connection.engine import open_engine, reading, writing
from monitor.store.derived.compare import compare
from monitor.store.derived.redecide import decide_anew
from monitor.store.memory.notifications import Outbox
from monitor.store.write.import_export import read_sweeps
from tests.older.load import SWEEPS, load_history
from tests.store import histories
from tests.store.memory.test_notifications import posted, swept
from tests.support.command import config_file, monitor
from tests.support.process import WAIT_S

START = datetime(2026, 4, 6, 12, tzinfo=UTC)
TABLES = ("event", "daily", "period", "model_state", "provider_state", "delivery", "telling", "sweep")

BLOCK = """
import sys
from monitor.store.connection.engine import open_engine
from monitor.store.admin.migrate import upgrade
def on_progress(provider, done, sweeps):
    if (provider, done) == (sys.argv[2], int(sys.argv[3])):
        print("here", flush=True)
        sys.stdin.read()
upgrade(open_engine(sys.argv[1]), on_progress)
"""


@pytest.fixture
def older(database_url: str) -> Iterator[Engine]:
    """Give a database as an older version left it."""
    engine = open_engine(database_url)
    load_history(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def config(database_url: str, tmp_path: Path) -> Path:
    return config_file(tmp_path, "http://127.0.0.1:1/v1", database_url)


def all_rows(engine: Engine, *tables: str) -> dict[str, list[str]]:
    """Return the rows of tables as text."""
    with reading(engine) as connection:
        return {
            name: sorted(str(tuple(row)) for row in connection.execute(text(f"SELECT * FROM {name}")))  # noqa: S608
            for name in tables
        }


def changes(engine: Engine) -> set[str]:
    """Return the change log, a line for each event, with the hours since the first sweep."""
    with reading(engine) as connection:
        query = (
            select(t.event, t.provider.c.name.label("provider"), t.model.c.name.label("model"))
            .join_from(t.event, t.provider)
            .outerjoin(t.model, t.model.c.id == t.event.c.model_id)
        )
        return {
            f"{row.provider} {row.model or '-'} {row.kind} {_hour(row.began_at)}-{_hour(row.confirmed_at)} "
            f"{row.from_status}>{row.to_status} {row.reason}"
            for row in connection.execute(query)
        }


def _hour(millis: int) -> int:
    return (millis - int(START.timestamp() * 1000)) // 3_600_000


ASKED = [f"{name}/asked" for name in "abcdef"]


def missed_slots(engine: Engine) -> list[tuple[object, ...]]:
    """Return what was known of missed slots before they had a cause."""
    with reading(engine) as connection:
        query = text("SELECT provider_id, vantage, slot FROM missed_slot ORDER BY 1, 2, 3")
        return [tuple(row) for row in connection.execute(query)]


NO_MORE = {
    *(f"budgeted {name} became_unavailable 3-4 available>unavailable server_error" for name in ASKED),
    *(f"budgeted {name} became_available 6-6 unavailable>available ok" for name in ASKED),
}
NEW = {
    "budgeted - provider_down 3-3 None>None provider_outage",
    "budgeted - provider_up 6-6 None>None provider_outage",
    "limited - quota_exhausted 3-3 None>None quota",
    "limited - quota_restored 5-5 None>None quota",
    "pruned a/refuses became_unavailable 36-41 available>unavailable unclear",
    "worded a/refuses became_unavailable 3-6 available>unavailable unclear",
    "worded a/refuses became_available 23-23 unavailable>available ok",
    "worded b/refuses-on became_unavailable 4-7 available>unavailable unclear",
    "worded c/mixed became_unavailable 5-8 available>unavailable unclear",
    "worded c/mixed became_available 14-14 unavailable>available ok",
}


def test_rule_29_an_upgrade_decides_anew_says_what_changed_and_notifies_nobody(
    older: Engine, config: Path
) -> None:
    refused = monitor(config, "list")
    assert (refused.returncode, "run `monitor db upgrade`" in refused.stderr) == (4, True)
    before, told_before = changes(older), all_rows(older, "delivery", "telling", "horizon")
    missed_before = missed_slots(older)
    done = monitor(config, "db", "upgrade")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[0].endswith(f": upgraded from 0008 (schema {HEAD})")
    assert done.stdout.splitlines()[1:] == [
        (
            "budgeted: 14 events changed (2 new, 12 gone), 6 days changed, 3 verdicts changed; "
            "8 sweeps decided again"
        ),
        "limited: 2 events changed (2 new), 6 days changed, 2 verdicts changed; 8 sweeps decided again",
        "pruned: 1 event changed (1 new), 0 days changed; 24 sweeps decided again",
        "worded: 5 events changed (5 new), 0 days changed; 24 sweeps decided again",
    ]
    after = changes(older)
    assert (before - after, after - before) == (NO_MORE, NEW)
    assert all_rows(older, "delivery", "telling", "horizon") == told_before
    assert missed_slots(older) == missed_before
    checked, rebuilt = monitor(config, "db", "check"), monitor(config, "db", "rebuild")
    assert (checked.returncode, rebuilt.returncode) == (0, 0), checked.stdout + rebuilt.stdout
    again = monitor(config, "db", "upgrade")
    assert again.stdout.splitlines()[1:] == []
    assert "is up to date" in again.stdout
    assert changes(older) == after


def test_after_it_only_what_is_new_is_told(older: Engine) -> None:
    waiting = [each.sweep_id for each in posted(older, "team")]
    upgrade(older)
    box = Outbox(subscriptions=(Subscription(channel="team", topics=frozenset(EventKind)),))
    answers = dict.fromkeys(("a/refuses", "c/mixed", "d/steady", "e/silent"), histories.UP)
    refused = (Outcome.UNKNOWN, Reason.BAD_REQUEST)
    answers |= {"b/refuses-on": refused, "f/restless": histories.UP}
    for place, more in enumerate(({}, {"b/refuses-on": histories.UP})):
        at = START + timedelta(hours=24 + place)
        swept(older, histories.sweep(at, {**answers, **more}, provider="worded"), box)
    news = [each for each in posted(older, "team") if each.sweep_id not in waiting]
    assert [(event.kind, event.model) for each in news for event in each.events] == [
        (EventKind.BECAME_AVAILABLE, "b/refuses-on")
    ]


def test_what_was_pruned_stays_as_it_was_believed(older: Engine) -> None:
    pruned = (
        "SELECT model, day, checks, answered, unavailable, unknown, latency_p50_ms, latency_p95_ms"
        " FROM uptime_daily WHERE provider = 'pruned' AND day < '2026-04-08'"
    )
    with reading(older) as connection:
        before = connection.execute(text(pruned)).all()
    upgrade(older)
    with reading(older) as connection:
        assert connection.execute(text(pruned)).all() == before
    assert len(before) == 6


@pytest.mark.parametrize(("provider", "done"), [("budgeted", 1), ("worded", 24)])
def test_an_upgrade_that_is_killed_leaves_the_old_history_and_can_be_done_again(
    older: Engine, database_url: str, provider: str, done: int
) -> None:
    before = all_rows(older, *TABLES)
    process = subprocess.Popen(
        [sys.executable, "-c", BLOCK, database_url, provider, str(done)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    assert process.stdout.readline() == "here\n"
    process.kill()
    process.communicate(timeout=WAIT_S)
    assert schema_state(older) is SchemaState.OUTDATED
    assert all_rows(older, *TABLES) == before
    assert [each.events for each in upgrade(older).redecided] == [14, 2, 1, 5]
    assert changes(older) >= NEW


def test_a_history_of_this_version_is_not_decided_again(engine: Engine) -> None:
    histories.live_all(engine, histories.history(61, 20))
    with writing(engine) as connection:
        connection.execute(delete(t.event).where(t.event.c.kind == "became_unavailable"))
    before = all_rows(engine, *TABLES)
    done = upgrade(engine)
    assert done == Upgraded(HEAD, HEAD)
    assert all_rows(engine, *TABLES) == before


def test_the_numbers_told_are_those_of_a_comparison(engine: Engine) -> None:
    histories.live_all(engine, histories.history(62, 60))
    with writing(engine) as connection:
        connection.execute(delete(t.event).where(t.event.c.kind == "became_unavailable"))
        connection.execute(update(t.event).where(t.event.c.kind == "retired").values(reason="rumour"))
        connection.execute(update(t.event).where(t.event.c.kind == "became_available").values(kind="odd"))
        connection.execute(update(t.daily).where(t.daily.c.checks > 10).values(checks=7))
        connection.execute(update(t.sweep).where(t.sweep.c.unknown > 2).values(verdict="inconclusive"))
    rows = {(each.part, each.how): each.rows for each in compare(engine, "nvidia").counts}
    with writing(engine) as connection:
        (anew,) = decide_anew(connection, lambda *_: None)
    assert (anew.events_new, anew.events_gone) == (
        rows[RowKind.EVENT, How.MISSING],
        rows[RowKind.EVENT, How.EXTRA],
    )
    assert (anew.events_changed, anew.days) == (
        rows[RowKind.EVENT, How.DIFFERENT],
        rows[RowKind.DAY, How.DIFFERENT],
    )
    assert 0 < anew.verdicts <= rows[RowKind.SWEEP, How.DIFFERENT]
    assert not compare(engine, "nvidia").differs


def test_sweep_records_of_an_older_version_are_imported_unchanged(config: Path, database_url: str) -> None:
    lines = SWEEPS.read_text("utf-8").splitlines()
    done = monitor(config, "import", str(SWEEPS))
    assert (done.returncode, done.stdout) == (0, f"{len(lines)} sweeps imported, 0 already there\n")
    assert monitor(config, "import", str(SWEEPS)).stdout.startswith("0 sweeps imported")
    engine = open_engine(database_url)
    kept = sorted(map(format_record, read_sweeps(engine)))
    engine.dispose()
    assert kept == sorted(format_record(parse_record(line, "f")) for line in lines)
    assert [json.loads(line) for line in sorted(lines)] == [_older(json.loads(line)) for line in sorted(kept)]


def test_rule_37_answers_that_an_older_version_kept_say_nothing_of_who_gave_them(older: Engine) -> None:
    upgrade(older)
    last = max((each for each in read_sweeps(older) if each.provider == "worded"), key=_start)
    answered = {each.model for each in last.observations if each.outcome is Outcome.AVAILABLE}
    for hour, name in enumerate(("x", "x", "y", "y"), start=1):
        seen = tuple(
            replace(each, served_as=name) if each.model in answered else each for each in last.observations
        )
        began, ended = (at + timedelta(hours=hour) for at in (last.started_at, last.finished_at))
        histories.live(
            older, replace(last, started_at=began, finished_at=ended, slot=None, observations=seen)
        )
    with reading(older) as connection:
        query = select(t.event.c.detail).where(t.event.c.kind == EventKind.SERVED_MODEL_CHANGED)
        assert list(connection.scalars(query)) == ["x -> y"] * len(answered)
    assert not compare(older, "worded").differs


def _start(sweep: Sweep) -> datetime:
    return sweep.started_at


def _older(record: dict[str, object]) -> dict[str, object]:
    """Return a record without what older versions do not know, which must be null."""
    seen = record["observations"]
    assert isinstance(seen, list)
    assert all(each.pop("served_as") is None for each in seen)
    return record
