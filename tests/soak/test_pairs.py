"""The short form of the hour of pairs: one pair on each database, and what the comparison notices."""

import math
from pathlib import Path
from random import Random

import pytest

from tests.soak.faults.table import FAULTS, any_pair
from tests.soak.paired.provider import Attempt
from tests.soak.paired.run import Run, disturbed
from tests.soak.paired.stage import stage
from tests.soak.paired.story import STEADY, Story
from tests.soak.paired.verdict import Truth, by_model, differences, lost_answers

NAMES = {fault.name: fault for fault in FAULTS}


@pytest.mark.parametrize(
    ("kind", "one", "other"),
    [("sqlite", "file held", "terminated"), ("postgres", "server stopped", "frozen")],
)
def test_a_pair_of_faults_costs_no_event(kind: str, one: str, other: str, tmp_path: Path) -> None:
    story, said = Story(7), list[str]()
    with Truth(story, tmp_path).lived() as truth, stage(tmp_path, kind, story) as play:
        chance = Random(7)  # noqa: S311 - chance, not a secret
        run = Run(play, truth, said.append, chance, longest_s=2.0, back_within_s=math.inf)
        troubles = disturbed(run, lambda: (NAMES[one], NAMES[other]), most=1)
    assert troubles == [], said
    assert run.pairs == {one: 1, other: 1}


def test_a_chapter_follows_from_its_number_alone() -> None:
    assert [Story(3).chapter(number) for number in (9, 2)] == [Story(3).chapter(n) for n in (9, 2)]
    assert Story(3).chapter(9) != Story(4).chapter(9)
    for number in range(200):
        chapter = Story(3).chapter(number)
        assert set(STEADY) <= set(chapter.world.listed)
        assert len(STEADY) > len(chapter.world.listed) / 2, "no guard may blame the run for what models do"


Row = tuple[str, str, str | None, str]


def down(model: str) -> Row:
    return (model, "became_unavailable", "available", "unavailable")


def test_the_comparison_notices_an_event_that_is_missing_invented_or_doubled() -> None:
    appeared: Row = ("a", "appeared", None, "available")
    before, after = by_model([appeared]), by_model([appeared, down("a")])
    for rows in ([appeared], [appeared, down("a")]):
        assert differences(by_model(rows), before, after) == {}
    for rows in ([], [appeared, down("b")], [appeared, down("a"), down("a")], [down("a")]):
        assert differences(by_model(rows), before, after) != {}


def test_a_model_whose_first_answer_did_not_come_is_new_for_a_moment() -> None:
    whole: list[Row] = [("a", "appeared", None, "available")]
    late: list[Row] = [("a", "appeared", None, "new"), ("a", "became_available", "new", "available")]
    for rows in (late, late[:1]):
        assert differences(by_model(rows), by_model(whole[:0]), by_model(whole)) == {}


@pytest.mark.parametrize(
    ("kept", "is_excused", "lost"),
    [({"serial-1"}, False, []), (set(), True, []), (set(), False, [("a", 5.0)]), ({"serial-2"}, False, [])],
)
def test_an_answer_is_lost_where_nothing_of_its_model_is_kept(
    kept: set[str], is_excused: bool, lost: list[object]
) -> None:
    attempt = Attempt(0, 0.0)
    attempt.answers["a"] += [(1, 4.0), (2, 5.0)]
    attempt.answers["b"].append((0, 6.0))
    assert lost_answers([attempt], kept, lambda _at: is_excused) == lost


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_every_fault_of_a_database_is_in_some_pair(kind: str) -> None:
    fitting = {fault.name for fault in FAULTS if kind in fault.kinds}
    chance = Random(1)  # noqa: S311 - chance, not a secret
    drawn = [any_pair(kind, chance, has_own_disk=True) for _ in range(1000)]
    assert {fault.name for pair in drawn for fault in pair} == fitting
    assert all(one.thing != other.thing for one, other in drawn)
