"""Rows of the views as files: what is written is read back by other tools, whole or not at all."""

import csv
import gzip
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
from sqlalchemy import Engine

from monitor.app.tasks.export_views import Format, export_view, export_views
from monitor.app.tasks.import_files import checked_records
from monitor.core.history.columns.view import Columns, plain_columns
from monitor.core.history.views import OBSERVATIONS, VIEWS, Column, ColumnType, Scope
from monitor.errors import RecordError, UsageError
from monitor.report.formats.delimited import found_export
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine
from monitor.store.query.export import Snapshot
from tests.store import histories, views
from tests.support.command import config_file, environment, monitor
from tests.support.lives import Lives
from tests.support.process import WAIT_S

ROOT = Path(__file__).resolve().parents[3]
WORDS = 'She said: "no,\nnever"'
SEEN = "SELECT model, observed_at, conclusive, detail FROM"


@pytest.fixture
def history(engine: Engine, lives: Lives) -> Engine:
    """Give a database with an eventful past, and a word that needs quoting."""
    lives.through(engine, (51, 10))
    strange = histories.sweep(
        histories.START.replace(year=2027), {"a,b": histories.DOWN, "c": histories.DOWN}
    )
    first, second = strange.observations
    histories.live(
        engine, replace(strange, observations=(replace(first, detail=WORDS), replace(second, detail="")))
    )
    return engine


@pytest.fixture
def lite(sqlite_url: str) -> Iterator[Engine]:
    """Give a SQLite database with a past, for what does not depend on the kind of database."""
    engine = open_engine(sqlite_url)
    prepare(engine)
    histories.live_all(engine, histories.history(52, 4))
    yield engine
    engine.dispose()


@pytest.fixture
def config(lite: Engine, sqlite_url: str, tmp_path: Path) -> Path:
    del lite
    return config_file(tmp_path, "http://127.0.0.1:9/v1", sqlite_url)


def write(engine: Engine, view: str, file: Path, form: Format = Format.CSV) -> int:
    """Export a whole view."""
    return export_view(engine, VIEWS[view], Scope(), form=form, file=file, on_progress=lambda *_: None)


def shown(view: str, row: tuple[Any, ...]) -> dict[str, str]:
    """Return a row of `views.rows` as CSV has it, with moments to the second."""
    return {
        column.name: _cell(value, column.form) for value, column in zip(row, VIEWS[view].columns, strict=True)
    }


def _cell(value: object, form: ColumnType) -> str:
    if value is None:
        return ""
    if form is ColumnType.FLAG:
        return "true" if value else "false"
    if form is ColumnType.MONTH:
        return f"{value}-01"
    return (
        str(value).replace(" ", "T") + "Z" if form in {ColumnType.MOMENT, ColumnType.SECOND} else str(value)
    )


def to_the_second(row: dict[str, str]) -> dict[str, str]:
    """Return a row of CSV without the milliseconds that only observations have."""
    return row | ({"observed_at": f"{row['observed_at'][:19]}Z"} if "observed_at" in row else {})


