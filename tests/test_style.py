"""Texts that people read keep to docs/style.md."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.wording import (
    Text,
    documents,
    explanations,
    explanations_of,
    help_texts,
    hits,
    messages,
    pages,
    unused_words,
)


def test_the_style_names_words_that_are_not_used() -> None:
    assert {"told", "by hand", "nobody"} <= set(unused_words())


def test_a_word_counts_across_lines_and_in_log_events_but_not_inside_another_word() -> None:
    text = "Nobody_told the teller to do it by\n  hand."
    assert hits([Text("here", text)]) == ["here: nobody", "here: told", "here: by hand"]


@pytest.mark.parametrize("texts", [help_texts, messages, pages, documents, explanations])
def test_texts_use_no_word_that_the_style_drops(texts: Callable[[], Iterator[Text]]) -> None:
    assert hits(texts()) == []


def test_docstrings_and_comments_are_read_but_not_the_names_that_they_quote(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text('"""Is told once."""\n\n# for\n# ever\nvalue = 1  # not `anew`\n')
    assert hits(Text("here", text) for _, text in explanations_of(file)) == ["here: told", "here: for ever"]
