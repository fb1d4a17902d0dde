"""A summary in words and in every form: the same in each, and nothing from outside breaks out."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from monitor.core.history.calendar import Span, span_of
from monitor.core.history.reliability_values import Reliability, SweepCounts
from monitor.core.summary.standing_values import Standing
from monitor.core.summary.values import (
    Arrival,
    Best,
    Down,
    Flap,
    Going,
    ProviderSummary,
    Retirement,
    SilentSwap,
    Summary,
    Switch,
    Trouble,
    Way,
)
from monitor.report.layout.content import MOST_ITEMS
from monitor.report.summary import (
    FORMS,
    Links,
    headline,
    summary_document,
    summary_html,
    summary_json,
    summary_markdown,
    summary_message,
    summary_text,
    summary_title,
)
from monitor.report.summary.calendar import day_line
from monitor.report.summary.content import summary_content
from monitor.report.summary.subject import summary_subject
from monitor.report.summary.times import clock, period
from monitor.report.words.codes import shown_id
from monitor.report.words.times import rounded_duration
from tests.web.history import HOSTILE

BERLIN = ZoneInfo("Europe/Berlin")
SPAN = span_of(date(2026, 4, 7), date(2026, 4, 7), UTC)
LINKS = Links("https://status.example")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def at(hour: float) -> datetime:
    return SPAN.begins_at + hour * HOUR


QUIET = ProviderSummary(
    provider="nvidia",
    sweeps=SweepCounts(conclusive=96),
    reliability=Reliability(uptime_percent=99.21),
    reliability_30d=Reliability(uptime_percent=98.75),
    by_status={"available": 101, "unavailable": 68, "new": 20},
    standing=Standing(available=101, down=3, never_answered=65, unclear=20),
)


def down(
    model: str, begin: float, end: float | None = None, *, is_new: bool = True, reason: str = "server_error"
) -> Down:
    ended_at = None if end is None else at(end)
    return Down(model=model, began_at=at(begin), ended_at=ended_at, reason=reason, is_new=is_new)


def flap(
    model: str,
    *,
    started: float = 6,
    stopped: float | None = None,
    times: int = 1,
    changes: int = 12,
    status: str = "available",
    since: float = 7,
) -> Flap:
    return Flap(
        model=model,
        started_at=at(started),
        stopped_at=None if stopped is None else at(stopped),
        percent="35.53 %",
        times=times,
        changes=changes,
        status=status,
        since=at(since),
        reason="server_error",
        is_new=True,
    )


def arrival(
    model: str, way: Way, status: str = "available", reason: str = "ok", kind: str = "chat"
) -> Arrival:
    return Arrival(model=model, at=at(4), way=way, kind=kind, status=status, reason=reason)


BUSY = replace(
    QUIET,
    troubles=(
        Trouble(
            kind="credential_rejected", cause="credential", began_at=at(1), ended_at=at(2), detail="HTTP 401"
        ),
    ),
    retirements=(Retirement(model="m/retired", at=at(3), reason="end_of_life"),),
    going=(Going(model="m/going", on=datetime(2026, 5, 14, tzinfo=UTC), is_new=True),),
    outages=(down("m/down", 22), down("m/back", 10.25, 11)),
    still_down=(down("m/still", -50, is_new=False, reason="not_found"),),
    flaps=(flap("m/flaps"),),
    arrivals=(arrival("m/new", Way.APPEARED), arrival("m/again", Way.REAPPEARED)),
    switches=(Switch(model="m/moved", at=at(5), before="completions", after="chat"),),
    swaps=(SilentSwap(model="m/swapped", at=at(5.5), before="m/one", after="m/two"),),
    best=(
        Best(model="m/best", kind="chat", uptime_percent=99.996, coverage_percent=98.0, latency_p50_ms=1312),
    ),
    changed_choices=("chat",),
    sweeps=SweepCounts(conclusive=94, inconclusive={"credential": 1, "our_network": 1}, missed=3),
    reliability_30d=Reliability(uptime_percent=98.75, outages=9, mttr_s=4200.0, mtbf_s=268_000.0),
)


def summary(*found: ProviderSummary, span: Span = SPAN, until: datetime | None = None) -> Summary:
    return Summary(span=span, known_until=until, providers=found)


def line_of(found: ProviderSummary, title: str) -> str:
    """Return the words of the only line of a section."""
    (part,) = summary_content(summary(found)).providers
    (item,) = next(section.items for section in part.sections if section.title.split(" (")[0] == title)
    return item.words


# ---- Times and shares ----


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (-5, "0 s"),
        (0.4, "0 s"),
        (45, "45 s"),
        (2703, "45 min"),
        (7830, "2 h 10 min"),
        (86_399, "1 d"),
        (273_700, "3 d 4 h"),
    ],
)
def test_lengths_of_time_are_no_finer_than_what_is_known(seconds: float, words: str) -> None:
    assert rounded_duration(timedelta(seconds=seconds)) == words


def test_an_hour_that_comes_twice_is_told_apart() -> None:
    span = span_of(date(2026, 10, 25), date(2026, 10, 25), BERLIN)
    half_past = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1, 2)]
    assert [clock(moment, span) for moment in half_past] == ["02:30 CEST", "02:30 CET", "03:30"]


@pytest.mark.parametrize(
    ("begin", "end", "words"),
    [
        (10.25, 11, "from 10:15 to 11:00"),
        (-2, 3, "from 2026-04-06 22:00 to 2026-04-07 03:00"),
        (-5, -4, "on 2026-04-06 from 19:00 to 20:00"),
        (20, 25, "from 20:00 to 2026-04-08 01:00"),
    ],
)
def test_dates_are_said_where_they_are_needed(begin: float, end: float, words: str) -> None:
    assert period(at(begin), at(end), SPAN) == words


@pytest.mark.parametrize(
    ("day", "words"),
    [
        (date(2026, 3, 28), "Times are in the time zone Europe/Berlin."),
        (
            date(2026, 3, 29),
            "Times are in the time zone Europe/Berlin; the clocks changed, so this day had 23 hours.",
        ),
        (
            date(2026, 10, 25),
            "Times are in the time zone Europe/Berlin; the clocks changed, so this day had 25 hours.",
        ),
    ],
)
def test_the_zone_is_named_once_and_a_day_of_another_length_is_said_to_be_one(day: date, words: str) -> None:
    assert summary_content(summary(QUIET, span=span_of(day, day, BERLIN))).about == words


def test_a_day_that_is_not_over_says_up_to_when_it_is_known() -> None:
    today = summary(QUIET, until=at(14))
    assert summary_title(today) == "Hosted models on Tuesday 2026-04-07, so far"
    assert summary_content(today).about == "Times are in the time zone UTC; this is what was known at 14:00."


def test_several_days_are_titled_by_both_ends() -> None:
    april = span_of(date(2026, 4, 1), date(2026, 4, 30), UTC)
    assert summary_title(summary(QUIET, span=april)) == "Hosted models from 2026-04-01 to 2026-04-30"


# ---- Quiet days ----


@pytest.mark.parametrize(
    ("changed", "line"),
    [
        (
            {"still_down": tuple(down(model, -9, is_new=False) for model in "abc")},
            (
                "nvidia: quiet. 101 available, 3 down, 65 never answered, 20 unclear of 189; 96 sweeps; "
                "uptime 99.21 % (30 days: 98.75 %)."
            ),
        ),
        (
            {"sweeps": SweepCounts(conclusive=90, inconclusive={"interrupted": 2}, missed=4)},
            (
                "nvidia: quiet. 101 available, 3 down, 65 never answered, 20 unclear of 189; 92 sweeps, "
                "2 inconclusive because they were interrupted, 4 missed; uptime 99.21 % (30 days: 98.75 %)."
            ),
        ),
        (
            {
                "going": (
                    Going(model="a/b", on=at(48), is_new=False),
                    Going(model="c", on=at(99), is_new=False),
                )
            },
            (
                "nvidia: quiet. 101 available, 3 down, 65 never answered, 20 unclear of 189, a/b will be "
                "retired on 2026-04-09 (in 2 days) and 1 more; 96 sweeps; uptime 99.21 % (30 days: 98.75 %)."
            ),
        ),
        (
            {"sweeps": SweepCounts(missed=96), "reliability": Reliability()},
            (
                "nvidia: no sweep was made. Last known: 101 available, 3 down, 65 never answered, 20 unclear "
                "of 189; 96 missed; uptime no data (30 days: 98.75 %)."
            ),
        ),
        (
            {
                "sweeps": SweepCounts(inconclusive={"our_network": 96}),
                "reliability": Reliability(),
                "reliability_30d": Reliability(),
                "standing": Standing(),
            },
            (
                "nvidia: no sweep had a clear result. Last known: nothing is known of its models; 96 sweeps, "
                "96 inconclusive because our own network failed; uptime: no data."
            ),
        ),
        (
            {"is_watched": False},
            (
                "nvidia (no longer watched): quiet. 101 available, 3 down, 65 never answered, 20 unclear of "
                "189; 96 sweeps; uptime 99.21 % (30 days: 98.75 %)."
            ),
        ),
    ],
    ids=["still down", "sweeps", "going", "no sweep", "nothing learned", "not watched"],
)
def test_a_quiet_day_is_one_line(changed: Mapping[str, object], line: str) -> None:
    text = summary_text(summary(replace(QUIET, **changed)))  # type: ignore[arg-type] # fields by name
    about = "Hosted models on Tuesday 2026-04-07. Times are in the time zone UTC."
    assert text.splitlines() == [about, line]


# ---- Headlines ----


def test_a_headline_counts_models_in_the_order_in_which_one_must_act() -> None:
    assert headline(summary(BUSY)) == (
        "nvidia: 1 model will be retired, 1 was retired, 1 went down, 1 came back, 1 changed its kind, "
        "1 was silently swapped, 1 reappeared, 1 appeared, 1 is flapping, the key was rejected"
    )


def test_news_come_first_and_many_providers_are_counted() -> None:
    many = [replace(QUIET, provider=name) for name in "abcd"]
    first = headline(summary(*many, replace(BUSY, provider="news")))
    assert first.startswith("news: 1 model will be retired")
    assert first.endswith("; a: quiet; b: quiet; and 2 more")
    assert headline(summary()) == "no provider is watched"


def test_the_first_day_says_that_watching_began() -> None:
    first = replace(QUIET, baseline=189, outages=(down("a", 3),))
    assert headline(summary(first)) == "nvidia: watching began with 189 models, 1 went down"


def test_a_day_in_a_list_says_what_its_events_were() -> None:
    counts = {"became_unavailable": 2, "retired": 1, "provider_down": 2, "provider_up": 2}
    assert day_line(counts) == "1 was retired, 2 went down, trouble with the provider (2 times)"
    counts["provider_up"] = 1
    assert day_line(counts) == "trouble with the provider (2 times), 1 was retired, 2 went down"
    assert day_line({"provider_up": 1}) == "trouble with the provider ended"


# ---- Sections ----


def test_sections_come_in_the_order_in_which_readers_must_act() -> None:
    (part,) = summary_content(summary(BUSY)).providers
    assert [section.title for section in part.sections] == [
        "Will be retired",
        "Retired",
        "Went down and still down",
        "Still down from before (1)",
        "Came back (1)",
        "Changed kind",
        "Answered by another model",
        "New or back (2)",
        "Flapping (1)",
        "Trouble with the provider, over (1)",
        "Best models now: chat (1)",
    ]
    sweeps = (
        "96 sweeps, 2 inconclusive (1 because the key was rejected, 1 because our own network failed), "
        "3 missed. Uptime 99.21 % (30 days: 98.75 %)."
    )
    assert part.figures == (sweeps,)


def test_a_trouble_that_is_not_over_comes_before_all_else() -> None:
    (over,) = BUSY.troubles
    lasting = replace(BUSY, troubles=(replace(over, ended_at=None),))
    (part,) = summary_content(summary(lasting)).providers
    assert part.sections[0].title == "Trouble with the provider"
    assert headline(summary(lasting)).startswith("nvidia: the key was rejected, 1 model will be retired")
    assert summary_subject(summary(lasting)).startswith("2026-04-07 nvidia: the key was rejected, ")


@pytest.mark.parametrize(
    ("title", "changed", "words"),
    [
        (
            "New or back",
            {"arrivals": (replace(arrival("a", Way.APPEARED), is_busy=True, http_status=429),)},
            "appeared at 04:00 (chat), available, busy (HTTP 429)",
        ),
        (
            "New or back",
            {"arrivals": (replace(arrival("a", Way.ANSWERED), is_busy=True),)},
            "began to answer at 04:00 (chat), available, busy",
        ),
        (
            "Trouble with the provider, over",
            {},
            'the key was rejected, from 01:00 to 02:00 (1 h): "HTTP 401"',
        ),
        (
            "Trouble with the provider, over",
            {"troubles": (*BUSY.troubles, replace(BUSY.troubles[0], began_at=at(5), ended_at=at(8)))},
            "the key was rejected 2 times (4 h in all), last since 05:00",
        ),
        (
            "Trouble with the provider",
            {"troubles": (Trouble(kind="provider_down", cause=None, began_at=at(-2), ended_at=None),)},
            "there was trouble with the provider, since 2026-04-06 22:00 (1 d 2 h), not over yet",
        ),
        ("Retired", {}, "reached its end of life at 03:00"),
        (
            "Retired",
            {"retirements": (Retirement(model="a", at=at(-340), reason="unavailable_too_long"),)},
            "did not answer for too long, down since 2026-03-23",
        ),
        ("Will be retired", {}, "on 2026-05-14 (in 37 days), newly announced"),
        (
            "Will be retired",
            {"going": (Going(model="a", on=at(48), is_new=True, was=at(24)),)},
            "on 2026-04-09 (in 2 days), postponed from 2026-04-08",
        ),
        (
            "Will be retired",
            {"going": (Going(model="a", on=at(24), is_new=True, was=at(48)),)},
            "on 2026-04-08 (in 1 day), brought forward from 2026-04-09",
        ),
        ("Went down and still down", {}, "since 22:00 (2 h): server error"),
        (
            "Went down and still down",
            {"outages": (down("a", 1, 2), down("a", 5, 8), down("a", 22))},
            "since 22:00 (2 h): server error; before that down 2 times, 4 h in all",
        ),
        ("Still down from before", {}, "since 2026-04-04 22:00 (3 d 2 h): not found at the provider"),
        ("Came back", {}, "down from 10:15 to 11:00 (45 min): server error"),
        (
            "Came back",
            {"outages": (down("a", 1, 2), down("a", 5, 8))},
            "down 2 times, 4 h in all, up again since 08:00: server error",
        ),
        ("Flapping", {}, "since 06:00, 12 changes; up since 07:00"),
        (
            "Flapping",
            {"flaps": (flap("a", changes=0, since=-9),)},
            "since 06:00; single requests failed, but no outage",
        ),
        (
            "Flapping",
            {"flaps": (flap("a", status="unavailable", since=22),)},
            "since 06:00, 12 changes; down since 22:00 (2 h): server error",
        ),
        (
            "Stopped flapping",
            {"flaps": (flap("a", stopped=9, times=3),)},
            "3 times, last from 06:00 to 09:00 (3 h), 12 changes; it stayed up",
        ),
        (
            "Stopped flapping",
            {"flaps": (flap("a", stopped=9, since=20, changes=1),)},
            "from 06:00 to 09:00 (3 h)",
        ),
        ("New or back", {"arrivals": (arrival("a", Way.APPEARED),)}, "appeared at 04:00 (chat), available"),
        (
            "New or back",
            {"arrivals": (arrival("a", Way.REAPPEARED, "unavailable", "not_for_account", "unknown"),)},
            "reappeared at 04:00, unavailable: not offered to this account",
        ),
        (
            "New or back",
            {"arrivals": (arrival("a", Way.APPEARED, "new", "timeout"),)},
            "appeared at 04:00 (chat), no clear answer yet",
        ),
        ("New or back", {"arrivals": (arrival("a", Way.ANSWERED),)}, "began to answer at 04:00 (chat)"),
        (
            "New or back",
            {"arrivals": (arrival("a", Way.REFUSED, "unavailable", "not_found"),)},
            "turned out to be unavailable at 04:00 (chat): not found at the provider",
        ),
        ("Changed kind", {}, "at 05:00 from completions to chat"),
        ("Answered by another model", {}, "is now answered by m/two instead of m/one since 05:30"),
        (
            "Answered by another model",
            {"swaps": (SilentSwap(model="a", at=at(9), before="a", after="b", changes=3),)},
            "is now answered by b instead of a since 09:00 (3 changes)",
        ),
        (
            "Answered by another model",
            {"swaps": (SilentSwap(model="a", at=at(9), before="a", after="a", changes=2),)},
            "is answered by a again since 09:00 (2 changes)",
        ),
        ("Best models now: chat", {}, "uptime 99.99 %, coverage 98.00 %, 1,312 ms"),
    ],
)
def test_every_line_is_a_plain_sentence(title: str, changed: Mapping[str, object], words: str) -> None:
    assert line_of(replace(BUSY, **changed), title) == words  # type: ignore[arg-type] # fields by name


def test_a_model_down_again_or_gone_is_not_said_to_be_back() -> None:
    gone = replace(BUSY, outages=(down("m/retired", 1, 2), down("a", 3, 4), down("a", 5)))
    assert "came back" not in headline(summary(gone))


def test_a_long_list_is_cut_and_says_how_much_is_left_out() -> None:
    reasons = [f"reason {number}" for number in range(MOST_ITEMS + 35)]  # together they would be one line
    long = replace(BUSY, outages=tuple(down(f"m/{reason}", 3, reason=reason) for reason in reasons))
    assert "55 went down" in headline(summary(long))
    assert "- and 35 more: https://status.example/changes/2026-04-07\n" in summary_text(summary(long), LINKS)
    assert "- [and 35 more](https://status.example/changes/2026-04-07)\n" in summary_markdown(
        summary(long), LINKS
    )
    assert (
        'href="https://status.example/changes/2026-04-07" style="color:#0b57b5;">and 35 more<'
        in summary_html(summary(long), LINKS)
    )
    assert "- and 35 more\n" in summary_text(summary(long))
    outages = [each for form in summary_document(summary(long))["providers"] for each in form["outages"]]  # type: ignore[attr-defined]
    assert len(outages) == MOST_ITEMS + 35, "machines get all"


def test_the_operator_is_told_of_messages_that_never_arrived() -> None:
    lost = replace(summary(BUSY), undelivered={"ops": 2, "chat": 1})
    assert summary_content(lost).notices == (
        "1 message to chat could not be delivered and will not be retried.",
        "2 messages to ops could not be delivered and will not be retried.",
    )
    assert all("2 messages to ops" in form(lost, None) for name, form in FORMS.items() if name != "json")
    assert summary_document(lost)["undelivered"] == {"chat": 1, "ops": 2}


# ---- Text ----


def test_text_fits_80_columns() -> None:
    long = replace(BUSY, outages=(down("nvidia/" + "x" * 90, 3), down("a", 1, 2), down("a", 3, 4)))
    text = summary_text(summary(long), LINKS)
    assert [line for line in text.splitlines() if len(line) > 80] == [f"- nvidia/{'x' * 90}:"]
    assert len(text.splitlines()[0]) <= 80


def test_text_never_parts_a_number_from_its_unit() -> None:
    lines = [
        line
        for width in range(60)
        for line in summary_text(
            summary(replace(BUSY, still_down=(down("m" * (width + 1), -50, is_new=False),)))
        ).splitlines()
    ]
    assert not [line for line in lines if re.search(r"\d$", line) and re.search(r"\d (d|h|min) \d+$", line)]
    assert not [line for line in lines if re.match(r"\s*(d|h|min|ms|%)\b", line)]


def test_what_stopped_flapping_has_a_list_of_its_own_as_the_headline_counts_it() -> None:
    part = replace(BUSY, flaps=(flap("m/over", stopped=9), flap("m/flaps")))
    text = " ".join(summary_text(summary(part)).split())
    assert "1 is flapping, 1 stopped flapping." in text
    assert "Flapping (1): m/flaps Stopped flapping (1): m/over Trouble" in text


def test_text_is_what_it_was() -> None:
    assert summary_text(summary(BUSY, QUIET)) == SAMPLE


SAMPLE = """\
Hosted models on Tuesday 2026-04-07. Times are in the time zone UTC.
nvidia: 1 model will be retired, 1 was retired, 1 went down, 1 came back, 1
changed its kind, 1 was silently swapped, 1 reappeared, 1 appeared, 1 is
flapping. 101 available, 3 down, 65 never answered, 20 unclear of 189.