def timeless(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row without how long something lasts that has not ended, as exports follow one another."""
    lasts = "duration_so_far_s" in row and row["duration_s"] in {"", None}
    return row | ({"duration_so_far_s": "so far"} if lasts else {})


def test_csv_holds_the_rows_of_the_views(history: Engine, tmp_path: Path) -> None:
    for view in VIEWS:
        _check_csv(history, view, tmp_path)


def _check_csv(history: Engine, view: str, tmp_path: Path) -> None:
    count = write(history, view, tmp_path / "out.csv")
    text = (tmp_path / "out.csv").read_text("utf-8")
    rows = [to_the_second(timeless(row)) for row in csv.DictReader(io.StringIO(text, newline=""))]
    wanted = [shown(view, row) for row in views.rows(history, view)]
    assert text.startswith(",".join(views.columns(view)) + "\n")
    assert count == len(rows)
    assert sorted(rows, key=repr) == sorted(wanted, key=repr)


def test_json_lines_and_parquet_hold_what_csv_holds(history: Engine, tmp_path: Path) -> None:
    for view in VIEWS:
        _check_alike(history, view, tmp_path)


def _check_alike(history: Engine, view: str, tmp_path: Path) -> None:
    for form in Format:
        write(history, view, tmp_path / f"out.{form}", form)
    lines = (tmp_path / "out.jsonl").read_text("utf-8").splitlines()
    told_by_json = [timeless(json.loads(line)) for line in lines]
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        told_by_csv = list(map(timeless, csv.DictReader(file)))
    assert [{name: _of_json(value) for name, value in each.items()} for each in told_by_json] == told_by_csv
    columns = ", ".join(map(_for_duckdb, VIEWS[view].columns))
    with duckdb.connect() as analyst:
        rows = analyst.execute(f"SELECT {columns} FROM '{tmp_path}/out.parquet'").fetchall()  # noqa: S608
    names = views.columns(view)
    told_by_parquet = [timeless(dict(zip(names, row, strict=True))) for row in rows]
    assert told_by_parquet == told_by_json


def _of_json(value: object) -> str:
    return "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _for_duckdb(column: Column) -> str:
    if column.form in {ColumnType.DAY, ColumnType.MONTH}:
        return f"CAST({column.name} AS VARCHAR)"
    if column.form in {ColumnType.MOMENT, ColumnType.SECOND}:
        ending = ".%g" if column.form is ColumnType.MOMENT else ""
        return f"strftime(timezone('UTC', {column.name}), '%Y-%m-%dT%H:%M:%S{ending}Z')"
    return column.name


def test_parquet_has_the_types_of_the_columns(history: Engine, tmp_path: Path) -> None:
    write(history, OBSERVATIONS, tmp_path / "seen.parquet", Format.PARQUET)
    write(history, "uptime_daily", tmp_path / "days.parquet", Format.PARQUET)
    with duckdb.connect() as analyst:
        found = {
            name: kind
            for file in ("seen", "days")
            for name, kind, *_ in analyst.execute(f"DESCRIBE FROM '{tmp_path}/{file}.parquet'").fetchall()
        }
        stored = analyst.execute(
            f"SELECT DISTINCT compression FROM parquet_metadata('{tmp_path}/seen.parquet')"  # noqa: S608
        ).fetchall()
    assert found["model"] == "VARCHAR"
    assert found["sweep_id"] == found["latency_ms"] == "INTEGER"
    assert found["observed_at"] == "TIMESTAMP WITH TIME ZONE"
    assert (found["conclusive"], found["day"], found["uptime_percent"]) == ("BOOLEAN", "DATE", "DOUBLE")
    assert stored == [("ZSTD",)]


def test_null_is_an_empty_cell_and_an_empty_text_is_quoted(history: Engine, tmp_path: Path) -> None:
    write(history, OBSERVATIONS, tmp_path / "out.csv")
    text = (tmp_path / "out.csv").read_text("utf-8")
    assert '\nnvidia,"a,b",' in text
    assert ',"She said: ""no,\nnever""",\n' in text
    assert text.count(',"",\n') == 1
    assert ",chat,,\n" in text
    with duckdb.connect() as analyst:
        query = f"SELECT detail FROM read_csv('{tmp_path}/out.csv', nullstr='x') WHERE model = 'a,b'"  # noqa: S608
        assert analyst.execute(query).fetchall() == [(WORDS,)]


def test_a_directory_takes_every_view_of_one_moment(history: Engine, tmp_path: Path) -> None:
    counts = export_views(
        history, Scope(), form=Format.PARQUET, directory=tmp_path / "all/views", on_progress=lambda *_: None
    )
    assert {file.name for file in (tmp_path / "all/views").iterdir()} == {f"{name}.parquet" for name in VIEWS}
    with duckdb.connect() as analyst:
        for name, count in counts.items():
            query = f"SELECT count(*) FROM '{tmp_path}/all/views/{name}.parquet'"  # noqa: S608
            assert analyst.execute(query).fetchone() == (count,)
            assert count == len(views.rows(history, name))


@pytest.mark.parametrize("form", Format)
def test_a_view_without_rows_is_a_file_all_the_same(engine: Engine, form: Format, tmp_path: Path) -> None:
    assert write(engine, "model_status", tmp_path / f"out.{form}", form) == 0
    with duckdb.connect() as analyst:
        if form is Format.JSONL:
            assert (tmp_path / "out.jsonl").read_bytes() == b""
        else:
            assert analyst.execute(f"FROM '{tmp_path}/out.{form}'").fetchall() == []


@pytest.mark.parametrize("form", Format)
def test_an_export_that_fails_leaves_what_was_there(
    lite: Engine, form: Format, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> Iterator[Columns]:
        yield plain_columns(
            [("nvidia", "a", 1, "v", 5, "available", "ok", 200, 1, 1, True, "chat", None, None)]
        )
        raise UsageError("the database went away")

    place = tmp_path / "out"
    place.mkdir()
    (place / "seen").write_text("before")
    monkeypatch.setattr(Snapshot, "columns", broken)
    with pytest.raises(UsageError):
        write(lite, OBSERVATIONS, place / "seen", form)
    assert [(file.name, file.read_text()) for file in place.iterdir()] == [("seen", "before")]


def test_gz_in_the_name_compresses_text(lite: Engine, tmp_path: Path) -> None:
    for form in (Format.CSV, Format.JSONL):
        write(lite, OBSERVATIONS, tmp_path / "plain", form)
        write(lite, OBSERVATIONS, tmp_path / "packed.gz", form)
        assert gzip.decompress((tmp_path / "packed.gz").read_bytes()) == (tmp_path / "plain").read_bytes()


def test_who_watches_is_told_of_every_part(lite: Engine, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int, int]] = []
    view = VIEWS[OBSERVATIONS]
    count = export_view(
        lite, view, Scope(), form=Format.CSV, file=tmp_path / "x", on_progress=lambda *each: seen.append(each)
    )
    assert [done for _, done, _, _ in seen] == list(range(len(seen)))
    assert seen[-1] == (OBSERVATIONS, len(seen) - 1, len(seen) - 1, count)


# ---- The command ----


def test_the_command_writes_files_and_pipes(config: Path, tmp_path: Path) -> None:
    done = monitor(config, "export", "--format", "csv", "--provider", "nvidia", "seen.csv.gz", key=None)
    assert (done.returncode, done.stdout) == (0, "")
    assert "rows of observation_history exported" in done.stderr
    assert "\x1b" not in done.stderr
    piped = monitor(config, "export", "--format", "csv", "-", key=None)
    assert piped.stdout.encode() == gzip.decompress((tmp_path / "seen.csv.gz").read_bytes())
    every = monitor(config, "export", "--format", "jsonl", "all/", key=None)
    assert every.returncode == 0, every.stderr
    assert "all/model_status.jsonl: " in every.stderr
    assert {file.stem for file in (tmp_path / "all").iterdir()} == set(VIEWS)


def test_parquet_goes_through_a_pipe(config: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "monitor", "--config", str(config), "export", "--format", "parquet", "-"]
    done = subprocess.run(
        command, cwd=tmp_path, env=dict(environment(None)), capture_output=True, timeout=WAIT_S, check=True
    )
    (tmp_path / "piped.parquet").write_bytes(done.stdout)
    with duckdb.connect() as analyst:
        found = analyst.execute(f"SELECT count(*) FROM '{tmp_path}/piped.parquet'").fetchone()  # noqa: S608
    assert found
    assert found[0] > 0


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("--format csv --view nothing x", 'no view "nothing"; there is: model_status, observation_history,'),
        ("--view model_status x", "--view needs --format csv, jsonl or parquet"),
        ("--format csv --view model_status --since 7d x", "do not apply to model_status; they do to: observ"),
        (
            "--format csv --view outage_history --until 7d x",
            "--since and --until do not apply to outage_hist",
        ),
        ("--format parquet x.gz", "remove .gz from the name"),
        ("--format csv --view model_status .", ". is a directory, which receives every view"),
        (".", ". is a directory: sweep records are one file"),
        ("sweeps/", "sweeps/ is a directory: sweep records are one file"),
        ("--format csv no/such/place.csv", "no/such/place.csv: cannot be written: No such file or directory"),
        ("--format csv config.toml/", "config.toml: cannot be made a directory: "),
        (f"--format csv {'x' * 300}", "cannot be written: File name too long"),
        ("--provider typo x", 'no provider "typo" in the history; there is: '),
        ("--format csv --provider typo x", 'no provider "typo" in the history; there is: '),
        ("--since 9999-12-31T23:59:59-12:00 x", "is outside the calendar in UTC"),
    ],
)
def test_what_cannot_be_exported_is_refused_with_the_remedy(config: Path, arguments: str, words: str) -> None:
    before = sorted(config.parent.rglob("*"))
    refused = monitor(config, "export", *arguments.split(), key=None)
    assert refused.returncode == 2, refused.stderr
    assert words in refused.stderr
    assert sorted(config.parent.rglob("*")) == before


