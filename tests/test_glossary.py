"""Every code of the program stands in docs/glossary.md, in the table of its sort, and no other does."""

import re
from enum import StrEnum
from functools import cache

import pytest

from monitor.core.domain.vocabulary import Cause, EventKind, Kind, Outcome, Reason, Status, Verdict
from tests.support.documents import ROOT

_HEADING = re.compile(r"^##+ (.+)$", re.MULTILINE)
_FIRST_CELL = re.compile(r"^\| (.+?) \|", re.MULTILINE)
_CODE = re.compile(r"`(\w+)`")


@cache
def _words() -> dict[str, list[str]]:
    """Return the first cells of the tables under each heading."""
    parts = _HEADING.split((ROOT / "docs/glossary.md").read_text("utf-8"))
    return {
        heading: _FIRST_CELL.findall(text) for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


@pytest.mark.parametrize(
    ("heading", "enums"),
    [
        ("Kinds", [Kind]),
        ("Observations", [Outcome]),
        ("Reasons", [Reason]),
        ("Verdicts and causes", [Verdict, Cause]),
        ("What is believed of a model", [Status]),
        ("Events", [EventKind]),
    ],
)
def test_every_code_is_explained_once_among_its_like(heading: str, enums: list[type[StrEnum]]) -> None:
    codes = [code for cell in _words()[heading] for code in _CODE.findall(cell)]
    assert sorted(set(codes) - {"began_at", "confirmed_at"}) == sorted(
        code for enum in enums for code in enum
    )
    assert len(codes) == len(set(codes))


def test_no_word_is_explained_twice() -> None:
    words = [
        word
        for cells in _words().values()
        for cell in cells
        if "`" not in cell and cell not in {"word", "kind", "reason", "cause", "event", "---"}
        for word in cell.split(", ")
    ]
    assert sorted(word for word in set(words) if words.count(word) > 1) == []