Will be retired
- m/going: on 2026-05-14 (in 37 days), newly announced

Retired
- m/retired: reached its end of life at 03:00

Went down and still down
- m/down: since 22:00 (2 h): server error

Still down from before (1): m/still (3 d 2 h)
Came back (1): m/back (45 min)

Changed kind
The kind is the endpoint that serves a model: adapt your calls.
- m/moved: at 05:00 from completions to chat

Answered by another model
Their answers name another model than before: check that the results still suit
you.
- Silent swap: m/swapped is now answered by m/two instead of m/one since 05:30

New or back (2): m/new (chat), m/again (back, chat)
Flapping (1): m/flaps
Trouble with the provider, over (1): the key was rejected, from 01:00 to 02:00
  (1 h): "HTTP 401"
Best models now: chat (1): m/best (99.99 %, coverage 98.00 %, 1,312 ms)
96 sweeps, 2 inconclusive (1 because the key was rejected, 1 because our own
network failed), 3 missed. Uptime 99.21 % (30 days: 98.75 %).

nvidia: quiet. 101 available, 3 down, 65 never answered, 20 unclear of 189; 96
sweeps; uptime 99.21 % (30 days: 98.75 %).
"""


# ---- Markdown ----


def tokens(markdown: str) -> Iterator[Token]:
    for token in MarkdownIt("commonmark").parse(markdown):
        yield token
        yield from token.children or ()


def hostile(model: str) -> ProviderSummary:
    """Give a day on which everything from outside is this text."""
    return replace(
        BUSY,
        provider=f"p{model}",
        outages=(down(model, 3, reason=model),),
        still_down=(),
        retirements=(Retirement(model=model, at=at(3), reason=model),),
        switches=(Switch(model=model, at=at(5), before=model, after=model),),
        swaps=(SilentSwap(model=model, at=at(5), before=model, after=f"{model}2"),),
        troubles=(Trouble(kind="provider_down", cause=model, began_at=at(1), ended_at=None, detail=model),),
    )


IDS = st.one_of(
    st.sampled_from(HOSTILE),
    st.text("`*_[]<>()#&!\\|~-+.:/ @$%^{}'\"a1\u202e\u0301", min_size=1, max_size=12),
    st.text(min_size=1, max_size=20),
)


@given(IDS)
def test_no_text_from_outside_breaks_markdown(model: str) -> None:
    found = list(tokens(summary_markdown(summary(hostile(model)), LINKS)))
    usual = list(tokens(summary_markdown(summary(hostile("m")), LINKS)))
    skeleton = [token.type for token in found if token.type not in {"text", "softbreak", "text_special"}]
    assert skeleton == [
        token.type for token in usual if token.type not in {"text", "softbreak", "text_special"}
    ]
    codes = [token.content for token in found if token.type == "code_inline"]
    assert codes.count(shown_id(model)) == 4


@given(IDS)
def test_links_of_markdown_lead_to_the_model(model: str) -> None:
    links = [
        str(token.attrs["href"])
        for token in tokens(summary_markdown(summary(hostile(model)), LINKS))
        if token.attrs
    ]
    assert links.count(LINKS.model(f"p{model}", model)) == 4


def test_without_a_public_address_there_are_no_links() -> None:
    for form in FORMS.values():
        assert "status.example" in form(summary(BUSY), LINKS)
        assert "http" not in form(summary(BUSY), None).replace("http_", "").lower().replace("http 401", "")


def test_rule_37_every_form_says_a_silent_swap_in_one_sentence() -> None:
    told_of = summary(replace(QUIET, swaps=(SilentSwap(model="o", at=at(5), before="o-1", after="o-2"),)))
    words = "is now answered by o-2 instead of o-1 since 05:00"
    assert f"- Silent swap: o {words}" in summary_text(told_of)
    assert f"- Silent swap: `o` {words}" in summary_markdown(told_of)
    assert f"Silent swap: o {words}" in " ".join("".join(Page(summary_html(told_of)).texts).split())
    (provider,) = json.loads(summary_json(told_of))["providers"]
    assert (provider["counts"]["swapped"], provider["headline"]) == (1, "1 model was silently swapped")
    (swap,) = provider["silent_swaps"]
    assert (swap["model"], swap["before"], swap["after"], swap["changes"]) == ("o", "o-1", "o-2", 1)


# ---- HTML ----


class Page(HTMLParser):
    """What a reader's mail program makes of a document."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