def test_an_export_never_takes_the_place_of_the_database(config: Path, sqlite_url: str) -> None:
    database = Path(sqlite_url.removeprefix("sqlite:///"))
    before = database.read_bytes()
    (config.parent / "link").symlink_to(database)
    names = [database, *(f"{database}{end}" for end in ("-wal", "-shm", "-journal", ".leader.lock"))]
    for file in (*names, config.parent / "link"):
        for form in ("sweeps", "jsonl"):
            refused = monitor(config, "export", "--format", form, str(file), key=None)
            assert (refused.returncode, "is part of the database: name another file" in refused.stderr) == (
                2,
                True,
            ), file
    assert database.read_bytes() == before


def test_an_empty_name_is_no_file_to_export_to(config: Path) -> None:
    refused = monitor(config, "export", "--format", "csv", "", key=None)
    assert (refused.returncode, "FILE is empty" in refused.stderr) == (2, True)


def test_parquet_is_not_for_a_terminal(config: Path) -> None:
    command = [sys.executable, "-m", "monitor", "--config", str(config), "export", "--format", "parquet", "-"]
    master, slave = os.openpty()
    done = subprocess.run(
        command,
        env=dict(environment(None)),
        stdout=slave,
        stderr=subprocess.PIPE,
        timeout=WAIT_S,
        check=False,
        cwd=config.parent,
    )
    os.close(master)
    os.close(slave)
    assert done.returncode == 2
    assert b"Parquet cannot be printed to a terminal" in done.stderr


