"""The command line as a user meets it: a real process, a real provider on loopback, a real database."""

import gzip
import json
import os
import pty
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from monitor.cli.group import _PLACES
from monitor.demo import World
from tests.support.command import KEY, KEY_VARIABLE, config_file, environment, monitor
from tests.support.gateway import Gateway, gateway
from tests.support.process import WAIT_S

LISTED = ("a/answers", "b/busy", "c/gone", "d/other-account", "e/unclear", "f/html")
WORLD = World(
    listed=(*LISTED, "a/answers"),
    behaviours={
        "b/busy": "too_many_requests",
        "c/gone": "end_of_life:2026-05-14T00:00:00Z",
        "d/other-account": "not_for_account",
        "e/unclear": "bad_request",
        "f/html": "html",
    },
)


@pytest.fixture
def provider() -> Iterator[Gateway]:
    with gateway(WORLD, api_key=KEY) as running:
        yield running


@pytest.fixture
def config(provider: Gateway, database_url: str, tmp_path: Path) -> Path:
    return config_file(tmp_path, provider.base_url, database_url)


@pytest.fixture
def lite(provider: Gateway, sqlite_url: str, tmp_path: Path) -> Path:
    """Configure SQLite, for what does not depend on the database."""
    return config_file(tmp_path, provider.base_url, sqlite_url)


def test_a_sweep_prints_the_ids_that_answered_and_nothing_else_on_stdout(config: Path) -> None:
    """Rule 2."""
    swept = monitor(config, "sweep")
    assert swept.returncode == 0, swept.stderr
    assert swept.stdout.splitlines() == ["a/answers", "b/busy"]
    assert "6 models listed and 1 duplicate row" in swept.stderr
    assert "\x1b" not in swept.stderr


def test_what_a_sweep_learned_is_read_back_by_every_reading_command(config: Path) -> None:
    monitor(config, "sweep")
    listed = monitor(config, "list")
    assert listed.stdout.splitlines() == ["a/answers", "b/busy"]
    assert monitor(config, "list", "--status", "retired").stdout.splitlines() == ["c/gone"]
    assert len(monitor(config, "list", "--status", "all").stdout.splitlines()) == len(LISTED)
    assert monitor(config, "list", "--kind", "embeddings").stdout == ""
    assert monitor(config, "list", "--min-uptime", "99").stdout.splitlines() == ["a/answers", "b/busy"]
    status = monitor(config, "status")
    assert all(model in status.stdout for model in LISTED)
    assert "6 models: 2 available, 2 unavailable, 1 new, 1 retired" in status.stdout
    story = monitor(config, "status", "c/gone")
    assert "retired" in story.stdout
    assert "end of life" in story.stdout
    assert len(json.loads(monitor(config, "events", "--json").stdout)) == len(LISTED)
    assert monitor(config, "events", "--kind", "retired", "--json").stdout.strip() == "[]"
    assert monitor(config, "db", "check").returncode == 0


@pytest.mark.parametrize(
    ("model", "code"),
    [("a/answers", 0), ("b/busy", 0), ("c/gone", 1), ("d/other-account", 1), ("e/unclear", 3)],
)
def test_check_answers_by_its_exit_code(lite: Path, model: str, code: int) -> None:
    monitor(lite, "sweep")
    assert monitor(lite, "check", model).returncode == code
    assert monitor(lite, "check", model, "--live").returncode == code


def test_check_of_a_model_that_nobody_knows_is_no_verdict(lite: Path) -> None:
    monitor(lite, "sweep")
    unknown = monitor(lite, "check", "no/such-model")
    assert (unknown.returncode, unknown.stdout) == (3, "")
    assert 'no model "no/such-model" in the history' in unknown.stderr


@pytest.mark.parametrize("command", [("check", "a/answers"), ("list",)])
def test_old_knowledge_is_said_to_be_old(lite: Path, command: tuple[str, ...]) -> None:
    """Rule 35."""
    monitor(lite, "sweep")
    stale = monitor(lite, *command, "--max-age", "1ms")
    assert stale.returncode == 3
    assert "a/answers" in stale.stdout
    assert "old" in stale.stderr


