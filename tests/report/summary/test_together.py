"""Models that moved together for one reason are one line in every form, with all of their names."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from monitor.core.summary.values import Going, Retirement, Summary
from monitor.report.summary import (
    summary_html,
    summary_json,
    summary_markdown,
    summary_message,
    summary_text,
)
from monitor.report.summary.together import SWEEP, together
from monitor.report.words.codes import shown_id
from tests.report.summary.test_summary import LINKS, QUIET, Page, at, down, summary
from tests.web.history import HOSTILE

MANY = 177


def crowd(size: int = MANY) -> Summary:
    """Return a day on which so many models went down in one sweep, a second apart, and one later."""
    downs = [down(f"m/{number:03}", 11.75 + number / 3600) for number in range(size)]
    return summary(replace(QUIET, outages=(*downs, down("alone", 20))))


def test_models_that_went_down_in_one_sweep_are_one_line() -> None:
    text = summary_text(crowd())
    assert (
        "\n- 177 models, server error, since 11:45 (12 h 15 min): m/000, m/001, m/002, and\n  174 more\n"
        "- alone: since 20:00 (4 h): server error\n"
    ) in text
    assert text.startswith(
        "Hosted models on Tuesday 2026-04-07. Times are in the time zone UTC.\nnvidia: 178 models went"
    )


def test_the_list_of_many_is_folded_in_markdown_and_html_and_whole_in_json() -> None:
    words = "177 models, server error, since 11:45 (12 h 15 min):"
    markdown, html = summary_markdown(crowd(), LINKS), summary_html(crowd(), LINKS)
    assert f"- <details><summary>{words}</summary>\n\n  - [`m/000`](" in markdown
    assert markdown.count("m/176") == 2, "its name and its address"
    assert f"<details><summary>{words}</summary>" in html
    assert Page(html).texts.count("m/176") == 1
    (provider,) = json.loads(summary_json(crowd()))["providers"]
    assert len(provider["outages"]) == MANY + 1


def test_a_message_to_a_chat_has_no_html_in_its_markdown() -> None:
    markdown = summary_message(crowd(), id="1.1").markdown
    words = "177 models, server error, since 11:45 (12 h 15 min):"
    assert f"- {words} `m/000`, `m/001`, `m/002`, and 174 more\n" in markdown
    assert "<details>" not in markdown


def test_no_text_from_outside_breaks_a_group() -> None:
    for model in HOSTILE:
        day = replace(QUIET, outages=tuple(down(f"{model}{number}", 5, reason=model) for number in range(9)))
        folded = MarkdownIt("commonmark").parse(summary_markdown(summary(day)))
        codes = [
            child.content for token in folded for child in token.children or () if child.type == "code_inline"
        ]
        assert codes == [shown_id(f"{model}{number}") for number in range(9)]
        assert Page(summary_html(summary(day))).texts.count(shown_id(f"{model}8")) == 1


def test_a_few_are_named_in_the_line_itself() -> None:
    few = crowd(3)
    words = "3 models, server error, since 11:45 (12 h 15 min):"
    assert f"- {words} m/000, m/001, m/002\n" in re.sub(r"\n  ", " ", summary_text(few))
    assert f"- {words} `m/000`, `m/001`, `m/002`\n" in summary_markdown(few)
    assert "<details>" not in summary_html(few)


def test_models_that_leave_or_are_to_leave_together_are_one_line() -> None:
    on = datetime(2026, 5, 14, tzinfo=UTC)
    day = replace(
        QUIET,
        retirements=tuple(Retirement(model=model, at=at(3), reason="delisted") for model in "abcd"),
        going=tuple(Going(model=model, on=on, is_new=True) for model in "xyz"),
    )
    text = summary_text(summary(day))
    assert "- 4 models, left the catalog at 03:00: a, b, c, and 1 more\n" in text
    assert "- 3 models, on 2026-05-14 (in 37 days), newly announced: x, y, z\n" in text


def test_those_that_came_back_together_are_one_name_in_the_list() -> None:
    day = replace(QUIET, outages=tuple(down(model, 11.75, 12.5) for model in ("m/0", "m/1", "m/2", "m/3")))
    last = summary_text(summary(day)).splitlines()[-1]
    assert last == (
        "Came back (4): 4 models, server error, down from 11:45 to 12:30 (45 min): m/0, m/1, m/2, and 1 more."
    )
    assert "45 min): `m/0`, `m/1`, `m/2`, and 1 more" in summary_markdown(summary(day)).replace("\\", "")
    html = " ".join(re.sub(r"<[^>]*>", "", summary_html(summary(day))).split())
    assert "down from 11:45 to 12:30 (45 min): m/0, m/1, m/2, and 1 more" in html


def test_other_reasons_and_other_times_are_other_lines() -> None:
    downs = (down("a", 5), down("b", 5, reason="timeout"), down("c", 9))
    text = summary_text(summary(replace(QUIET, outages=downs)))
    assert [line[:4] for line in text.splitlines() if line.startswith("- ")] == ["- a:", "- b:", "- c:"]


@given(st.lists(st.tuples(st.sampled_from("xy"), st.integers(0, 100))))
def test_groups_hold_every_row_once_within_the_length_of_a_sweep(rows: list[tuple[str, int]]) -> None:
    moments = [(reason, at(minutes / 60), place) for place, (reason, minutes) in enumerate(rows)]
    groups = together(moments, lambda row: row[0], lambda row: row[1])
    assert sorted(row[2] for group in groups for row in group) == list(range(len(rows)))
    assert [group[0][2] for group in groups] == sorted(group[0][2] for group in groups)
    for group in groups:
        assert len({reason for reason, _, _ in group}) == 1
        assert max(moment for _, moment, _ in group) - min(moment for _, moment, _ in group) <= SWEEP
