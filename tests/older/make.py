"""Makes a history as version 44a76c1 (schema 0008) wrote it, for the tests of the upgrade from there.

    cd CHECKOUT_OF_44a76c1 && .venv/bin/python PATH/TO/tests/older/make.py DIRECTORY

writes `history_0008.json`, the rows of every table, and `sweeps_0008.jsonl`, what `monitor export --format
sweeps` gave of it. Four providers, each for what is judged otherwise now; letters are a model's answers,
sweep by sweep:

- `worded`: refusals in words that nobody foresaw (rule 4), told to a channel as they happened;
- `limited`: a key that everybody limits for two sweeps (rule 8);
- `budgeted`: an outage after a sweep that asked one model only (rule 8), imported;
- `pruned`: refusals that begin before the horizon, with a policy of its own.
"""

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, EventKind, Kind, Outcome, Reason, Verdict
from monitor.core.lifecycle.fold import fold
from monitor.core.notification.suppression import Subscription
from monitor.report.formats.records import format_record
from monitor.store.admin.migrate import prepare
from monitor.store.admin.prune import prune
from monitor.store.connection.engine import Engine, open_engine, reading
from monitor.store.derived.states import load_state
from monitor.store.memory import outbox
from monitor.store.memory.notifications import Outbox
from monitor.store.schema import metadata
from monitor.store.write.import_export import add_sweeps, read_sweeps
from monitor.store.write.record import close_sweep, open_sweep
from monitor.store.write.slots import record_missed_slots

START = datetime(2026, 4, 6, 12, tzinfo=UTC)
STEP = timedelta(hours=1)
ANSWERS: Mapping[str, tuple[Outcome, str, int | None]] = {
    "u": (Outcome.AVAILABLE, Reason.OK, 200),
    "d": (Outcome.UNAVAILABLE, Reason.NOT_FOUND, 404),
    "s": (Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 500),
    "b": (Outcome.UNKNOWN, Reason.BAD_REQUEST, 400),
    "t": (Outcome.UNKNOWN, Reason.TIMEOUT, None),
    "l": (Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, 429),
    "n": (Outcome.UNKNOWN, Reason.NOT_PROBED, None),
}
WORDED = {
    "a/refuses": "uuu" + "b" * 20 + "u",
    "b/refuses-on": "uuuu" + "b" * 20,
    "c/mixed": "uuuuu" + "btbtbt" + "d" + "bb" + "u" * 10,
    "d/steady": "u" * 24,
    "e/silent": "uu" + "t" * 6 + "u" * 16,
    "f/restless": "udduudduudduudduudduuddu",
}
LIMITED = {f"{name}/limited": "uuulluuu" for name in "abcdef"}
BUDGETED = {f"{name}/asked": "uu" + ("u" if name == "a" else "n") + "sssuu" for name in "abcdef"}
PRUNED = {"a/refuses": "u" * 20 + "b" * 40, "b/down": "u" * 47 + "d" * 13, "c/steady": "u" * 60}
HASTY = Policy(confirm_down=1, confirm_unresponsive=6)


def sweeps(provider: str, lives: Mapping[str, str], **cause: Cause) -> Iterable[Sweep]:
    """Give a sweep for each letter of the lives; `at_3=Cause.CREDENTIAL` makes the fourth inconclusive."""
    for place in range(len(next(iter(lives.values())))):
        at, trouble = START + place * STEP, cause.get(f"at_{place}")
        yield Sweep(
            provider=provider,
            started_at=at,
            finished_at=at + timedelta(seconds=65),
            slot=at,
            listed=tuple(lives),
            observations=tuple(
                observation(name, letters[place], 1000 + 10 * number)
                for number, (name, letters) in enumerate(lives.items())
            ),
            verdict=Verdict.INCONCLUSIVE if trouble else None,
            cause=trouble,
            requests=len(lives),
        )


def observation(model: str, letter: str, at_ms: int) -> Observation:
    """Return what a letter stands for."""
    outcome, reason, status = ANSWERS[letter]
    return Observation(
        model,
        outcome,
        reason,
        at_ms,
        kind=Kind.CHAT,
        http_status=status,
        latency_ms=None if status is None else 100 + at_ms % 1000,
        attempts=0 if letter == "n" else 1,
        detail="unexpected keyword" if letter == "b" else None,
    )


def live(engine: Engine, history: Iterable[Sweep], policy: Policy, box: Outbox) -> None:
    """Record sweeps as the daemon did."""
    for each in history:
        opened = open_sweep(
            engine,
            provider=each.provider,
            vantage=each.vantage,
            slot=each.slot,
            started_at=each.started_at,
            policy=policy,
        )
        assert opened
        decision = fold(load_state(engine, each.provider), each, policy)
        close_sweep(engine, opened.id, each, decision, box)  # type: ignore[arg-type]  # as that version takes it


def make(engine: Engine) -> None:
    """Live through everything."""
    prepare(engine)
    team = Outbox(subscriptions=(Subscription(channel="team", topics=frozenset(EventKind)),))
    live(engine, sweeps("worded", WORDED, at_12=Cause.CREDENTIAL), Policy(), team)
    live(engine, sweeps("limited", LIMITED), Policy(), Outbox())
    believed = [*sweeps("budgeted", BUDGETED)]
    add_sweeps(engine, believed, lambda _: Policy())
    live(engine, sweeps("pruned", PRUNED), HASTY, Outbox())
    record_missed_slots(engine, "worded", "default", [START + 30 * STEP])
    waiting = outbox.due(engine, "team", START + timedelta(days=9))
    outbox.mark_delivered(engine, [each.id for each in waiting[:-1]], START + timedelta(days=1))
    prune(engine, "pruned", (START + timedelta(days=2)).date())


def rows(engine: Engine) -> dict[str, dict[str, object]]:
    """Return the columns and the rows of each table, tables that others point to first."""
    found = dict[str, dict[str, object]]()
    with reading(engine) as connection:
        for table in metadata.sorted_tables:
            read = connection.execute(select(table).order_by(*table.primary_key.columns)).all()
            columns = [each.name for each in table.columns]
            found[table.name] = {"columns": columns, "rows": [[*map(plain, row)] for row in read]}
    return found


def plain(value: object) -> object:
    """Return a value as JSON can hold it."""
    return {"hex": value.hex()} if isinstance(value, bytes) else value


def document(tables: Mapping[str, Mapping[str, Sequence[object]]]) -> str:
    """Return the tables as JSON with a line for each row."""
    parts = []
    for name, table in tables.items():
        lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in table["rows"])
        parts.append(f'"{name}": {{"columns": {json.dumps(table["columns"])}, "rows": [\n{lines}\n]}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Write both files into the directory that is named."""
    with TemporaryDirectory() as directory:
        engine = open_engine(f"sqlite:///{directory}/monitor.db")
        make(engine)
        target = Path(sys.argv[1])
        (target / "history_0008.json").write_text(document(rows(engine)), "utf-8")  # type: ignore[arg-type]
        records = "".join(f"{format_record(each)}\n" for each in read_sweeps(engine))
        (target / "sweeps_0008.jsonl").write_text(records, "utf-8")
        engine.dispose()


if __name__ == "__main__":
    main()
