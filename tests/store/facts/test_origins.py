"""What catalogs say of models' origins is kept with the model, and goes wherever its history goes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Engine, select

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import ModelOrigin, Sweep
from monitor.report.formats.records import format_record, parse_record
from monitor.store import query
from monitor.store import schema as t
from monitor.store.admin.backup import back_up
from monitor.store.admin.copy import copy_history
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import is_sqlite, open_engine, reading
from monitor.store.derived.rebuild import rebuild
from monitor.store.write.beginning import read_beginning
from monitor.store.write.import_export import add_sweeps, read_sweeps
from tests.store import histories, views

MADE = datetime(2025, 3, 1, tzinfo=UTC)
NAMES = ("meta/llama", "plain", "qwen/q")


def sweep(hour: int, *origins: ModelOrigin) -> Sweep:
    """Return a sweep of three models whose catalog says this for the first time."""
    at = histories.START + timedelta(hours=hour)
    return replace(histories.sweep(at, dict.fromkeys(NAMES, histories.UP)), origins=origins)


STORY = (
    sweep(0, ModelOrigin("meta/llama", "meta", MADE), ModelOrigin("plain", "system")),
    sweep(1),
    sweep(2, ModelOrigin("plain", "Acme", MADE), ModelOrigin("qwen/q", "Alibaba Cloud")),
)
PUBLISHERS = {"meta/llama": "meta", "plain": "Acme", "qwen/q": "Alibaba Cloud"}


def published(engine: Engine) -> dict[str, str | None]:
    """Return each model's publisher as the view of what is believed now shows it."""
    return {row["model"]: row["publisher"] for row in views.told(engine, "model_status")}


def test_the_publisher_is_what_the_latest_catalog_said(engine: Engine) -> None:
    histories.live(engine, STORY[0])
    assert published(engine) == {"meta/llama": "meta", "plain": None, "qwen/q": "qwen"}
    for told in STORY[1:]:
        histories.live(engine, told)
    assert published(engine) == PUBLISHERS
    assert {row.model: row.publisher for row in query.current_models(engine)} == PUBLISHERS
    for view in ("uptime_daily", "uptime_monthly"):
        assert {row["model"]: row["publisher"] for row in views.told(engine, view)} == PUBLISHERS
    assert read_beginning(engine, "nvidia", histories.START, histories.START).origins == {
        "meta/llama": ModelOrigin("meta/llama", "meta", MADE),
        "plain": ModelOrigin("plain", "Acme", MADE),
        "qwen/q": ModelOrigin("qwen/q", "Alibaba Cloud"),
    }


def test_origins_go_out_with_the_sweeps_and_come_back_in_any_order(engine: Engine, tmp_path: Path) -> None:
    for told in STORY:
        histories.live(engine, told)
    sweeps = [parse_record(format_record(each), "f") for each in read_sweeps(engine)]
    assert [each.origins for each in sweeps] == [each.origins for each in STORY]
    other = open_engine(f"sqlite:///{tmp_path}/other.db")
    copy_history(engine, other, lambda *_: None)
    assert published(other) == PUBLISHERS
    fresh = open_engine(f"sqlite:///{tmp_path}/fresh.db")
    prepare(fresh)
    for place in (2, 0, 1):
        add_sweeps(fresh, [sweeps[place]], lambda _: Policy())
    assert published(fresh) == PUBLISHERS
    assert [each.origins for each in read_sweeps(fresh)] == [each.origins for each in STORY]


def test_an_export_of_a_later_part_has_what_was_said_before_it(engine: Engine) -> None:
    for told in STORY:
        histories.live(engine, told)
    _, later, last = STORY
    sweeps = list(read_sweeps(engine, since=later.started_at))
    assert [each.origins for each in sweeps] == [STORY[0].origins, last.origins]


def test_a_rebuild_and_a_backup_leave_origins_as_they_are(engine: Engine, tmp_path: Path) -> None:
    for told in STORY:
        histories.live(engine, told)
    assert not rebuild(engine, "nvidia", Policy(confirm_down=3)).differs
    assert published(engine) == PUBLISHERS
    if is_sqlite(engine):
        back_up(engine, tmp_path / "copy.db", replaces=False, on_progress=lambda *_: None)
        assert published(open_engine(f"sqlite:///{tmp_path}/copy.db")) == PUBLISHERS


def test_what_a_catalog_repeats_takes_no_room(engine: Engine) -> None:
    for told in STORY:
        histories.live(engine, told)
    with reading(engine) as connection:
        assert len(connection.execute(select(t.origin)).all()) == sum(len(told.origins) for told in STORY)
