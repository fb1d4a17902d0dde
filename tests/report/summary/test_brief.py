"""A day on which nothing needs the reader is at most three lines in every form, with all that happened."""

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest

from monitor.core.summary.values import ProviderSummary, Switch, Trouble, Way
from monitor.report.summary import (
    headline,
    summary_html,
    summary_json,
    summary_markdown,
    summary_message,
    summary_text,
)
from tests.report.summary.test_summary import LINKS, QUIET, arrival, at, down, flap, summary

OVER = Trouble(kind="provider_down", cause="provider_outage", began_at=at(1), ended_at=at(2))
CALM = replace(
    QUIET,
    outages=(down("a", 1, 2), down("b", 3, 4.5), down("b", 5, 6)),
    arrivals=(arrival("c", Way.APPEARED),),
    flaps=(flap("d", status="unavailable"),),
    troubles=(OVER,),
)


def test_what_came_back_appeared_flaps_or_is_over_takes_one_line_after_the_headline() -> None:
    assert summary_text(summary(CALM)).splitlines() == [
        "Hosted models on Tuesday 2026-04-07. Times are in the time zone UTC.",
        (
            "nvidia: 2 models came back, 1 appeared, 1 is flapping. 101 "
            "available, 3 down, 65 never answered, 20 unclear of 189; 96 sweeps; "
            "uptime 99.21 % (30 days: 98.75 %)."
        ),
        (
            "Came back (2): a (1 h), b (2 times, 2 h 30 min). New or back (1): c (chat). Flapping (1): d "
            "(down since 07:00). Trouble with the provider, over (1): the provider was in trouble, from "
            "01:00 to 02:00 (1 h)."
        ),
    ]


def test_a_trouble_that_is_over_is_not_what_a_line_begins_with() -> None:
    alone = summary(replace(QUIET, troubles=(OVER,)))
    assert headline(alone) == "nvidia: no model changed, the provider was in trouble"
    _, words, last = summary_text(alone).splitlines()
    assert words.startswith("nvidia: no model changed. 101 available, ")
    assert json.loads(summary_json(alone))["providers"][0]["headline"] == "no model changed"
    assert last.startswith("Trouble with the provider, over (1): ")


@pytest.mark.parametrize("providers", [(QUIET,), (CALM,), (CALM, QUIET, replace(CALM, provider="z"))])
def test_three_lines_are_enough_with_links_and_a_foot_and_for_several_providers(
    providers: tuple[ProviderSummary, ...],
) -> None:
    calm = summary(*providers)
    message = summary_message(calm, id="12.1", links=LINKS)
    for text in (summary_text(calm), summary_text(calm, LINKS), message.text, summary_markdown(calm, LINKS)):
        assert len(text.splitlines()) <= 3
    assert message.text.endswith("On the web: https://status.example/changes/2026-04-07 Message 12.1\n")
    assert message.markdown.startswith("# Hosted models on Tuesday 2026-04-07\n\n**nvidia**: ")
    assert message.markdown.endswith(
        "*Times are in the time zone UTC.* [On the web](https://status.example/changes/2026-04-07) "
        "Message 12.1\n"
    )


def test_html_has_the_same_words() -> None:
    class Text(HTMLParser):
        words = ""

        def handle_data(self, data: str) -> None:
            self.words += data

    page = Text()
    page.feed(summary_html(summary(CALM)))
    words = " ".join(page.words.split())
    assert "nvidia: 2 models came back, 1 appeared, " in words
    assert "Came back (2): a (1 h), b (2 times, 2 h 30 min)" in words.replace(" ,", ",")


@pytest.mark.parametrize(
    "busy",
    [
        replace(CALM, outages=(down("a", 22),)),
        replace(CALM, switches=(Switch(model="a", at=at(5), before="chat", after="rerank"),)),
        replace(CALM, troubles=(replace(OVER, ended_at=None),)),
        replace(CALM, baseline=189),
    ],
    ids=["down", "another endpoint", "a trouble that lasts", "the first day"],
)
def test_what_needs_the_reader_gets_lines_of_its_own(busy: ProviderSummary) -> None:
    assert len(summary_text(summary(busy)).splitlines()) > 5
    assert len(summary_text(summary(CALM, busy)).splitlines()) > 5


def test_messages_that_were_given_up_need_a_hand_on_any_day() -> None:
    lost = replace(summary(QUIET), undelivered={"ops": 2})
    assert "\n\n2 messages to ops could not be delivered and will not be retried.\n" in summary_text(lost)
