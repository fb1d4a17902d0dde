"""Every question of docs/sql.md runs where it says it does, and every view and column is documented."""

import re
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from monitor.store.engine import reading
from tests.store import told, views

PAGE = (Path(__file__).parents[2] / "docs" / "sql.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sql ?(\w*)\n(.*?)```", PAGE, re.DOTALL)


def test_the_questions_run_on_the_databases_they_are_written_for(engine: Engine) -> None:
    told.live_all(engine, told.history(31, 48))
    name = "sqlite" if engine.dialect.name == "sqlite" else "postgres"
    with reading(engine) as connection:
        for database, query in BLOCKS:
            if database in {"", name}:
                assert connection.execute(text(query.replace(":", r"\:"))).all() != [], query


def test_there_are_questions_for_both_databases() -> None:
    assert {database for database, _ in BLOCKS} == {"", "sqlite", "postgres"}
    assert len(BLOCKS) >= 8


@pytest.mark.parametrize("view", list(views.COLUMNS))
def test_every_view_is_documented_with_every_column(view: str) -> None:
    section = PAGE.split(f"### `{view}`", 1)[1].split("\n#", 1)[0]
    documented = [
        name
        for line in section.splitlines()
        for name in re.findall(r"`(\w+)`", line.split("|")[1] if "|" in line else "")
    ]
    assert sorted(documented) == sorted(views.columns(view))
