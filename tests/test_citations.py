"""What the project cites is in the project: rules by their number, documents by their path.

A rule is cited as `rules.md 17` or `Rule 17`, several as `rules.md 3, 14-17 and 22`; the name of a test that
proves one may hold `rule_17`. A test proves the rules that its name or its docstring cites. A document is
cited by its path or, in docs/, by its name; docs/provider-facts.md as `provider facts 4, row 12` too.
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from monitor.core.answer.table import TABLE
from tests.support.documents import ROOT, files_below

FOLDERS = ("monitor", "migrations", "tests", "benchmarks", "docs", "findings")
SUFFIXES = frozenset({".py", ".md", ".sh", ".toml", ".html", ".jsonl"})
_NUMBERS = r"(\d+(?:(?:-|, and | and |, )\d+)*)"
_CITATION = re.compile(rf"\brules?(?:\.md)?[ _]{_NUMBERS}", re.IGNORECASE)
_IN_A_NAME = re.compile(r"rule_(\d+)")
_HEADING = re.compile(r"^### (\d+)\. ", re.MULTILINE)
_DOCUMENT = re.compile(r"(?<![\w./-])(?:[\w-][\w.-]*/)*[\w-]+\.md\b")
_SUMMARY = re.compile(r"\d{4}-\d\d-\d\d\.md")  # a file that the program writes
_FACT = re.compile(r"\bprovider[ -]facts (\d(?:\.\d)?)(?:, rows? (\d+))?", re.IGNORECASE)


@cache
def files() -> tuple[Path, ...]:
    """Return the text files that may cite something."""
    inside = (file for file in files_below(*FOLDERS) if file.suffix in SUFFIXES)
    beside = (file for file in ROOT.iterdir() if file.is_file() and file.suffix in SUFFIXES)
    return tuple(sorted((*inside, *beside)))


def cited_rules(text: str) -> Iterator[int]:
    """Give the number of every rule that a text cites, those within a range too."""
    for citation in _CITATION.finditer(text):
        for part in re.split(r", and | and |, ", citation[1]):
            first, _, last = part.partition("-")
            yield from range(int(first), int(last or first) + 1)


@cache
def rules() -> tuple[int, ...]:
    """Return the numbers of the rules, in the order of docs/rules.md."""
    return tuple(map(int, _HEADING.findall((ROOT / "docs/rules.md").read_text("utf-8"))))


@cache
def proven_rules() -> frozenset[int]:
    """Return the rules that the name or the docstring of a test cites."""
    return frozenset(
        rule
        for file in files_below("tests")
        if file.match("test_*.py")
        for test in _tests(file)
        for rule in _proven_by(test)
    )


def _tests(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            yield node


def _proven_by(test: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[int]:
    yield from map(int, _IN_A_NAME.findall(test.name))
    yield from cited_rules(ast.get_docstring(test) or "")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("as rules.md 17 says", [17]),
        ("Rule 4: nothing clear", [4]),
        ("(rules.md 3, 14-17 and 22)", [3, 14, 15, 16, 17, 22]),
        ("rules 4, 6-8, and 37", [4, 6, 7, 8, 37]),
        ("numbered in rules.md. 12 sweeps", []),
    ],
)
def test_a_citation_is_read_with_all_of_its_numbers(text: str, numbers: list[int]) -> None:
    assert list(cited_rules(text)) == numbers


def test_the_rules_are_numbered_without_a_gap() -> None:
    assert rules() == tuple(range(1, len(rules()) + 1))


def test_every_cited_rule_exists() -> None:
    cited = {(file, rule) for file in files() for rule in cited_rules(file.read_text("utf-8"))}
    assert cited
    assert sorted((str(file), rule) for file, rule in cited if rule not in rules()) == []


def test_every_rule_is_proven_by_a_test_that_names_it() -> None:
    assert [rule for rule in rules() if rule not in proven_rules()] == []


@pytest.mark.parametrize("rule", rules())
def test_a_rule_names_the_modules_that_follow_it_and_the_tests_that_prove_it(rule: int) -> None:
    text = (ROOT / "docs/rules.md").read_text("utf-8")
    section = text.partition(f"\n### {rule}. ")[2].partition("\n### ")[0]
    modules, tests = (re.findall(rf"\(\.\./({folder}/.+?)\)", section) for folder in ("monitor", "tests"))
    assert modules
    assert tests
    for name in modules:
        assert rule in cited_rules((ROOT / name).read_text("utf-8")), name
    for name in tests:
        assert any(rule in _proven_by(test) for test in _tests(ROOT / name)), name


def test_every_cited_document_exists() -> None:
    missing = [
        (file.relative_to(ROOT), name)
        for file in files()
        for name in _DOCUMENT.findall(file.read_text("utf-8"))
        if not _SUMMARY.fullmatch(name)
        and not any((folder / name).is_file() for folder in (ROOT, file.parent, ROOT / "docs"))
    ]
    assert missing == []


def test_every_cited_fact_of_a_provider_stands_in_its_document() -> None:
    sections, rows = _facts()
    cited = [
        (file.relative_to(ROOT), section, row)
        for file in files()
        for section, row in _FACT.findall(file.read_text("utf-8"))
    ]
    assert cited
    assert [each for each in cited if each[1] not in sections or each[2] not in {"", *rows}] == []


def test_every_row_of_the_classification_table_has_its_fact() -> None:
    assert {row.row for row in TABLE} <= _facts()[1]


def _facts() -> tuple[frozenset[str], frozenset[str]]:
    """Return the sections of docs/provider-facts.md and the rows of its classification."""
    text = (ROOT / "docs/provider-facts.md").read_text("utf-8")
    sections = re.findall(r"^##+ (\d(?:\.\d)?)\.? ", text, re.MULTILINE)
    items = [f"1.{number}" for number in re.findall(r"^(\d)\. ", text, re.MULTILINE)]
    rows = re.findall(r"^\| (\d+) \|", text.partition("## 4. ")[2].partition("## 5. ")[0], re.MULTILINE)
    return frozenset({*sections, *items}), frozenset(rows)


def test_every_module_that_a_document_names_exists() -> None:
    named = [
        (file.relative_to(ROOT), name)
        for file in (*ROOT.glob("docs/**/*.md"), ROOT / "README.md")
        for name in re.findall(r"`((?:[a-z_]+/)+[a-z_]+\.py)`", file.read_text("utf-8"))
    ]
    assert named
    assert [
        each for each in named if not any((top / each[1]).is_file() for top in (ROOT, ROOT / "monitor"))
    ] == []