@given(IDS)
def test_no_text_from_outside_breaks_html(model: str) -> None:
    page = Page(summary_html(summary(hostile(model)), LINKS))
    usual = Page(summary_html(summary(hostile("m")), LINKS))
    assert [tag for tag, _ in page.tags] == [tag for tag, _ in usual.tags]
    assert page.texts.count(shown_id(model)) >= 3


def test_html_loads_and_runs_nothing() -> None:
    page = Page(summary_html(summary(BUSY, QUIET), LINKS))
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "form", "object", "base"}
    attributes = {name for _, attrs in page.tags for name in attrs}
    assert not {name for name in attributes if name.startswith("on") or name in {"src", "background"}}
    style = "".join(page.texts)
    assert "url(" not in style
    assert "@import" not in style


def test_html_is_ready_for_mail_and_dark_mode() -> None:
    document = summary_html(summary(BUSY))
    page = Page(document)
    assert document.startswith("<!DOCTYPE html>")
    assert ("meta", {"name": "color-scheme", "content": "light dark"}) in page.tags
    assert "@media (prefers-color-scheme: dark)" in document
    tables = [attrs for tag, attrs in page.tags if tag == "table"]
    assert tables
    assert all(attrs["role"] == "presentation" for attrs in tables)
    assert "display:flex" not in document.replace(" ", "")


