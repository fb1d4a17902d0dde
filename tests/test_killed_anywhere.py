"""Killed at each boundary of its work, a process leaves nothing that the next one does not put right."""

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from shutil import copytree

import psycopg
import pytest
from sqlalchemy import make_url

from monitor.app.notifications.announcer import Announcer
from monitor.app.wiring.application import App
from monitor.app.wiring.spool import recorder_of, replayer_of
from monitor.app.wiring.targets import target_of
from monitor.clock import utc_now
from monitor.config import load_settings
from monitor.core.domain.policy import Policy
from monitor.core.history.comparison import Comparison
from monitor.demo import Behave, Delist
from monitor.demo.stories import steady
from monitor.errors import StoreUnavailable
from monitor.store.admin import check
from monitor.store.admin.migrate import SchemaState, prepare, schema_state
from monitor.store.connection.closing import close_all
from monitor.store.connection.engine import Engine as Database
from monitor.store.connection.engine import open_engine
from monitor.store.derived.compare import compare
from monitor.store.write.record import close_dead
from monitor.sweep import sweep_provider
from monitor.sweep.keeping import keeper
from tests.older.load import load_history
from tests.store import histories, views
from tests.support import gateway as g
from tests.support.command import PROVIDER, config_file, environment, monitor
from tests.support.fault_points import Run, Server, command
from tests.support.mailbox import Receiver, receiver
from tests.support.postgres import PostgresServer, conninfo
from tests.support.posting import hook, ids_of, is_empty, publisher
from tests.support.process import wait_for

MODELS = 3
AT_ONCE_S = 0.02
COMMAND = f"{command.__module__}:{command.__name__}"
NOWHERE = "http://127.0.0.1:9/v1"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.mktemp("runs")) as running:
        yield running


