"""While the history cannot be read the last answer is shown, and says at once how old it is and why."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import open_engine
from monitor.web.app import create_app
from monitor.web.notices import Notice
from tests.support.process import WAIT_S
from tests.web.history import INTERVAL, START, UP, live, sweep
from tests.web.served import served

HTML = {"Accept": "text/html"}
AS_OF = "2026-04-06 12:00:00 UTC, 10 min ago"
WAITING = "12 sweeps wait for the database since 2026-04-06 12:01:00 UTC"
GONE = "the database file was deleted or moved away while it was open"
PAGES = ("/", "/models/nvidia/a", "/changes", "/changes/2026-04-06")


class Scene:
    """A served history whose file can be taken away, ten minutes later."""

    def __init__(self, file: Path) -> None:
        self.file, self.now, self.notices = file, START, list[Notice]()
        self.client = httpx.Client(timeout=WAIT_S)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers={**HTML, **headers})

    def lose(self, *notices: Notice) -> None:
        self.file.rename(self.file.with_name("elsewhere"))
        self.now += timedelta(minutes=10)
        self.notices += notices

    def find(self) -> None:
        self.file.with_name("elsewhere").rename(self.file)
        self.notices.clear()


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with serving(tmp_path / "monitor.db") as one:
        yield one


@contextmanager
def serving(file: Path) -> Iterator[Scene]:
    engine, one = open_engine(f"sqlite:///{file}"), Scene(file)
    prepare(engine)
    live(engine, [sweep(0, {"a": UP})])
    app = create_app(engine, watched={"nvidia": INTERVAL}, now=lambda: one.now, notices=lambda: one.notices)
    with served(app) as url, httpx.Client(base_url=url, trust_env=False, timeout=WAIT_S) as one.client:
        yield one
    engine.dispose()


@pytest.mark.parametrize("path", PAGES)
def test_the_last_page_is_shown_and_begins_with_its_age_and_the_reason(scene: Scene, path: str) -> None:
    scene.notices.append(Notice(words="a maintenance note"))
    fresh = scene.get(path)
    scene.lose(Notice(words=WAITING, is_trouble=True))
    old = scene.get(path)
    assert old.status_code == 200
    assert old.text.index(f"as of {AS_OF}: {WAITING}.") < old.text.index("<h1>")
    assert old.text.partition("<h1>")[2] == fresh.text.partition("<h1>")[2]
    assert (old.text.count(WAITING), old.text.count("a maintenance note")) == (1, 1)
    assert (old.headers["age"], old.headers["warning"]) == ("600", '110 - "Response is Stale"')
    assert "age" not in fresh.headers


def test_without_a_notice_the_reason_is_that_the_database_cannot_be_read(scene: Scene) -> None:
    scene.get("/")
    scene.lose()
    assert f"as of {AS_OF}: {GONE}." in scene.get("/").text


def test_a_page_that_was_never_made_is_a_sentence_as_before(scene: Scene) -> None:
    scene.get("/")
    scene.lose()
    assert (scene.get("/changes").status_code, scene.get("/models/nvidia/a").status_code) == (503, 503)


def test_a_reader_that_has_the_page_gets_it_again_with_the_notice(scene: Scene) -> None:
    tag = scene.get("/").headers["etag"]
    assert scene.get("/", **{"If-None-Match": tag}).status_code == 304
    scene.lose()
    assert scene.get("/", **{"If-None-Match": tag}).status_code == 200
    scene.find()
    assert scene.get("/", **{"If-None-Match": tag}).headers.get("age") is None


def test_programs_get_the_last_answer_with_a_notice_and_marked_as_stale(scene: Scene) -> None:
    paths = ("/api/v1/models", "/v1/models")
    fresh = [scene.get(path).json() for path in paths]
    assert not any("notice" in body for body in fresh)
    scene.lose(Notice(words=WAITING, is_trouble=True))
    models, answering = (scene.get(path) for path in paths)
    for old, before in zip((models, answering), fresh, strict=True):
        assert (old.status_code, old.headers["age"]) == (200, "600")
        assert old.json()["notice"] == f"What is shown is as of {AS_OF}: {WAITING}"
        key = "models" if "models" in before else "data"
        assert old.json()[key] == before[key]
    assert [provider["stale"] for provider in models.json()["providers"]] == [True]
    assert (answering.json()["stale"], answering.json()["stale_providers"]) == (True, ["nvidia"])


def test_who_asks_strictly_is_refused(scene: Scene) -> None:
    assert scene.get("/v1/models?strict=1").status_code == 200
    scene.lose()
    assert scene.get("/v1/models?strict=1").status_code == 503


def test_a_feed_is_what_it_was(scene: Scene) -> None:
    fresh = scene.get("/feed.atom")
    scene.lose()
    old = scene.get("/feed.atom")
    assert (old.status_code, old.content, old.headers["age"]) == (200, fresh.content, "600")
    assert scene.get("/feed.atom", **{"If-None-Match": fresh.headers["etag"]}).status_code == 304


def test_readyz_stays_honest(scene: Scene) -> None:
    assert scene.get("/readyz").status_code == 200
    scene.lose(Notice(words=WAITING, is_trouble=True))
    ready = scene.get("/readyz")
    assert (ready.status_code, ready.json()["reasons"][1]) == (503, WAITING)
    assert ready.json()["reasons"][0].startswith(GONE)


def test_the_page_is_fresh_again_once_the_database_is_back(scene: Scene) -> None:
    before = scene.get("/").text
    scene.lose(Notice(words=WAITING, is_trouble=True))
    assert WAITING in scene.get("/").text
    scene.find()
    scene.now = START
    back = scene.get("/")
    assert (back.text, back.headers.get("warning")) == (before, None)