def test_only_commands_that_ask_the_provider_need_the_key(lite: Path) -> None:
    monitor(lite, "sweep")
    for command in (
        ("list",),
        ("status",),
        ("events",),
        ("check", "a/answers"),
        ("config", "check"),
        ("db", "check"),
    ):
        assert monitor(lite, *command, key=None).returncode == 0, command
    for asking in (("sweep",), ("run",), ("check", "a/answers", "--live")):
        refused = monitor(lite, *asking, key=None)
        assert refused.returncode == 2, asking
        assert KEY_VARIABLE in refused.stderr


def test_a_rejected_key_is_an_inconclusive_sweep_that_says_so(lite: Path) -> None:
    refused = monitor(lite, "sweep", key="nvapi-wrong")
    assert refused.returncode == 3
    assert "inconclusive (the key was rejected)" in refused.stderr
    assert refused.stdout == ""
    assert "nvapi-wrong" not in refused.stderr


def test_what_is_old_is_said_to_be_old_because_of_the_key(lite: Path) -> None:
    monitor(lite, "sweep")
    monitor(lite, "sweep", key="nvapi-wrong")
    listed = monitor(lite, "list", "--max-age", "1ms")
    assert "old (more than 0 s); the last sweep was inconclusive: the key was rejected" in listed.stderr


def test_commands_that_only_read_create_no_database(lite: Path) -> None:
    for command in (("list",), ("status",), ("events",), ("check", "x"), ("export", "-")):
        missing = monitor(lite, *command)
        assert missing.returncode == 4, command
        assert "monitor sweep" in missing.stderr
    assert not (lite.parent / "history").exists()


def test_records_go_out_and_come_back_exactly(config: Path, sqlite_url: str, tmp_path: Path) -> None:
    monitor(config, "sweep")
    monitor(config, "sweep")
    assert monitor(config, "export", "--format", "sweeps", "all.jsonl").returncode == 0
    assert monitor(config, "export", "all.jsonl.gz").returncode == 0
    lines = (tmp_path / "all.jsonl").read_bytes()
    assert gzip.decompress((tmp_path / "all.jsonl.gz").read_bytes()) == lines
    assert [json.loads(line)["verdict"] for line in lines.splitlines()] == ["conclusive", "conclusive"]
    other = config_file(tmp_path, "http://127.0.0.1:1/v1", f"{sqlite_url}.copy", name="other.toml")
    imported = monitor(other, "import", "all.jsonl.gz")
    assert imported.stdout == "2 sweeps imported, 0 already there\n", imported.stderr
    assert monitor(other, "import", "all.jsonl").stdout == "0 sweeps imported, 2 already there\n"
    assert monitor(other, "export", "-").stdout.encode() == lines
    for command in (("status", "--json"), ("events", "--json")):
        assert monitor(other, *command).stdout == monitor(config, *command).stdout


def test_a_file_with_one_bad_record_changes_nothing(lite: Path) -> None:
    good = json.dumps(
        {
            "provider": "p",
            "started_at": "2026-04-06T12:00:00Z",
            "finished_at": "2026-04-06T12:04:10Z",
            "listed": [],
            "observations": [],
        }
    )
    (lite.parent / "bad.jsonl").write_text(f'{good}\n{{"provider": "p", "listd": []}}\n')
    (lite.parent / "marked.jsonl").write_text(f"{good}\n", "utf-8-sig")
    refused = monitor(lite, "import", "bad.jsonl")
    assert refused.returncode == 2
    assert "bad.jsonl:2" in refused.stderr
    assert not (lite.parent / "history").exists()
    assert monitor(lite, "import", "marked.jsonl").stdout == "1 sweep imported, 0 already there\n"


