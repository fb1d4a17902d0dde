"""The documents at the root and in docs/ as a test reads them: sections, fenced blocks, console examples."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = tuple(sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]))
_NOT_OURS = {"node_modules", "__pycache__"}
_FENCE = re.compile(r"^```(\w*)( \w+)?$")
_COMMENT = re.compile(r"\s{2,}#\s+(.*)$")
_EXIT_CODE = re.compile(r"exit code (\d+)")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, its language, its text."""

    place: str
    language: str
    text: str


@dataclass(frozen=True)
class Example:
    """A command on a console with what the document shows of its output, `...` standing for anything."""

    command: str
    output: str = ""
    exit_code: int = 0

    def shows(self, output: str) -> bool:
        """Tell whether this is the output that the document shows; it may show none."""
        wanted = re.escape(self.output).replace(re.escape("..."), ".*")
        return not self.output or re.fullmatch(wanted, output.strip(), re.DOTALL) is not None


def files_below(*folders: str) -> list[Path]:
    """Return the project's files in these folders, sorted; npm installs its own beside them."""
    files = list[Path]()
    for folder in folders:
        for directory, inside, names in os.walk(ROOT / folder):
            inside[:] = [name for name in inside if name not in _NOT_OURS]
            files += [Path(directory, name) for name in names]
    return sorted(files)


def read(document: Path) -> str:
    """Return a document's text."""
    return document.read_text(encoding="utf-8")


def blocks(*languages: str) -> list[Block]:
    """Return the blocks of these languages in all documents."""
    return [each for file in DOCUMENTS for each in _blocks(file) if each.language in languages]


def _blocks(file: Path) -> Iterator[Block]:
    language, started, lines = None, 0, list[str]()
    for number, line in enumerate(read(file).splitlines(), start=1):
        fence = _FENCE.match(line)
        if language is None and fence:
            language, started, lines = fence[1], number, []
        elif language is not None and fence:
            yield Block(f"{file.relative_to(ROOT)}:{started}", language, "\n".join(lines))
            language = None
        else:
            lines.append(line)


def examples(block: Block) -> list[Example]:
    """Return the commands of a block: the lines after `$`, or every line of a script."""
    joined = re.sub(r"\\\n\s*", "", block.text)
    if block.language == "sh":
        return [_example(line, []) for line in joined.splitlines() if line]
    found: list[tuple[str, list[str]]] = []
    for line in joined.splitlines():
        if line.startswith("$ "):
            found.append((line.removeprefix("$ "), []))
        else:
            found[-1][1].append(line)
    return [_example(command, output) for command, output in found]


def _example(line: str, output: list[str]) -> Example:
    comment = _COMMENT.search(line)
    code = _EXIT_CODE.match(comment[1]) if comment else None
    return Example(_COMMENT.sub("", line), "\n".join(output).strip(), int(code[1]) if code else 0)


def sections(document: str) -> dict[str, str]:
    """Return a document's text by its headings of the second level, without the marks of code."""
    parts = re.split(r"^## (.+)$", read(ROOT / document), flags=re.MULTILINE)
    return {heading.strip("`"): text for heading, text in zip(parts[1::2], parts[2::2], strict=True)}


def links(file: Path) -> list[str]:
    """Return the targets of a document's links that lead to this repository."""
    found = re.findall(r"\]\(([^)\s]+)\)", read(file))
    return [target for target in found if "://" not in target]


def anchors(file: Path) -> set[str]:
    """Return the anchors that the headings of a document make."""
    headings = re.findall(r"^#+ (.+)$", read(file), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
