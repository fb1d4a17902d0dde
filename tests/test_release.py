"""`make release` tags what is ready, and refuses what is not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import monitor
from tests.support.documents import ROOT, read
from tests.support.process import WAIT_S

READY = "# Changelog\n\n## [Unreleased]\n\n## [1.2.3] - 2026-04-06\n\n- All of it.\n"


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Give a repository with a package of one module, ready to be released as 1.2.3."""
    tree = tmp_path / "tree"
    (tree / "monitor").mkdir(parents=True)
    (tree / ".ci").mkdir()
    (tree / "monitor/__init__.py").write_text('__version__ = "1.2.3"\n')
    (tree / "CHANGELOG.md").write_text(READY)
    (tree / ".gitignore").write_text("dist/\n")
    (tree / ".ci/release").write_bytes((ROOT / ".ci/release").read_bytes())
    (tree / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'
        '[project]\nname = "monitor"\nrequires-python = ">=3.11"\ndynamic = ["version"]\n'
        '[tool.hatch.version]\npath = "monitor/__init__.py"\n'
    )
    _git(tree, "init", "--quiet")
    _commit(tree)
    return tree


def test_the_version_of_the_package_has_its_section_in_the_changelog() -> None:
    assert f"\n## [{monitor.__version__}] - 20" in read(ROOT / "CHANGELOG.md")


def test_every_line_of_the_changelog_stands_below_what_it_is() -> None:
    for section in read(ROOT / "CHANGELOG.md").split("\n## [")[1:]:
        assert "\n- " not in section.partition("\n### ")[0]


def test_every_version_has_each_heading_once() -> None:
    for section in read(ROOT / "CHANGELOG.md").split("\n## [")[1:]:
        headings = re.findall(r"^### .*", section, re.MULTILINE)
        assert len(headings) == len({*headings})


def test_a_ready_tree_is_built_and_tagged(tree: Path) -> None:
    done = _release(tree)
    assert done.returncode == 0, done.stderr
    assert sorted(file.name for file in (tree / "dist").iterdir()) == [
        "monitor-1.2.3-py3-none-any.whl",
        "monitor-1.2.3.tar.gz",
    ]
    assert _git(tree, "tag", "--list").strip() == "v1.2.3"


def test_a_tree_with_changes_is_refused(tree: Path) -> None:
    (tree / "new.txt").write_text("not committed\n")
    assert "the tree has changes" in _refusal(tree)


@pytest.mark.parametrize(
    ("changelog", "message"),
    [
        (READY.replace("[1.2.3]", "[1.2.2]"), 'no heading "## [1.2.3] - YYYY-MM-DD"'),
        (READY.replace(" - 2026-04-06", ""), 'no heading "## [1.2.3] - YYYY-MM-DD"'),
        (READY.replace("[Unreleased]\n", "[Unreleased]\n\n- More.\n"), "lines under [Unreleased]"),
    ],
)
def test_a_changelog_that_is_not_ready_is_refused(tree: Path, changelog: str, message: str) -> None:
    (tree / "CHANGELOG.md").write_text(changelog)
    _commit(tree)
    assert message in _refusal(tree)


def test_a_version_that_is_tagged_is_refused(tree: Path) -> None:
    _git(tree, "tag", "v1.2.3")
    assert "v1.2.3 is tagged already" in _refusal(tree)


def _refusal(tree: Path) -> str:
    tags = _git(tree, "tag", "--list")
    done = _release(tree)
    assert done.returncode == 1
    assert not (tree / "dist").exists()
    assert _git(tree, "tag", "--list") == tags
    return done.stderr


def _release(tree: Path) -> subprocess.CompletedProcess[str]:
    return _run(tree, "/bin/bash", ".ci/release")


def _commit(tree: Path) -> None:
    _git(tree, "add", "--all")
    _git(tree, "commit", "--quiet", "--message", "Change something")


def _git(tree: Path, *arguments: str) -> str:
    done = _run(tree, "git", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _run(tree: Path, *command: str) -> subprocess.CompletedProcess[str]:
    who = {
        f"GIT_{role}_{key}": "tester@example.org"
        for role in ("AUTHOR", "COMMITTER")
        for key in ("NAME", "EMAIL")
    }
    environ = {"PATH": os.defpath, "HOME": str(tree.parent), "PYTHON": sys.executable, **who}
    return subprocess.run(
        command, cwd=tree, env=environ, capture_output=True, text=True, timeout=WAIT_S, check=False
    )