@pytest.fixture
def without_pyarrow(tmp_path: Path) -> dict[str, str]:
    """Environment of a Python that, started with -S, finds what is installed here except pyarrow."""
    installed = tmp_path / "installed"
    installed.mkdir()
    for entry in Path(duckdb.__file__).parents[1].iterdir():
        if not entry.name.startswith("pyarrow"):
            (installed / entry.name).symlink_to(entry)
    return dict(environment(None)) | {"PYTHONPATH": f"{installed}{os.pathsep}{ROOT}"}


def test_without_pyarrow_parquet_is_refused_and_the_rest_written(
    config: Path, without_pyarrow: dict[str, str]
) -> None:
    def export(form: str, file: str) -> tuple[int, str]:
        command = [sys.executable, "-S", "-m", "monitor", "--config", str(config), "export", "--format", form]
        done = subprocess.run(
            [*command, file],
            cwd=config.parent,
            env=without_pyarrow,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        return done.returncode, done.stderr

    before = sorted(config.parent.rglob("*"))
    refusal = "monitor: --format parquet needs pyarrow: pip install 'monitor[parquet]'\n"
    assert export("parquet", "x.parquet") == (2, refusal)
    assert export("parquet", "all/") == (2, refusal)
    assert sorted(config.parent.rglob("*")) == before
    assert export("csv", "x.csv")[0] == 0


def test_a_full_disk_is_told(config: Path) -> None:
    full = monitor(config, "export", "--format", "csv", "/dev/full", key=None)
    assert full.returncode == 2
    assert "/dev/full: cannot be written: No space left on device" in full.stderr


# ---- And back ----


@pytest.mark.parametrize("form", Format)
def test_rows_of_a_view_cannot_be_imported_and_the_refusal_says_what_can(
    lite: Engine, form: Format, tmp_path: Path
) -> None:
    for view in (OBSERVATIONS, "sweep_history"):
        file = tmp_path / ("out.gz" if form is Format.CSV else "out")
        write(lite, view, file, form)
        with pytest.raises(RecordError, match="export with --format sweeps instead"), checked_records([file]):
            pass


@pytest.mark.parametrize("view", [OBSERVATIONS, "model_status"])
def test_an_older_versions_rows_are_recognised_without_the_latest_column(view: str) -> None:
    names = views.columns(view)[:-1]
    assert found_export(",".join(names)) == f"holds rows of the view {view}"
    assert found_export(json.dumps(dict.fromkeys(names))) == f"holds rows of the view {view}"
    assert found_export(",".join(names[:2])) is None
    assert found_export(",".join([*names[1:], names[0]])) is None


def test_importing_an_export_again_changes_nothing(config: Path) -> None:
    assert monitor(config, "export", "all.jsonl.gz", key=None).returncode == 0
    again = monitor(config, "import", "all.jsonl.gz", key=None)
    assert again.stdout == "0 sweeps imported, 4 already there\n"
    monitor(config, "export", "--format", "csv", "seen.csv", key=None)
    refused = monitor(config, "import", "all.jsonl.gz", "seen.csv", key=None)
    assert refused.returncode == 2
    assert "seen.csv: holds rows of the view observation_history" in refused.stderr
    assert "--format sweeps" in refused.stderr


# ---- Memory ----

_MEASURED = """
import sys
from pathlib import Path
from monitor.app.tasks.export_views import Format, export_view
from monitor.core.history.views import VIEWS, Scope
from monitor.store.connection.engine import open_engine
export_view(open_engine(sys.argv[1]), VIEWS["observation_history"], Scope(), form=Format(sys.argv[2]),
            file=Path("/dev/null"), on_progress=lambda *_: None)
print(next(int(line.split()[1]) // 1024 for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""
_MANY = """
WITH RECURSIVE step(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM step WHERE n < {count})
"""


@pytest.fixture(scope="module")
def few_and_many(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Give a small history and one that is ten times as large."""
    directory = tmp_path_factory.mktemp("memory")
    return _made(directory, 3_000), _made(directory, 30_000)


@pytest.mark.parametrize("form", Format)
def test_memory_does_not_grow_with_the_history(few_and_many: tuple[str, str], form: Format) -> None:
    few, many = (_peak_mb(url, form) for url in few_and_many)
    assert many - few < 16
    assert many < 150


def _made(directory: Path, sweeps: int) -> str:
    """Make a history of four models by SQL."""
    url = f"sqlite:///{directory}/{sweeps}.db"
    engine = open_engine(url)
    prepare(engine)
    histories.live(
        engine, histories.sweep(histories.START.replace(year=2025), dict.fromkeys("abcd", histories.UP))
    )
    many = _MANY.format(count=sweeps)
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO sweep (id, provider_id, vantage, started_at, policy_id)"  # noqa: S608
            f"{many} SELECT id + n, provider_id, vantage, started_at + 1000 * n, policy_id FROM sweep, step"
        )
        connection.exec_driver_sql(
            "INSERT INTO observation (model_id, sweep_id, finding_id, latency_ms, at_ms)"  # noqa: S608
            f"{many} SELECT model_id, sweep_id + n, finding_id, n % 5000, at_ms FROM observation, step"
        )
    engine.dispose()
    return url


def _peak_mb(url: str, form: Format) -> int:
    command = [sys.executable, "-c", _MEASURED, url, str(form)]
    return int(subprocess.run(command, capture_output=True, timeout=WAIT_S, check=True).stdout)
