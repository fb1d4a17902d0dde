"""`python -m tests.tools.mutants FILE PATH ...`: write each mutant of the modules there, by cosmic-ray.

Runs in .venv-tools, where cosmic-ray is. A line of FILE is the JSON of one mutant: `path`, `operator`, `line`
(its number), `before` and `after` (the lines that differ), `text` (the whole mutated module). An operator is
replaced by its nearest relatives: what fails at once by its type (`a ** b` of two sets) any test would kill.
"""

import difflib
import json
import sys
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

_RELATIVES: Final[Mapping[str, frozenset[str]]] = MappingProxyType(
    {
        "ReplaceBinaryOperator_": frozenset(
            {
                *("Add_Sub", "Sub_Add", "Mul_FloorDiv", "Mul_Add", "Div_Mul", "Div_FloorDiv", "FloorDiv_Mul"),
                *("FloorDiv_Mod", "Mod_FloorDiv", "Pow_Mul", "BitOr_BitAnd", "BitOr_BitXor", "BitAnd_BitOr"),
            }
        ),
        "ReplaceComparisonOperator_": frozenset(
            {
                *("Eq_NotEq", "Eq_LtE", "Eq_GtE", "NotEq_Eq", "NotEq_Lt", "NotEq_Gt", "Is_IsNot", "IsNot_Is"),
                *("Lt_LtE", "Lt_GtE", "LtE_Lt", "LtE_Gt", "Gt_GtE", "Gt_LtE", "GtE_Gt", "GtE_Lt"),
            }
        ),
    }
)
_TYPED: Final[Mapping[str, int]] = MappingProxyType({"annassign": 1, "tfpdef": 2})  # which child is the type


def main(file: Path, paths: list[Path]) -> int:
    """Write the mutants of the modules, or of the modules in the directories."""
    inside = (sorted(path.glob("*.py")) if path.is_dir() else [path] for path in paths)
    with file.open("w", encoding="utf-8") as lines:
        for module in chain.from_iterable(inside):
            for mutant in mutants_of(module):
                lines.write(json.dumps(mutant) + "\n")
    return 0


def mutants_of(module: Path) -> Iterator[Mapping[str, Any]]:
    """Return the mutants of one module, operator by operator. What is no Python or no change is none."""
    from cosmic_ray.mutating import mutate_code  # noqa: PLC0415 - only .venv-tools has it

    source = module.read_text("utf-8")
    for name, operator, places in _operators(source):
        for number, line in enumerate(places):
            if line is None:
                continue
            text = mutate_code(source, operator, number)
            before, after = _difference(source, text or source)
            if before != after and _is_python(text):
                where = {"path": str(module), "operator": name, "line": line}
                yield where | {"before": before, "after": after, "text": text}


def _operators(source: str) -> Iterator[tuple[str, Any, list[int | None]]]:
    """Return each operator with the lines of its places; None for a place in an annotation."""
    from cosmic_ray.ast import ast_nodes, get_ast  # noqa: PLC0415 - as above
    from cosmic_ray.plugins import get_operator, operator_names  # noqa: PLC0415 - as above

    nodes = list(ast_nodes(get_ast(source)))
    for full_name in sorted(operator_names()):
        name = full_name.removeprefix("core/")
        if not _is_wanted(name):
            continue
        operator = get_operator(full_name)()
        yield (
            name,
            operator,
            [
                None if _is_annotation(node) else place[0][0]
                for node in nodes
                for place in operator.mutation_positions(node)
            ],
        )


def _is_wanted(name: str) -> bool:
    for family, relatives in _RELATIVES.items():
        if name.startswith(family):
            return name.removeprefix(family) in relatives
    return not name.startswith(("NoOp", "Variable"))


def _is_annotation(node: Any) -> bool:  # noqa: ANN401 - parso's, which only .venv-tools has
    """Whether a node of parso stands in the type of a variable, a parameter or a result."""
    while (parent := node.parent) is not None:
        if parent.type == "funcdef" and node is parent.annotation:
            return True
        if parent.type in _TYPED and node is parent.children[_TYPED[parent.type]]:
            return True
        node = parent
    return False


def _difference(source: str, text: str) -> tuple[str, str]:
    lines = [*difflib.unified_diff(source.splitlines(), text.splitlines(), n=0, lineterm="")][2:]
    before, after = (
        "\n".join(line[1:].strip() for line in lines if line.startswith(mark)) for mark in ("-", "+")
    )
    return before, after


def _is_python(text: str) -> bool:
    try:
        compile(text, "mutant", "exec")
    except SyntaxError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), [Path(name) for name in sys.argv[2:]]))