@pytest.mark.parametrize(
    "arguments",
    [
        ("import", "no-such-file"),
        ("import", "."),
        ("export", "no/such/directory/file.jsonl"),
        ("events", "--since", "tomorrow-ish"),
        ("events", "--kind", "exploded"),
        ("list", "--provider", "nobody"),
        ("sweep", "--provider", "nobody"),
        ("sweep", "--output-dir", "/proc/nothing"),
        ("list", "--max-age", "old"),
        ("list", "--days", "99999999999999999999", "--min-uptime", "5"),
        ("list", "--min-uptime", "nan"),
        ("demo", "--duration", "long"),
        ("demo", "--listen", "nowhere"),
        ("nonsense",),
        (),
    ],
)
def test_wrong_usage_is_exit_2_with_words(lite: Path, arguments: tuple[str, ...]) -> None:
    monitor(lite, "sweep")
    refused = monitor(lite, *arguments)
    assert refused.returncode == 2
    assert refused.stderr
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////proc/nothing/monitor.db",
        "postgresql://nobody@127.0.0.1:1/none",
        "sqlite:////dev/null",
    ],
)
def test_a_database_that_cannot_be_used_is_exit_4_with_words(lite: Path, url: str) -> None:
    config = config_file(lite.parent, "http://127.0.0.1:1/v1", url, name="away.toml")
    for command in (("sweep",), ("run",), ("status",), ("db", "upgrade"), ("db", "check")):
        refused = monitor(config, *command)
        assert refused.returncode == 4, (command, refused.stderr)
        assert "Traceback" not in refused.stderr
        assert "database" in refused.stderr


def test_a_file_that_is_no_database_is_left_alone(lite: Path) -> None:
    place = lite.parent / "notes.txt"
    place.write_text("my notes, " * 500)
    config = config_file(lite.parent, "http://127.0.0.1:1/v1", f"sqlite:///{place}", name="notes.toml")
    refused = monitor(config, "sweep")
    assert refused.returncode == 4
    assert "not a SQLite database" in refused.stderr
    assert place.read_text() == "my notes, " * 500