# ---- JSON ----


def test_the_document_has_stable_keys_and_units() -> None:
    document = json.loads(summary_json(summary(BUSY), LINKS))
    assert list(document) == [
        "title",
        "headline",
        "first",
        "last",
        "timezone",
        "begins_at",
        "ends_at",
        "known_until",
        "complete",
        "url",
        "undelivered",
        "providers",
    ]
    assert (document["begins_at"], document["complete"]) == ("2026-04-07T00:00:00.000Z", True)
    (provider,) = document["providers"]
    assert provider["counts"]["went_down"] == provider["counts"]["came_back"] == 1
    assert provider["sweeps"] == {
        "made": 96,
        "conclusive": 94,
        "inconclusive": {"credential": 1, "our_network": 1},
        "missed": 3,
        "missed_because": None,
    }
    lengths = {each["model"]: each["duration_s"] for each in provider["outages"]}
    assert lengths == {"m/down": 7200.0, "m/back": 2700.0}
    assert provider["outages"][0]["url"] == "https://status.example/models/nvidia/m/down"
    assert provider["troubles"][0]["began_at"] == "2026-04-07T01:00:00.000Z"
    assert provider["uptime_30d"]["mttr_s"] == 4200.0


@given(IDS)
def test_the_document_carries_ids_as_they_are(model: str) -> None:
    document = json.loads(summary_json(summary(hostile(model))))
    assert [each["model"] for each in document["providers"][0]["retired"]] == [model]


# ---- Messages and links ----


def test_a_message_has_its_id_at_the_foot_of_each_form() -> None:
    message = summary_message(summary(BUSY), id="summary-2026-04-07", links=LINKS)
    assert message.title == summary_subject(summary(BUSY))
    assert message.text.endswith("\n\nMessage summary-2026-04-07\n")
    assert message.markdown.endswith("\n\nMessage summary-2026-04-07\n")
    assert "Message summary-2026-04-07</p>" in message.html
    assert message.document["id"] == message.id == "summary-2026-04-07"
    assert json.dumps(message.document)


def test_links_encode_what_is_unsafe_and_keep_slashes() -> None:
    links = Links("https://status.example/monitor/")
    assert links.model("nvi dia", "meta/a b?#(1)") == (
        "https://status.example/monitor/models/nvi%20dia/meta/a%20b%3F%23%281%29"
    )
    assert links.day(date(2026, 4, 7)) == "https://status.example/monitor/changes/2026-04-07"
    assert Links("").span(span_of(date(2026, 4, 1), date(2026, 4, 7), UTC)) == "/changes"
