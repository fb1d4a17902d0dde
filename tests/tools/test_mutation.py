"""What `make mutation` makes of a module, and which survivors it accepts."""

import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from tests.support.survivors import compare, killed_of_each_package, read_survivors

ROOT = Path(__file__).resolve().parents[2]
MODULE = """def is_old(age: int | None, limit: int = 3) -> bool:
    return age is not None and age > limit
"""


def mutant(before: str, after: str) -> dict[str, str]:
    return {"path": "core/old.py", "before": before, "after": after}


def test_a_module_is_changed_by_each_operator_but_not_in_its_types(tmp_path: Path) -> None:
    (tmp_path / "old.py").write_text(MODULE, "utf-8")
    command = [".venv-tools/bin/python", "-W", "ignore", "-m", "tests.tools.mutants"]
    subprocess.run([*command, tmp_path / "mutants.jsonl", tmp_path], cwd=ROOT, check=True)
    mutants = [json.loads(line) for line in (tmp_path / "mutants.jsonl").read_text("utf-8").splitlines()]
    assert {" ".join(each["after"].split()) for each in mutants} == {
        "def is_old(age: int | None, limit: int = 4) -> bool:",
        "def is_old(age: int | None, limit: int = 2) -> bool:",
        "return age is not None or age > limit",
        "return age is None and age > limit",
        "return age is not None and age >= limit",
        "return age is not None and age <= limit",
    }


def test_a_package_with_less_than_nine_tenths_killed_is_a_complaint() -> None:
    mutants = [mutant("a", str(number)) for number in range(10)]
    accepted = Counter({("core/old.py", "a", "0"): 1, ("core/old.py", "a", "1"): 1})
    assert compare(mutants, mutants[:1], accepted - Counter({("core/old.py", "a", "1"): 1})) == []
    assert compare(mutants, mutants[:2], accepted) == ["core: less than 90% killed"]
    assert killed_of_each_package(mutants, mutants[:1]) == ["core: 9 of 10 mutants killed (90.0%)"]


def test_survivors_and_those_written_down_are_the_same() -> None:
    mutants = [mutant("a", str(number)) for number in range(20)]
    assert compare(mutants, mutants[:1], Counter()) == ["survives: core/old.py\n  - a\n  + 0"]
    accepted = Counter({("core/old.py", "a", "0"): 1, ("core/old.py", "a", "7"): 1})
    assert compare(mutants, mutants[:1], accepted) == ["written down, but killed: core/old.py\n  - a\n  + 7"]


def test_a_survivor_needs_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "survivors.toml"
    file.write_text('[["core/old.py"]]\nbefore = "a"\nafter = "b"\nwhy = " "\n', "utf-8")
    with pytest.raises(ValueError, match="needs a reason"):
        read_survivors(file)
