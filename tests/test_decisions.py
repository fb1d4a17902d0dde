"""The decision records have one form, one order, and an index that names them all."""

import re
from datetime import date
from pathlib import Path

import pytest

from tests.support.documents import ROOT, read

INDEX = ROOT / "docs/decisions/README.md"
RECORDS = tuple(sorted(file for file in INDEX.parent.glob("*.md") if file != INDEX))
_ROW = re.compile(r"^\| \[(\d{4})\]\((\S+)\) \| (\S+) \| (.+) \|$", re.MULTILINE)
_FORM = re.compile(
    r"# (\d{4})\. (.+)\n\nDate: (\d{4}-\d\d-\d\d)\n\n"
    r"\*\*Context\.\*\* .+\n\n\*\*Decision\.\*\* .+\n\n\*\*Consequence\.\*\* .+\n",
    re.DOTALL,
)


@pytest.mark.parametrize("record", RECORDS, ids=lambda file: file.stem[:4])
def test_a_record_has_number_date_context_decision_and_consequence(record: Path) -> None:
    match = _FORM.fullmatch(read(record))
    assert match
    assert record.name.startswith(f"{match[1]}-")
    date.fromisoformat(match[3])


def test_the_index_lists_every_record_with_its_date_and_title() -> None:
    listed = [(name, number, day, title) for number, name, day, title in _ROW.findall(read(INDEX))]
    written = [(file.name, *_head(file)) for file in RECORDS]
    assert listed == written


def test_records_are_numbered_without_a_gap_in_the_order_of_their_dates() -> None:
    heads = [_head(file) for file in RECORDS]
    assert [int(number) for number, _, _ in heads] == list(range(1, len(heads) + 1))
    assert [day for _, day, _ in heads] == sorted(day for _, day, _ in heads)


def _head(record: Path) -> tuple[str, str, str]:
    match = _FORM.fullmatch(read(record))
    assert match, record.name
    return match[1], match[3], match[2]
