"""The documents keep their word: examples run, links lead somewhere, all that is public stands there."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import get_args

import click
import pytest
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from monitor.cli.main import _INTERRUPTED, cli
from monitor.clock import utc_now
from monitor.config import Settings, parse_settings
from monitor.core.domain.vocabulary import Cause, EventKind, Kind, Outcome, Reason
from monitor.errors import MonitorError
from monitor.report.formats.records import _ObservationRecord, _SweepRecord, parse_record
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import Engine, open_engine
from monitor.web.app import create_app
from tests.support.cli_reference import COMMANDS_PAGE, commands, tables, written
from tests.support.documents import DOCUMENTS, ROOT, Block, anchors, blocks, examples, links, read, sections
from tests.support.examples import PAGE, WAIT_S, Place, prepared_place, run_example


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with prepared_place(tmp_path_factory.mktemp("user")) as place:
        yield place


@pytest.fixture
def place(prepared: Place) -> Place:
    """Give the directory with an environment of its own."""
    return replace(prepared, environ=dict(prepared.environ))


@pytest.mark.parametrize("block", blocks("console", "sh"), ids=lambda block: block.place)
def test_every_example_runs(block: Block, place: Place) -> None:
    for example in examples(block):
        run_example(example, place)


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.place)
def test_every_program_runs(block: Block, place: Place) -> None:
    program = block.text.replace(PAGE, place.page)
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=place.directory,
        env=place.environ,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("block", blocks("toml"), ids=lambda block: block.place)
def test_every_configuration_is_read(block: Block) -> None:
    provider = '[[providers]]\nname = "one"\nbase_url = "https://example.org/v1"\n'
    parse_settings(block.text if "[[providers]]" in block.text else f"{block.text}\n{provider}", block.place)


@pytest.mark.parametrize("block", blocks("json"), ids=lambda block: block.place)
def test_every_json_is_json_and_every_sweep_record_is_one(block: Block) -> None:
    value = json.loads(block.text)
    if "observations" in value:
        assert parse_record(block.text, block.place).observations


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: file.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in links(document):
        name, _, anchor = link.partition("#")
        file = document.parent / name if name else document
        assert file.exists(), link
        assert not anchor or anchor in anchors(file), link


def test_the_change_log_has_a_place_for_what_comes_next() -> None:
    assert "\n## [Unreleased]\n" in read(ROOT / "CHANGELOG.md")


# ---- What is public stands in the documents ----

COMMANDS = sections("docs/commands.md")


EVERY_COMMAND = commands()


def test_the_tables_of_commands_and_options_are_what_make_reference_writes() -> None:
    page = read(COMMANDS_PAGE)
    assert written(page) == page


def test_every_command_with_options_has_its_table_where_it_is_explained() -> None:
    with_options = {name for name, command in EVERY_COMMAND.items() if _options(command)}
    assert set(tables(read(COMMANDS_PAGE))) == {"commands", *with_options}
    for name in with_options - {"monitor"}:
        assert f"<!-- make reference: {name} -->" in COMMANDS[" ".join(name.split()[:2])]


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_every_option_says_what_it_does(name: str) -> None:
    assert [option.name for option in _options(EVERY_COMMAND[name]) if not option.help] == []


def _options(command: click.Command) -> list[click.Option]:
    return [option for option in command.params if isinstance(option, click.Option)]


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_every_command_is_documented(name: str) -> None:
    assert name == "monitor" or name in "\n".join(COMMANDS.values())


def test_no_command_is_documented_that_is_not_there() -> None:
    headings = {heading for heading in COMMANDS if heading.startswith("monitor ")}
    assert headings <= set(EVERY_COMMAND)


@pytest.mark.parametrize("name", EVERY_COMMAND)
def test_every_help_text_carries_an_example_of_the_command(name: str) -> None:
    found = re.search(r"^\s*Example: (.*)$", EVERY_COMMAND[name].help or "", flags=re.MULTILINE)
    assert found
    words = [word for word in found[1].split() if not word.startswith("-")]
    assert name.rsplit(maxsplit=1)[-1] in words


def test_every_exit_code_is_documented() -> None:
    codes = {0, 1, _INTERRUPTED, *(kind.exit_code for kind in _kinds(MonitorError))}
    documented = re.findall(r"^\| `(\d+)` \|", COMMANDS["Exit codes"], flags=re.MULTILINE)
    assert sorted(map(int, documented)) == sorted(codes)
    assert all(f"{code} " in (cli.epilog or "") for code in codes - {_INTERRUPTED})


def _kinds(root: type[MonitorError]) -> Iterator[type[MonitorError]]:
    yield root
    for kind in root.__subclasses__():
        yield from _kinds(kind)


def test_every_kind_of_event_is_documented() -> None:
    assert all(f"`{kind}`" in COMMANDS["monitor events"] for kind in EventKind)


def test_every_outcome_reason_cause_and_kind_is_explained() -> None:
    text = read(ROOT / "docs/probing.md")
    words = {*Outcome, *Reason, *Cause, *Kind} - {Kind.UNKNOWN}
    assert [word for word in sorted(words) if f"`{word}`" not in text] == []


def test_every_key_of_a_sweep_record_is_documented() -> None:
    documented = re.findall(r"`(\w+)`", "".join(_first_columns(COMMANDS["Sweep records"])))
    assert sorted(documented) == sorted([*_SweepRecord.model_fields, *_ObservationRecord.model_fields])


def _first_columns(section: str) -> list[str]:
    return [line.split("|")[1] for line in section.splitlines() if line.startswith("| `")]


def _tables() -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in Settings.model_fields.items():
        is_one = isinstance(field.annotation, type)
        table = field.annotation if is_one else get_args(field.annotation)[0]
        assert isinstance(table, type)
        assert issubclass(table, BaseModel)
        yield (f"[{name}]" if is_one else f"[[{name}]]"), table


@pytest.mark.parametrize(("name", "table"), list(_tables()), ids=str)
def test_every_key_of_the_configuration_is_documented(name: str, table: type[BaseModel]) -> None:
    section = sections("docs/configuration.md")[name]
    documented = re.findall(r"`(\w+)`", "".join(_first_columns(section)))
    assert sorted(documented) == sorted(field.alias or name for name, field in table.model_fields.items())


def test_every_variable_of_the_environment_is_documented() -> None:
    sources = "".join(file.read_text(encoding="utf-8") for file in ROOT.glob("monitor/**/*.py"))
    documented = "".join(map(read, DOCUMENTS))
    named = set(re.findall(r"\b(?:MONITOR|NVIDIA)_[A-Z_]+[A-Z]\b", sources))
    for variable in named - {"MONITOR_DEMO_KEY"}:  # the demo hands that to itself
        assert re.search(rf"`\$?{variable}\b", documented), variable


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Engine]:
    engine = open_engine(f"sqlite:///{tmp_path}/monitor.db")
    prepare(engine)
    yield engine
    engine.dispose()


def test_every_view_is_documented(empty: Engine) -> None:
    with empty.connect() as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'view'"
        views = [row[0] for row in connection.exec_driver_sql(query)]
    assert views
    assert all(f"### `{view}`" in read(ROOT / "docs/sql.md") for view in views)


def test_every_route_is_documented(empty: Engine) -> None:
    app = create_app(empty, watched={}, now=utc_now)
    routes = (str(context.path) for context in iter_route_contexts(app.routes))
    paths = {path.replace("{model:path}", "{id}") for path in routes}
    assert {"/", "/healthz"} <= paths
    assert all(f"| `{path}` |" in read(ROOT / "docs/http.md") for path in paths)
