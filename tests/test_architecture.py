"""docs/architecture.md shows the house as it is: every package, its one sentence, and not too many rooms."""

import ast
import re
from pathlib import Path

import pytest

from tests.support.documents import ROOT, files_below

PACKAGES = tuple(sorted(file.parent for file in ROOT.glob("monitor/**/__init__.py")))
MOST_MODULES = 15

# Packages without a folder of tests of their own, and where they are tested.
TESTED_ELSEWHERE = {
    "app/tasks": "tests/cli/commands",  # each is what one command does
    "cli/commands/check": "tests/cli/commands",  # test_check.py and test_check_history.py
    "cli/commands/db": "tests/cli/commands",  # test_db_backup.py and its like
    "core/answer/error_patterns": "tests/core/answer/test_error_patterns.py",
    "report/layout": "tests/report/message/test_changes.py",  # one message in every form
    "store/schema": "tests/store/admin/test_migrate.py",  # the tables are those of the migrations
}
# Folders of tests of no package: the service, a browser, the image, ten thousand lives, other servers, tools.
WHOLE_PROGRAM = {"deploy", "e2e", "fuzz", "image", "soak", "thirdparty", "tools"}
_LINE = re.compile(r"^ *([\w/.]+) {2,}(\S.*)$")


def sentence_of(module: Path) -> str:
    """Return the first paragraph of a module's docstring, on one line, without its full stop."""
    docstring = ast.get_docstring(ast.parse(module.read_text("utf-8"))) or ""
    return " ".join(docstring.partition("\n\n")[0].split()).removesuffix(".")


def shown() -> dict[str, str]:
    """Return the map of docs/architecture.md: each path below monitor/ with its sentence."""
    block = (ROOT / "docs/architecture.md").read_text("utf-8").split("```")[1]
    return {line[1]: line[2] for line in map(_LINE.match, block.splitlines()) if line}


def test_the_map_shows_every_package_and_its_sentence() -> None:
    packages = {
        f"{folder.relative_to(ROOT / 'monitor')}/": sentence_of(folder / "__init__.py")
        for folder in PACKAGES
        if folder.name != "monitor"
    }
    modules = {
        file.name: sentence_of(file) for file in ROOT.glob("monitor/*.py") if not file.name.startswith("__")
    }
    assert shown() == packages | modules


@pytest.mark.parametrize("folder", PACKAGES, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_no_package_has_more_modules_than_a_reader_can_take_in(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) - 1 <= MOST_MODULES


def test_every_package_has_its_folder_of_tests_or_says_where_it_is_tested() -> None:
    names = {folder.relative_to(ROOT / "monitor").as_posix() for folder in PACKAGES}
    without = {name for name in names if not any((ROOT / "tests" / name).glob("**/test_*.py"))}
    assert without == set(TESTED_ELSEWHERE)
    assert all((ROOT / place).exists() for place in TESTED_ELSEWHERE.values())


def test_every_folder_of_tests_has_its_package_or_is_about_the_whole_program() -> None:
    names = {folder.relative_to(ROOT / "monitor").as_posix() for folder in PACKAGES}
    tests = [file for file in files_below("tests") if file.match("test_*.py")]
    tested = {file.parent.relative_to(ROOT / "tests").as_posix() for file in tests}
    assert tested - names == WHOLE_PROGRAM
