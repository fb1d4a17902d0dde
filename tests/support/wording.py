"""The words that docs/style.md drops, and the texts that people read: of the program and in documents."""

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import click

from tests.support.cli_reference import commands
from tests.support.documents import DOCUMENTS, ROOT, read

STYLE = ROOT / "docs/style.md"
# What a provider says is quoted as it is: in the patterns that read it, and by the server that plays one.
_OTHERS_WORDS = ("monitor/core/answer/error_patterns/", "monitor/demo/")
_ROW = re.compile(r"^\| ((?:`[^`|]+`(?:, )?)+) \| (.+) \|$", re.MULTILINE)
_JINJA = re.compile(r"\{[{%#].*?[#%}]\}", re.DOTALL)
_CODE = re.compile(r"^```.*?^```|`[^`\n]+`|\]\([^)]*\)|<!--.*?-->", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Text:
    """A text that people read, and where it stands."""

    place: str
    words: str


def unused_words() -> tuple[str, ...]:
    """Return the words in the first column of the last table of docs/style.md."""
    table = read(STYLE).partition("## Words that are not used")[2]
    return tuple(word for row in _ROW.finditer(table) for word in re.findall(r"`([^`]+)`", row[1]))


def hits(texts: Iterable[Text]) -> list[str]:
    """Return each use of an unused word as `PLACE: WORD`; upper case and line breaks make no difference."""
    pattern = re.compile(rf"(?<![a-z])({'|'.join(map(re.escape, unused_words()))})(?![a-z])")
    return [
        f"{text.place}: {match[1]}"
        for text in texts
        for match in pattern.finditer(" ".join(text.words.lower().split()))
    ]


def help_texts() -> Iterator[Text]:
    """Give the `--help` of every command."""
    for name, command in commands().items():
        yield Text(f"{name} --help", command.get_help(click.Context(command, info_name=name)))


def messages() -> Iterator[Text]:
    """Give every string of monitor/ that is no docstring: messages, log events, labels."""
    for file in sorted(ROOT.glob("monitor/**/*.py")):
        name = file.relative_to(ROOT).as_posix()
        if not name.startswith(_OTHERS_WORDS):
            # A lone word is a key or the name of a table.
            yield from (Text(f"{name}:{line}", text) for line, text in _strings(file) if not text.isalpha())


def _strings(file: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(read(file))
    nodes = list(ast.walk(tree))
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.lineno, node.value


def pages() -> Iterator[Text]:
    """Give the templates of pages and mails."""
    for file in sorted(ROOT.glob("monitor/**/templates/*.html")):
        yield Text(file.relative_to(ROOT).as_posix(), _JINJA.sub("", read(file)))


def documents() -> Iterator[Text]:
    """Give the documents without their code, and the comments of the example configuration."""
    for file in DOCUMENTS:
        text = read(file).partition("## Words that are not used")[0] if file == STYLE else read(file)
        yield Text(file.relative_to(ROOT).as_posix(), _CODE.sub("`code`", text))
    example = ROOT / "config.example.toml"
    yield Text(example.name, "\n".join(line for line in read(example).splitlines() if line.startswith("#")))
