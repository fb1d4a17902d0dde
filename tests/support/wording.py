"""The words that docs/style.md drops, and the texts that people read: of the program and in documents."""

import ast
import io
import re
import tokenize
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
_CODE = re.compile(r"`[^`\n]+`|\]\([^)]*\)|<!--.*?-->", re.MULTILINE | re.DOTALL)


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


def explanations() -> Iterator[Text]:
    """Give the docstrings of monitor/ and its comments, adjacent ones as one text."""
    for file in sorted(ROOT.glob("monitor/**/*.py")):
        name = file.relative_to(ROOT).as_posix()
        yield from (Text(f"{name}:{line}", text) for line, text in explanations_of(file))


def explanations_of(file: Path) -> Iterator[tuple[int, str]]:
    """Give the docstrings and comments of a module with their lines, without the names between backticks."""
    for line, text in (*_docstrings(file), *_comments(file)):
        yield line, _CODE.sub("`code`", text)


def _strings(file: Path) -> Iterator[tuple[int, str]]:
    return _constants(file, is_docstring=False)


def _docstrings(file: Path) -> Iterator[tuple[int, str]]:
    return _constants(file, is_docstring=True)


def _constants(file: Path, *, is_docstring: bool) -> Iterator[tuple[int, str]]:
    nodes = list(ast.walk(ast.parse(read(file))))
    alone = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    for node in nodes:
        match node:
            case ast.Constant(value=str() as text) if (id(node) in alone) is is_docstring:
                yield node.lineno, text


def _comments(file: Path) -> Iterator[tuple[int, str]]:
    """Give the first line and the text of each block of comments in adjacent lines."""
    block: list[str] = []
    first = 0
    for token in tokenize.generate_tokens(io.StringIO(read(file)).readline):
        if token.type != tokenize.COMMENT:
            continue
        if token.start[0] != first + len(block):
            if block:
                yield first, " ".join(block)
            block, first = [], token.start[0]
        block.append(token.string.lstrip("# "))
    if block:
        yield first, " ".join(block)


def pages() -> Iterator[Text]:
    """Give the templates of pages and mails."""
    for file in sorted(ROOT.glob("monitor/**/templates/*.html")):
        yield Text(file.relative_to(ROOT).as_posix(), _JINJA.sub("", read(file)))


def documents() -> Iterator[Text]:
    """Give the documents without code in a line, and the comments of the example configuration."""
    for file in DOCUMENTS:
        text = read(file).partition("## Words that are not used")[0] if file == STYLE else read(file)
        yield Text(file.relative_to(ROOT).as_posix(), _CODE.sub("`code`", text))
    example = ROOT / "config.example.toml"
    yield Text(example.name, "\n".join(line for line in read(example).splitlines() if line.startswith("#")))
