"""Tables in real terminals of several widths, and in pipes, where nothing has a width."""

import os
import pty
import re
import subprocess
import sys
import threading
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine
from tests.store import histories
from tests.support.command import config_file, environment, run
from tests.support.documents import ROOT, read
from tests.support.process import WAIT_S

WIDTHS = (60, 70, 80, 100, 120, 200)
USUAL = ("meta/llama-3.1-8b-instruct", "nvidia/" + "n" * 33, "日本/" + "語" * 12)
LONGEST = "maker/" + "m" * 194
IDS = (*USUAL, "other/" + "o" * 54, LONGEST)
COMMANDS = (
    ("status",),
    ("uptime", "--days", "36500"),
    ("events",),
    ("events", "--follow", "--since", "2026-01-01", "--for", "100ms"),
    ("status", USUAL[1]),
    ("status", "--wide"),
)
PROGRAM = """
import fcntl, struct, sys, termios
from monitor.cli.main import main

*words, widths, commands = sys.argv
for columns in eval(widths):
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    for command in eval(commands):
        print(f"@{columns} {command}", flush=True)
        sys.argv = ["monitor", *command]
        try:
            main()
        except SystemExit as end:
            print(f"={end.code}", flush=True)
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Configure a SQLite database in which every id has been available and unavailable."""
    directory = tmp_path_factory.mktemp("history")
    url = f"sqlite:///{directory / 'monitor.db'}"
    engine = open_engine(url)
    prepare(engine)
    for place, answer in enumerate((histories.UP, histories.DOWN, histories.DOWN, histories.UP)):
        moment = histories.START + place * timedelta(minutes=15)
        histories.live(engine, histories.sweep(moment, dict.fromkeys(IDS, answer)))
    engine.dispose()
    return config_file(directory, "http://127.0.0.1:1/v1", url)


@pytest.fixture(scope="module")
def shown(config: Path) -> dict[tuple[int, tuple[str, ...]], list[str]]:
    """Return what each command shows in a terminal of each width: one process, whose terminal is resized."""
    terminal, user = pty.openpty()
    pieces = list[bytes]()

    def read() -> None:
        with suppress(OSError):  # how Linux says that the last writer has closed the terminal
            while piece := os.read(terminal, 4096):
                pieces.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, repr(WIDTHS), repr(COMMANDS)],
        env={**environment(), "MONITOR_CONFIG": str(config)},
        cwd=config.parent,
        stdin=user,
        stdout=user,
        stderr=subprocess.PIPE,
        timeout=WAIT_S,
        check=False,
    )
    os.close(user)
    reader.join(WAIT_S)
    os.close(terminal)
    assert done.returncode == 0, done.stderr
    text = re.sub(r"\x1b\[[0-9;]*m", "", b"".join(pieces).decode()).replace("\r\n", "\n")
    parts = iter(text.split("@")[1:])
    return {(columns, command): next(parts).splitlines()[1:] for columns in WIDTHS for command in COMMANDS}


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("command", COMMANDS[:4])
def test_ids_are_whole_and_lines_fit_whatever_the_width(
    shown: dict[tuple[int, tuple[str, ...]], list[str]], columns: int, command: tuple[str, ...]
) -> None:
    lines = shown[columns, command]
    assert lines[-1] == "=0"
    assert max(map(cell_len, lines)) <= columns
    table = lines[: lines.index("")] if "" in lines else lines
    for model in IDS:
        if cell_len(model) <= columns:
            assert any(model in line for line in table)
    assert LONGEST in "".join(line.strip() for line in table)


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_status_stands_beside_every_usual_id(
    shown: dict[tuple[int, tuple[str, ...]], list[str]], columns: int
) -> None:
    for model in USUAL:
        (line,) = (line for line in shown[columns, COMMANDS[0]] if model in line)
        assert re.search(r"  available\b", line)


@pytest.mark.parametrize("columns", WIDTHS)
def test_the_details_of_a_model_fit_too(
    shown: dict[tuple[int, tuple[str, ...]], list[str]], columns: int
) -> None:
    lines = shown[columns, COMMANDS[4]]
    assert f"model            {USUAL[1]}" in lines
    assert max(map(cell_len, lines)) <= columns


@pytest.mark.parametrize("columns", WIDTHS)
def test_wide_shows_in_a_terminal_what_a_pipe_gets(
    shown: dict[tuple[int, tuple[str, ...]], list[str]], config: Path, columns: int
) -> None:
    piped = run("status", directory=config.parent, environ={**environment(), "MONITOR_CONFIG": str(config)})
    assert shown[columns, COMMANDS[5]] == [*piped.stdout.splitlines(), "=0"]


@pytest.mark.parametrize("columns", ["", "1", "60", "20000"])
def test_in_a_pipe_a_row_is_a_line_whatever_columns_says(config: Path, columns: str) -> None:
    environ = {**environment(), "MONITOR_CONFIG": str(config), "COLUMNS": columns}
    for command in COMMANDS[:4]:
        lines = run(*command, directory=config.parent, environ=environ).stdout.splitlines()
        for model in IDS:
            rows = [line.split() for line in lines if model in line]
            assert rows
            assert all(row[0] == "nvidia" or row[0].startswith("2026-04-06") for row in rows)


def test_every_command_that_prints_a_table_takes_wide() -> None:
    texts = {file.name: read(file) for file in ROOT.glob("monitor/cli/commands/**/*.py")}
    printing = {name for name, text in texts.items() if "print_table(" in text}
    assert {"status.py", "uptime.py", "events.py", "demo.py"} <= printing
    assert printing == {name for name, text in texts.items() if "@wide_option" in text}
