"""Texts that people read keep to docs/style.md."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import pytest

from tests.support.wording import Text, documents, help_texts, hits, messages, pages, unused_words

# How often a place may still use such words: only ever fewer.
LEFT: Final[dict[str, int]] = {
    "monitor --help": 4,
    "monitor check --help": 1,
    "monitor import --help": 1,
    "monitor notify --help": 2,
    "monitor db --help": 1,
    "monitor db prune --help": 1,
    "monitor db rebuild --help": 2,
    "monitor db upgrade --help": 3,
    "monitor db void --help": 1,
    "monitor demo --help": 1,
    "monitor/app/demo.py": 1,
    "monitor/app/tasks/import_files.py": 1,
    "monitor/app/tasks/prune.py": 2,
    "monitor/app/tasks/sweep_now.py": 2,
    "monitor/cli/commands/db.py": 2,
    "monitor/cli/commands/import_.py": 2,
    "monitor/config/schema/fields.py": 2,
    "monitor/report/formats/blog_files.py": 1,
    "monitor/report/message/changes.py": 1,
    "monitor/report/summary/sections.py": 1,
    "monitor/report/words/cost.py": 1,
    "monitor/report/words/rebuild_report.py": 1,
    "monitor/store/derived/periods.py": 1,
    "monitor/store/memory/outbox.py": 1,
    "monitor/store/write/void.py": 1,
    "monitor/sweep/running.py": 1,
    "monitor/web/routes/feeds.py": 1,
    "monitor/web/templates/page.html": 1,
    "docs/commands.md": 6,
}


def test_the_style_names_words_that_are_not_used() -> None:
    assert {"told", "by hand", "nobody"} <= set(unused_words())


def test_a_word_counts_across_lines_and_in_log_events_but_not_inside_another_word() -> None:
    text = "Nobody_told the teller to do it by\n  hand."
    assert hits([Text("here", text)]) == ["here: nobody", "here: told", "here: by hand"]


@pytest.mark.parametrize("texts", [help_texts, messages, pages, documents])
def test_texts_use_no_word_that_the_style_drops(texts: Callable[[], Iterator[Text]]) -> None:
    uses = hits(texts())
    counted = Counter(use.split(":")[0] for use in uses)
    assert [use for use in uses if counted[use.split(":")[0]] > LEFT.get(use.split(":")[0], 0)] == []