class Place:
    """A directory with a configuration and a database, which is copied for each kill."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.config = directory / "config.toml"
        self.database = directory / "data/monitor.db"

    def engine(self) -> Database:
        return open_engine(f"sqlite:///{self.database}")

    def copy(self, name: str) -> "Place":
        target = self.directory.parent / name
        copytree(self.directory, target)
        return Place(target)

    def state(self) -> object:
        """Return what readers see, every view's rows; the schema's state where there are none to see."""
        engine = self.engine()
        try:
            state = schema_state(engine)
            return views.all_rows(engine) if state is SchemaState.CURRENT else state
        finally:
            close_all([engine])

    def check_sound(self) -> None:
        """Check that the database and everything derived in it are right."""
        for words in (("db", "check"), ("db", "rebuild")):
            done = monitor(self.config, *words)
            assert done.returncode == 0, (words, done.stdout, done.stderr)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """Give a place with a history of eight sweeps."""
    made = empty_place(tmp_path)
    engine = made.engine()
    prepare(engine)
    histories.live_all(engine, histories.history(61, 8))
    close_all([engine])
    return made


def empty_place(directory: Path, base_url: str = NOWHERE) -> Place:
    made = Place(directory / "made")
    made.database.parent.mkdir(parents=True)
    config_file(made.directory, base_url, "sqlite:///data/monitor.db", concurrency=1)
    return made


# ---- Commands that change a history ----------------------------------------------------


def with_records(place: Place) -> None:
    """Put sweep records of another provider beside, and of eight more sweeps of the same."""
    other = Place(place.directory.parent / "other")
    other.database.parent.mkdir(parents=True)
    config_file(other.directory, NOWHERE, "sqlite:///data/monitor.db")
    engine = other.engine()
    prepare(engine)
    histories.live_all(engine, histories.history(62, 12))
    histories.live_all(engine, histories.history(63, 3, provider="elsewhere"))
    close_all([engine])
    done = monitor(other.config, "export", str(place.directory / "records.jsonl"))
    assert done.returncode == 0, done.stderr


def of_an_older_version(place: Place) -> None:
    place.database.unlink()
    engine = place.engine()
    load_history(engine)
    close_all([engine])


def with_short_retention(place: Place) -> None:
    text = place.config.read_text("utf-8")
    place.config.write_text(f'{text}\n[retention]\nobservations = "1d"\n', "utf-8")


def with_a_fault(place: Place) -> None:
    engine = place.engine()
    with engine.begin() as connection:
        connection.exec_driver_sql("DELETE FROM event WHERE rowid % 2 = 0")
    close_all([engine])


def first_sweep(place: Place) -> str:
    engine = place.engine()
    (sweep_id,) = g.rows(engine, "SELECT min(sweep_id) FROM sweep_history")[0]
    close_all([engine])
    return str(sweep_id)


def as_it_is(_place: Place) -> None:
    pass


@pytest.mark.parametrize(
    ("words", "make"),
    [
        (("import", "records.jsonl"), with_records),
        (("db", "upgrade"), of_an_older_version),
        (("db", "prune"), with_short_retention),
        (("db", "rebuild", "--write"), with_a_fault),
        (("db", "void", "SWEEP", "--reason", "none of ours"), as_it_is),
        (("accept", "nvidia"), as_it_is),
        (("provider", "rename", "nvidia", "other"), as_it_is),
        (("provider", "remove", "nvidia", "--yes", "--no-export"), as_it_is),
    ],
    ids=lambda value: " ".join(value[:2]) if isinstance(value, tuple) else "",
)
def test_a_command_that_is_given_again_ends_where_it_would_have(
    words: tuple[str, ...], make: Callable[[Place], None], place: Place, server: Server
) -> None:
    make(place)
    words = tuple(first_sweep(place) if word == "SWEEP" else word for word in words)
    before, whole = place.state(), place.copy("whole")
    run = server.run(COMMAND, str(whole.config), *words)
    assert run.code in {0, 1}, run.words  # 1: a fault was there
    assert "commit" in run.points
    expected = whole.state()
    for number, point in enumerate(run.points):
        killed = place.copy(f"killed-{number}")
        ended = server.run(COMMAND, str(killed.config), *words, kill_at=number)
        assert ended.is_killed, (point, ended.words)
        if make is with_records:
            started = killed.copy(f"started-{number}")
            assert server.run(f"{__name__}:start", str(started.config)).code == 0
            started.check_sound()
        elif before is not SchemaState.OUTDATED and make is not with_a_fault:
            killed.check_sound()
        again = monitor(killed.config, *words)
        assert again.returncode in {0, 1, 2, 3}, (point, again.stderr)  # 2, 3: it was done already
        assert killed.state() == expected, (number, point)
        killed.check_sound()


def start(config: str, *_: str) -> None:
    """Begin as every process does that will write."""
    os.chdir(Path(config).parent)
    app = App(load_settings(Path(config), environment()), environment())
    app.prepared()
    app.close()


# ---- Files that take the place of others -----------------------------------------------


@pytest.mark.parametrize("is_there", [False, True], ids=["new", "another"])
def test_a_backup_is_whole_or_not_there(is_there: bool, place: Place, server: Server) -> None:
    if is_there:
        assert monitor(place.config, "db", "backup", "backup.db").returncode == 0
        engine = place.engine()
        histories.live_all(engine, histories.history(61, 10)[8:])
        close_all([engine])
    words = ("db", "backup", "--force", "backup.db")
    whole = place.copy("whole")
    run = server.run(COMMAND, str(whole.config), *words)
    assert (run.code, "replace" in run.points) == (0, True), run
    for number, point in enumerate(run.points):
        killed = place.copy(f"killed-{number}")
        assert server.run(COMMAND, str(killed.config), *words, kill_at=number).is_killed
        file = killed.directory / "backup.db"
        assert file.exists() or not is_there, point
        if file.exists():
            restored = monitor(killed.config, "db", "restore", "backup.db")
            assert restored.returncode == 0, (point, restored.stderr)
        killed.check_sound()
        assert monitor(killed.config, *words).returncode == 0


def test_a_restore_leaves_one_history_or_the_other(place: Place, server: Server) -> None:
    assert monitor(place.config, "db", "backup", "backup.db").returncode == 0
    before = place.state()
    engine = place.engine()
    histories.live_all(engine, histories.history(61, 12)[8:])
    engine.dispose()
    after, words = place.state(), ("db", "restore", "backup.db")
    whole = place.copy("whole")
    run = server.run(COMMAND, str(whole.config), *words)
    assert run.code == 0, run.words
    assert whole.state() == before
    for number, point in enumerate(run.points):
        killed = place.copy(f"killed-{number}")
        assert server.run(COMMAND, str(killed.config), *words, kill_at=number).is_killed
        assert killed.state() in (before, after), point
        killed.check_sound()
        assert monitor(killed.config, *words).returncode == 0, point
        assert killed.state() == before


# ---- A sweep, its messages, and the summary --------------------------------------------


@pytest.fixture
def hooked() -> Iterator[Receiver]:
    with receiver() as running:
        yield running


def with_hook(place: Place, hooked: Receiver) -> None:
    text = place.config.read_text("utf-8")
    channel = f'[[notify]]\nname = "hook"\ntype = "webhook"\nurl = "{hooked.base_url}/hook"\n'
    place.config.write_text(f"{text}\n{channel}", "utf-8")


def sweep(config: str, *_: str) -> None:
    """Be `monitor sweep`, which stores what it saw at once instead of every second."""
    keeper._FLUSH_SECONDS = AT_ONCE_S
    command(config, "sweep")


def sweep_unhurried(config: str) -> None:
    """Be `monitor sweep` that stores all it saw as it ends: with the same commits however long they take."""
    keeper._FLUSH_SECONDS = 3600
    command(config, "sweep")


def observations(place: Place) -> int:
    engine = place.engine()
    ((count,),) = g.rows(engine, "SELECT count(*) FROM observation_history")
    close_all([engine])
    return int(count)


def stored_of(ended: Run, *stores: str) -> int:
    """Return how many answers must be stored: each by the second batch after it, which take a second each."""
    commits = [place for place, point in enumerate(ended.points) if point in stores]
    answers = [place for place, point in enumerate(ended.points) if point == "POST"][:MODELS]
    return sum(len([commit for commit in commits if commit > answer]) > 1 for answer in answers)


def told(place: Place) -> list[tuple[object, ...]]:
    """Return what changed, without times; a killed sweep moves them."""
    engine = place.engine()
    try:
        return [
            *g.rows(engine, "SELECT kind, model, reason FROM change_history ORDER BY kind, model"),
            *g.rows(engine, "SELECT model, status, listed FROM model_status ORDER BY model"),
        ]
    finally:
        close_all([engine])


def deliver(place: Place, hooked: Receiver) -> None:
    """Send what waits, as the daemon does once the claims of the dead have run out."""
    engine = place.engine()

    def later() -> datetime:
        return utc_now() + timedelta(minutes=10)

    asyncio.run(publisher(engine, later, hook(hooked, later)).publish())
    assert is_empty(engine, "hook")
    close_all([engine])


def test_a_killed_sweep_loses_no_answer_of_before_and_no_message(
    tmp_path: Path, server: Server, hooked: Receiver
) -> None:
    with g.gateway(steady(MODELS)) as there:
        place = empty_place(tmp_path, there.base_url)
        assert monitor(place.config, "sweep").returncode == 0
        there.change(Behave(steady(MODELS).listed[:1], "not_found"))
        for _ in range(Policy().confirm_down - 1):
            assert monitor(place.config, "sweep").returncode == 0
        with_hook(place, hooked)
        before, whole = observations(place), place.copy("whole")
        run = server.run(f"{__name__}:sweep", str(whole.config))
        assert run.code == 0, run.words
        deliver(whole, hooked)
        expected, messages = told(whole), Counter(ids_of(hooked))
        assert messages.total() == 1, run.words
        for number, point in enumerate(run.points):
            killed = place.copy(f"killed-{number}")
            hooked.taken.clear()
            ended = server.run(f"{__name__}:sweep", str(killed.config), kill_at=number)
            assert ended.is_killed or ended.code == 0
            assert observations(killed) >= before + stored_of(ended, "commit"), point
            assert monitor(killed.config, "sweep").returncode == 0, point
            deliver(killed, hooked)
            assert told(killed) == expected, point
            times = Counter(ids_of(hooked))
            assert len(times) == 1, (point, times)
            assert times.total() <= 2, point
            killed.check_sound()


def on_postgres(directory: Path, base_url: str, url: str) -> Path:
    directory.mkdir()
    config = config_file(directory, base_url, url, concurrency=1)
    config.write_text(f"{config.read_text('utf-8')}\n[policy]\nconfirm_unlisted = 1\n", "utf-8")
    return config


def has_connections(server: PostgresServer, url: str) -> bool:
    """Whether the server still works for a process: a killed one holds its locks until that is noticed."""
    with psycopg.connect(conninfo(server.url), autocommit=True) as connection:
        query = "SELECT count(*) FROM pg_stat_activity WHERE datname = %s"
        row = connection.execute(query, [make_url(url).database]).fetchone()
        return bool(row and row[0])


def history_of(url: str) -> list[tuple[object, ...]]:
    engine = open_engine(url)
    try:
        assert check.check(engine) == []
        assert replace(compare(engine, PROVIDER), sweeps=0) == Comparison(provider=PROVIDER, sweeps=0)
        return [
            *g.rows(engine, "SELECT kind, model, reason FROM change_history ORDER BY kind, model"),
            *g.rows(engine, "SELECT model, status, listed FROM model_status ORDER BY model"),
        ]
    finally:
        engine.dispose()


def test_a_sweep_killed_at_a_commit_of_postgres_is_put_right_by_the_next(
    tmp_path: Path, server: Server, postgres_server: PostgresServer
) -> None:
    """The boundaries that differ from those of a file: a server lives on, with the locks of the dead."""
    with g.gateway(steady(MODELS)) as there:
        base = postgres_server.create_database(template=postgres_server.template)
        made = on_postgres(tmp_path / "base", there.base_url, base)
        assert server.run(f"{__name__}:sweep", str(made)).code == 0
        there.change(Delist(steady(MODELS).listed[:1]))
        wait_for(lambda: not has_connections(postgres_server, base))

        def copied(name: str) -> tuple[str, Path]:
            url = postgres_server.create_database(template=str(make_url(base).database))
            return url, on_postgres(tmp_path / name, there.base_url, url)

        url, config = copied("whole")
        run = server.run(f"{__name__}:sweep_unhurried", str(config))
        assert run.code == 0, run.words
        expected = history_of(url)
        commits = run.points.count("commit")
        assert commits >= 2
        for number in (0, commits - 1):  # its row is open; it is closed
            url, config = copied(f"killed-{number}")
            killed = server.run(f"{__name__}:sweep_unhurried", str(config), kill_at=number, of="commit")
            assert killed.is_killed, (killed.points, run.points)
            wait_for(lambda url=url: not has_connections(postgres_server, url))  # type: ignore[misc]
            assert server.run(f"{__name__}:sweep", str(config)).code == 0
            assert history_of(url) == expected, number


def away(config: str, *hours: str) -> None:
    """Be a daemon that begins, sweeps in these hours while the database is away, and sees it come back."""
    os.chdir(Path(config).parent)
    keeper._FLUSH_SECONDS = AT_ONCE_S
    app = App(load_settings(Path(config), environment()), environment())
    engine, target = app.prepared(), target_of(app, app.settings.providers[0])
    recorder = recorder_of(app.settings, engine)
    replayer = replayer_of(recorder, [target])
    assert recorder.spool
    replayer.replay(recorder.spool)
    close_dead(engine, target.provider, target.vantage)
    for hour in hours:
        if not recorder.is_away and hour != hours[-1]:
            recorder.lost(StoreUnavailable("the database is away"))
        elif hour == hours[-1]:
            asyncio.run(replayer.look())
        at = g.hours(int(hour))
        asyncio.run(sweep_provider(target, engine, now=lambda at=at: at, slot=at, recorder=recorder))  # type: ignore[misc]
    app.close()


def messages_about(model: str, hooked: Receiver) -> set[str]:
    """Return the ids of the messages that name a model."""
    return {each.headers["X-Monitor-Delivery"] for each in hooked.taken if model.encode() in each.body}


def test_a_spool_loses_no_answer_while_it_is_written_and_replayed(
    tmp_path: Path, server: Server, hooked: Receiver
) -> None:
    with g.gateway(steady(2)) as there:
        place = empty_place(tmp_path, there.base_url)
        with_hook(place, hooked)
        assert server.run(f"{__name__}:away", str(place.config), "0").code == 0
        there.change(Behave(steady(2).listed[:1], "not_found"))
        hours, before = ("1", "2"), observations(place)
        whole = place.copy("whole")
        run = server.run(f"{__name__}:away", str(whole.config), *hours)
        assert run.code == 0, run.words
        assert [each for each in run.points if each == "replace"], "nothing was spooled"
        deliver(whole, hooked)
        expected = told(whole)
        assert len(messages_about(steady(2).listed[0], hooked)) == 1
        for number, point in enumerate(run.points):
            killed = place.copy(f"killed-{number}")
            hooked.taken.clear()
            ended = server.run(f"{__name__}:away", str(killed.config), *hours, kill_at=number)
            assert ended.is_killed or ended.code == 0
            again = server.run(f"{__name__}:away", str(killed.config), *hours, "3")
            assert again.code == 0, (point, again.words)
            assert observations(killed) >= before + stored_of(ended, "commit", "replace"), point
            deliver(killed, hooked)
            assert told(killed) == expected, (number, point)
            assert len(messages_about(steady(2).listed[0], hooked)) == 1, (number, point)
            assert not list((killed.directory / "data/spool").glob("*.jsonl")), point
            killed.check_sound()


def announce(config: str, *_: str) -> None:
    """Post and write the summaries that are due."""
    os.chdir(Path(config).parent)
    settings = load_settings(Path(config), environment())
    engine = open_engine("sqlite:///data/monitor.db")
    now = histories.START + timedelta(days=1, hours=8)
    Announcer(settings, environment(), engine, now=lambda: now).announce_days()
    close_all([engine])


def test_a_summary_is_posted_once_and_its_file_is_whole(
    place: Place, server: Server, hooked: Receiver
) -> None:
    with_hook(place, hooked)
    whole = place.copy("whole")
    run = server.run(f"{__name__}:announce", str(whole.config))
    assert run.code == 0, run.words
    assert {"commit", "link"} <= {*run.points}
    expected = summaries(whole)
    assert len(expected[0]) == 1
    assert expected[1] == 1
    for number, point in enumerate(run.points):
        killed = place.copy(f"killed-{number}")
        assert server.run(f"{__name__}:announce", str(killed.config), kill_at=number).is_killed
        assert set(summaries(killed)[0].items()) <= set(expected[0].items()), point
        again = server.run(f"{__name__}:announce", str(killed.config))
        assert again.code == 0, again.words
        assert summaries(killed) == expected, point
        killed.check_sound()


def summaries(place: Place) -> tuple[dict[str, str], int]:
    """Return the files of summaries by name, and how many messages were posted."""
    engine = place.engine()
    ((count,),) = g.rows(engine, "SELECT count(*) FROM delivery WHERE topic = 'summary'")
    close_all([engine])
    files = (place.directory / "data/summaries").glob("*")
    return {file.name: file.read_text("utf-8") for file in files if not file.name.startswith(".")}, count
