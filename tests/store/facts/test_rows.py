"""Many rows go to both databases by one statement and come back as they were."""

from datetime import date
from typing import Any

import pytest
from sqlalchemy import Engine, select

from monitor.store import schema as t
from monitor.store.connection.engine import reading, writing
from monitor.store.facts.identities import model_ids, provider_id
from monitor.store.facts.rows import add_rows, overwrite_rows, renew_rows

TEXTS = (
    'a "b" c',
    "back\\slash",
    "{1,2}",
    "NULL",
    "null",
    "",
    "  spaces ",
    "new\nline\ttab",
    "é☃ '",
    '\\"',
    None,
)
BYTES = (b"", b"\x00\xff\\", b'"{},', None)


def models(engine: Engine, count: int) -> list[int]:
    """Make so many models; returns their ids."""
    with writing(engine) as connection:
        owner = provider_id(connection, "p")
        return sorted(model_ids(connection, owner, [f"m{number}" for number in range(count)]).values())


def state(number: int, reason: str | None, *, flapping: bool = False) -> tuple[Any, ...]:
    optional = (None, 2**40, 200, None, None, reason)
    return (number, "new", reason, 2**40, True, flapping, "chat", *optional, reason or "{}")


def stored(engine: Engine, table: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - a table
    with reading(engine) as connection:
        return [tuple(row) for row in connection.execute(select(table).order_by(table.c.model_id))]


def test_texts_come_back_whatever_is_in_them(engine: Engine) -> None:
    rows = [state(*pair) for pair in zip(models(engine, len(TEXTS)), TEXTS, strict=True)]
    with writing(engine) as connection:
        add_rows(connection, t.model_state, rows)
    assert stored(engine, t.model_state) == rows


def test_bytes_days_and_nothing_come_back(engine: Engine) -> None:
    numbers = models(engine, len(BYTES))
    days = [
        (number, date(2026, 12, 1), 3, 1, 1, 1, None, 7, data)
        for number, data in zip(numbers, BYTES, strict=True)
    ]
    months = [(number, date(2026, 12, 1), *row[2:]) for number, row in zip(numbers, days, strict=True)]
    with writing(engine) as connection:
        add_rows(connection, t.daily, days)
        add_rows(connection, t.monthly, months)
        add_rows(connection, t.daily, [])
    assert stored(engine, t.daily) == days
    assert stored(engine, t.monthly) == months


@pytest.mark.parametrize("write", [overwrite_rows, renew_rows])
def test_rows_are_written_over_those_of_the_same_key_and_beside_others(engine: Engine, write: Any) -> None:  # noqa: ANN401
    one, two, three = models(engine, 3)
    with writing(engine) as connection:
        add_rows(connection, t.model_state, [state(one, "old"), state(two, "old")])
        write(connection, t.model_state, [state(two, "new", flapping=True), state(three, None)])
        write(connection, t.model_state, [state(two, "newer"), state(three, "known")])
    assert stored(engine, t.model_state) == [state(one, "old"), state(two, "newer"), state(three, "known")]