def test_a_closed_pipe_is_no_error(lite: Path) -> None:
    monitor(lite, "sweep")
    command = (
        f"{sys.executable} -m monitor --config {lite} status --json | head -c 1; exit ${{PIPESTATUS[0]}}"
    )
    closed = subprocess.run(
        ["/bin/bash", "-c", command],
        env=environment(),
        cwd=lite.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (closed.returncode, closed.stdout, closed.stderr) == (0, "[", "")


def test_a_terminal_that_knows_no_unicode_is_no_error(sqlite_url: str, tmp_path: Path) -> None:
    with gateway(World(listed=("模型/β",)), api_key=KEY) as provider:
        config = config_file(tmp_path, provider.base_url, sqlite_url)
        plain = {**environment(), "PYTHONUTF8": "0", "LC_ALL": "C", "PYTHONIOENCODING": "ascii"}
        swept = subprocess.run(
            [sys.executable, "-m", "monitor", "--config", str(config), "sweep"],
            env=plain,
            cwd=tmp_path,
            capture_output=True,
            check=False,
        )
    assert (swept.returncode, swept.stdout) == (0, "模型/β\n".encode()), swept.stderr


def test_progress_is_live_on_a_terminal(lite: Path) -> None:
    """The bar is drawn on stderr, so stdout stays a list of ids even on a terminal."""
    ids, drawn = beside_a_terminal(lite, "sweep")
    assert ids.splitlines() == ["a/answers", "b/busy"]
    assert "\x1b[" in drawn
    assert "6/6" in drawn


def test_a_bar_counts_the_sweeps_that_go_out_and_come_in(lite: Path) -> None:
    monitor(lite, "sweep")
    record, drawn = beside_a_terminal(lite, "export", "-")
    assert all(work in drawn for work in ("sweeps", "finishing"))
    (lite.parent / "sweeps.jsonl").write_text(record)
    said, drawn = beside_a_terminal(lite, "import", "sweeps.jsonl")
    assert said == "0 sweeps imported, 1 already there\n"
    assert all(work in drawn for work in ("checking", "sweeps", "deriving what follows from them"))


def beside_a_terminal(config: Path, *arguments: str) -> tuple[str, str]:
    """Return what a command writes to stdout, a pipe, and to a terminal as stderr."""
    terminal, user = pty.openpty()
    drawn = bytearray()

    def read() -> None:
        with suppress(OSError):  # how Linux says that the last writer has closed the terminal
            while piece := os.read(terminal, 4096):
                drawn.extend(piece)

    reader = threading.Thread(target=read)  # a terminal holds 4 KiB, a slow sweep draws more
    reader.start()
    done = subprocess.run(
        [sys.executable, "-m", "monitor", "--config", str(config), *arguments],
        env={**environment(), "TERM": "xterm"},
        cwd=config.parent,
        stdout=subprocess.PIPE,
        stderr=user,
        text=True,
        timeout=WAIT_S,
        check=False,
    )
    os.close(user)
    reader.join(WAIT_S)
    os.close(terminal)
    return done.stdout, drawn.decode()


def test_the_effective_configuration_hides_secrets(tmp_path: Path) -> None:
    url = "postgresql://monitor:open-sesame@127.0.0.1:1/history"
    config = config_file(tmp_path, "http://127.0.0.1:1/v1", url)
    for command in (("config", "show"), ("config", "show", "--json"), ("status",), ("db", "upgrade")):
        shown = monitor(config, *command)
        assert "open-sesame" not in shown.stdout + shown.stderr
        assert KEY not in shown.stdout + shown.stderr


@pytest.mark.parametrize("command", [*_PLACES, "db upgrade", "db check", "config check", "config show"])
def test_every_command_has_help_with_an_example(command: str, tmp_path: Path) -> None:
    helped = monitor(tmp_path / "none.toml", *command.split(), "--help")
    assert helped.returncode == 0
    assert "Example: " in helped.stdout


def test_all_providers_are_swept_side_by_side(lite: Path, sqlite_url: str) -> None:
    with gateway(World(listed=("x/model", "a/answers")), api_key=KEY) as other:
        text = lite.read_text()
        second = text[text.index("[[providers]]") :].replace('"nvidia"', '"second"')
        first_url = next(line for line in second.splitlines() if line.startswith("base_url"))
        second = second.replace(first_url, f'base_url = "{other.base_url}"')
        lite.write_text(text + second)
        swept = monitor(lite, "sweep")
        assert sorted(swept.stdout.splitlines()) == ["a/answers", "a/answers", "b/busy", "x/model"]
    twice = monitor(lite, "check", "a/answers")
    assert twice.returncode == 2
    assert "--provider" in twice.stderr
    assert monitor(lite, "check", "a/answers", "--provider", "second").returncode == 0
    assert sqlite_url


def through_a_shell(config: Path, line: str) -> subprocess.CompletedProcess[str]:
    """Run a line of the shell in which `monitor` is the command with its configuration."""
    command = f'monitor() {{ {sys.executable} -m monitor --config {config} "$@"; }}; {line}'
    return subprocess.run(
        ["/bin/bash", "-c", command],
        env=environment(),
        cwd=config.parent,
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
    )


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_is_closed_from_the_start_is_no_error(lite: Path, closed: str) -> None:
    swept = through_a_shell(lite, f"monitor sweep {closed} && monitor check a/answers {closed}")
    assert (swept.returncode, "Traceback" in swept.stderr) == (0, False), swept.stderr
    assert through_a_shell(lite, f"monitor check c/gone {closed}").returncode == 1
    assert monitor(lite, "db", "check").returncode == 0


FULL = (2, ["monitor: cannot write to stdout: No space left on device"])


@pytest.mark.parametrize(
    "command",
    ["list", "status", "check c/gone", "check a/answers --json", "export -", "config show", "--help"],
)
def test_a_full_stdout_is_exit_2_with_words(lite: Path, command: str) -> None:
    monitor(lite, "sweep")
    full = monitor(lite, *command.split(), stdout=Path("/dev/full"))
    assert (full.returncode, full.stderr.splitlines()[-1:]) == FULL


@pytest.mark.parametrize("command", ["list", "export -"])
def test_the_end_of_the_interpreter_adds_nothing_to_a_full_stdout(lite: Path, command: str) -> None:
    monitor(lite, "sweep")
    full = through_a_shell(lite, f"monitor {command} >/dev/full")
    assert (full.returncode, full.stderr.splitlines()[-1:]) == FULL


def test_a_sweep_whose_result_cannot_be_written_is_recorded(lite: Path) -> None:
    full = through_a_shell(lite, "monitor sweep --json >/dev/full")
    assert full.returncode == 2
    assert "cannot write to stdout" in full.stderr
    assert "internal error" not in full.stderr
    assert monitor(lite, "list").stdout.splitlines() == ["a/answers", "b/busy"]


def test_a_full_stderr_changes_neither_result_nor_exit_code(lite: Path) -> None:
    swept = through_a_shell(lite, "monitor sweep 2>/dev/full")
    assert (swept.returncode, swept.stdout.splitlines()) == (0, ["a/answers", "b/busy"])
    assert through_a_shell(lite, "monitor check no/such-model 2>/dev/full").returncode == 3


@pytest.mark.parametrize("command", ["status", "list", "export -", "check a/answers", "events --json"])
def test_a_reader_that_has_gone_is_no_error(lite: Path, command: str) -> None:
    monitor(lite, "sweep")
    reader, writer = os.pipe()
    os.close(reader)
    gone = monitor(lite, *command.split(), stdout=Path(f"/dev/fd/{writer}"))
    os.close(writer)
    assert (gone.returncode, gone.stderr) == (0, "")


@pytest.mark.parametrize("command", ["list", "export -"])
def test_the_end_of_the_interpreter_adds_nothing_where_the_reader_has_gone(lite: Path, command: str) -> None:
    monitor(lite, "sweep")
    left = through_a_shell(lite, f"monitor {command} > >(exec 0<&-; exec true); exit $?")
    gone = through_a_shell(lite, f"(sleep 0.2; monitor {command}; echo $? >&2) | true")
    assert (left.returncode, left.stderr, gone.stderr) == (0, "", "0\n")


def test_a_reader_that_has_gone_does_not_change_the_answer(lite: Path) -> None:
    monitor(lite, "sweep")
    assert through_a_shell(lite, "(sleep 0.2; monitor check c/gone; echo $? >&2) | true").stderr == "1\n"


def test_an_interrupt_while_the_command_loads_ends_it_without_a_traceback(lite: Path) -> None:
    """The interrupt comes while a module is looked for: of the libraries, of the command, of the wiring."""
    program = (
        "import sys, signal\n"
        "late = sys.argv[1]\n"
        "class Interrupting:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == late:\n"
        "            signal.raise_signal(signal.SIGINT)\n"
        "sys.meta_path.insert(0, Interrupting())\n"
        "from monitor.cli.main import main\n"
        "sys.argv = ['monitor', 'config', 'show']\n"
        "main()\n"
    )
    for module in (
        "click",
        "pydantic",
        "monitor.config",
        "monitor.cli.commands.config",
        "monitor.app.wiring.application",
    ):
        ended = subprocess.run(
            [sys.executable, "-c", program, module],
            env=environment(),
            cwd=lite.parent,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert (ended.returncode, ended.stderr.strip()) == (130, ""), module


def test_an_export_goes_through_links_and_into_pipes(lite: Path) -> None:
    monitor(lite, "sweep")
    record = monitor(lite, "export", "-").stdout
    target, link, pipe = (lite.parent / name for name in ("target.jsonl", "link.jsonl", "pipe"))
    target.write_text("old")
    link.symlink_to(target)
    os.mkfifo(pipe)
    assert monitor(lite, "export", "link.jsonl").returncode == 0
    assert (link.is_symlink(), target.read_text("utf-8")) == (True, record)
    found: list[str] = []
    reader = threading.Thread(target=lambda: found.append(pipe.read_text("utf-8")), daemon=True)
    reader.start()
    exported = monitor(lite, "export", "pipe")
    assert (exported.returncode, exported.stderr) == (0, "1 sweep exported\n")
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    reader.join(10)
    assert found == [record]
    full = monitor(lite, "export", "/dev/full")
    assert (full.returncode, full.stderr) == (
        2,
        "monitor: /dev/full: cannot be written: No space left on device\n",
    )


def test_an_export_to_links_that_go_in_circles_is_refused(lite: Path) -> None:
    monitor(lite, "sweep")
    one, two = lite.parent / "one", lite.parent / "two"
    one.symlink_to(two)
    two.symlink_to(one)
    refused = monitor(lite, "export", "one")
    assert (refused.returncode, one.is_symlink()) == (2, True)
    assert "internal error" not in refused.stderr


def on_a_terminal(config: Path, *arguments: str) -> str:
    """Return what a command writes to a terminal as stdout."""
    terminal, user = pty.openpty()
    subprocess.run(
        [sys.executable, "-m", "monitor", "--config", str(config), *arguments],
        env={**environment(), "TERM": "xterm"},
        cwd=config.parent,
        stdout=user,
        stderr=subprocess.PIPE,
        timeout=WAIT_S,
        check=False,
    )
    os.close(user)
    written = os.read(terminal, 100_000).decode()
    os.close(terminal)
    return written


def test_unseen_characters_of_an_id_are_shown_on_a_terminal_and_kept_in_a_pipe(
    sqlite_url: str, tmp_path: Path
) -> None:
    odd = "a/\u202egpt\u200b"
    with gateway(World(listed=(odd,)), api_key=KEY) as provider:
        config = config_file(tmp_path, provider.base_url, sqlite_url)
        assert monitor(config, "sweep").stdout == f"{odd}\n"
        assert on_a_terminal(config, "sweep").strip() == "a/\\u{202e}gpt\\u{200b}"
    assert on_a_terminal(config, "list").strip() == "a/\\u{202e}gpt\\u{200b}"
    assert monitor(config, "list").stdout == f"{odd}\n"


def test_one_thing_is_told_in_the_singular(sqlite_url: str, tmp_path: Path) -> None:
    with gateway(World(listed=("a",)), api_key=KEY) as provider:
        config = config_file(tmp_path, provider.base_url, sqlite_url)
        assert "1 model to probe" in monitor(config, "sweep").stderr
    assert "1 model: 1 available" in monitor(config, "status").stdout
    assert monitor(config, "export", "out.jsonl").stderr == "1 sweep exported\n"


@pytest.mark.parametrize("table", ["[schedule]\n", ""])
def test_a_cron_line_that_never_comes_is_refused_by_config_check_as_by_run(lite: Path, table: str) -> None:
    never = 'cron = "0 0 30 2 *"\n'
    text = lite.read_text("utf-8")
    changed = re.sub(r"^interval = .*\n", never, text, flags=re.MULTILINE) if table else text + never
    lite.write_text(changed, "utf-8")
    for command in (("config", "check"), ("run",)):
        refused = monitor(lite, *command)
        assert (refused.returncode, refused.stdout) == (2, ""), command
        assert 'cron = "0 0 30 2 *" never comes' in refused.stderr


def test_a_demo_does_not_mix_into_a_real_history(lite: Path, sqlite_url: str) -> None:
    monitor(lite, "sweep")
    before = monitor(lite, "export", "-").stdout
    refused = monitor(lite, "demo", "--database", sqlite_url, "--duration", "1s", "--listen", "127.0.0.1:0")
    assert refused.returncode == 2
    assert "holds the history of nvidia" in refused.stderr
    assert monitor(lite, "export", "-").stdout == before
