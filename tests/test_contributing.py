"""What documents say of the repository is so: every path, make target and hook that they name is there."""

import re
from pathlib import Path

import pytest

from tests.support.documents import DOCUMENTS, ROOT, read

PLACES = ("monitor", "migrations", "tests", "docs", "benchmarks", "findings", ".ci")
_CODE = re.compile(r"`([^`\n]+)`")
_PATH = re.compile(rf"(?:{'|'.join(map(re.escape, PLACES))})/[\w./-]*")
_MODULE = re.compile(r"[\w-]+(?:/[\w-]+)*/[\w-]+\.py")
_TARGET = re.compile(r"`make ([a-z][a-z0-9-]*)|^(?:\$ )?make ([a-z][a-z0-9-]*)  ", re.MULTILINE)
_PART_TO_FILL_IN = re.compile(r"NNNN|NAME")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda file: str(file.relative_to(ROOT)))
def test_every_path_that_a_document_names_is_there(document: Path) -> None:
    missing = [path for path in paths(read(document)) if not any((root / path).exists() for root in _ROOTS)]
    assert missing == []


_ROOTS = (ROOT, ROOT / "monitor")


def paths(text: str) -> list[str]:
    """Return the paths of the repository that stand as code; of one with a part to fill in, its folder."""
    named = (_PATH.fullmatch(code) or _MODULE.fullmatch(code) for code in _CODE.findall(text))
    return [_fixed_part(path[0]) for path in named if path]


def _fixed_part(path: str) -> str:
    return path.rpartition("/")[0] if _PART_TO_FILL_IN.search(path) else path


def test_a_path_is_code_that_begins_with_a_folder_or_ends_with_a_module() -> None:
    text = (
        "`monitor/http/` and `sweep/plan.py`, `tests/notify/test_NAME.py`, `data/monitor.db`, tests/none.py"
    )
    assert paths(text) == ["monitor/http/", "sweep/plan.py", "tests/notify"]


def test_every_make_target_that_a_document_names_is_there() -> None:
    targets = set(re.findall(r"^([a-z0-9-]+):", read(ROOT / "Makefile"), re.MULTILINE))
    named = {a or b for file in DOCUMENTS for a, b in _TARGET.findall(read(file))}
    assert {"setup", "check"} <= named <= targets


def test_a_hook_runs_what_make_lint_or_make_fix_runs() -> None:
    hooks = re.findall(r"^ +entry: \.venv/bin/(.+)$", read(ROOT / ".pre-commit-config.yaml"), re.MULTILINE)
    lines = re.findall(r"^\t\$\(BIN\)/(.+)$", read(ROOT / "Makefile"), re.MULTILINE)
    assert hooks
    assert [hook for hook in hooks if hook.replace(" --force-exclude", "") not in lines] == []
