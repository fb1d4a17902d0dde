"""Every log event stands in docs/operations.md with its level, and operators can alert on the level."""

import ast
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from monitor.core.domain.vocabulary import EventKind

ROOT = Path(__file__).parents[1]
_LEVELS = frozenset({"INFO", "WARNING", "ERROR"})
_HISTORY = "change.kind"  # in monitor/sweep/log.py: the events of the history
_ROUNDS = ("_failed", "_crashed")  # of monitor/app/periodic.py, behind the name that a round is given


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    for file in (ROOT / "monitor").rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield file.relative_to(ROOT), node


def levels_of(file: Path, level: ast.expr) -> frozenset[str]:
    """Return the levels that an expression can be; a variable is looked up in its module."""
    names = {node.attr for node in ast.walk(level) if isinstance(node, ast.Attribute)}
    if isinstance(level, ast.Name):
        for node in ast.walk(ast.parse((ROOT / file).read_text("utf-8"))):
            if isinstance(node, ast.Assign) and level.id in map(ast.unparse, node.targets):
                names |= {part.attr for part in ast.walk(node.value) if isinstance(part, ast.Attribute)}
    return frozenset(names & _LEVELS)


def written() -> Mapping[str, frozenset[str]]:
    """Return the levels of every event in the code, the history's and those of rounds left out."""
    levels = defaultdict[str, frozenset[str]](frozenset)
    for file, call in calls("event"):
        if len(call.args) != 3 or ast.unparse(call.args[2]) == _HISTORY:
            continue
        if isinstance(call.args[2], ast.Constant):
            levels[str(call.args[2].value)] |= levels_of(file, call.args[1])
        else:
            assert file.name == "periodic.py", f"{file}:{call.lineno}: an event's name is a constant"
    for _file, call in calls("every"):
        name = ast.literal_eval(call.args[3])
        for end in _ROUNDS:
            levels[f"{name}{end}"] |= {"ERROR"}
    return levels


def documented() -> Mapping[str, frozenset[str]]:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    (table,) = re.findall(r"^\| event \| level \| when \|\n\|[-|]+\n((?:\|.+\n)+)", text, re.MULTILINE)
    rows = [line.split(" | ") for line in table.splitlines()]
    return {
        name: frozenset(re.findall("[A-Z]{4,}", level))
        for names, level, *_ in rows
        for name in re.findall("`(.+?)`", names)
    }


def test_every_log_event_is_documented_with_its_levels() -> None:
    own = {name: levels for name, levels in documented().items() if name not in list(EventKind)}
    assert own == dict(written())


def test_every_event_of_the_history_is_documented_with_its_level() -> None:
    of_history = {name: levels for name, levels in documented().items() if name in list(EventKind)}
    warnings = {"credential_rejected", "quota_exhausted", "provider_down", "catalog_shrank"}
    assert of_history == {
        str(kind): frozenset({"WARNING" if kind in warnings else "INFO"}) for kind in EventKind
    }
