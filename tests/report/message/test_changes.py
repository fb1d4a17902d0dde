"""What a sweep changed, in words: grouped, dated, short, and harmless whatever an id holds."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.event import Event
from monitor.core.domain.vocabulary import EventKind, Reason, Status
from monitor.core.notification.message import Message
from monitor.core.notification.suppression import Changes, ending_key
from monitor.report.layout.content import MOST_ITEMS, Content, Item, ProviderContent, Section
from monitor.report.layout.html import as_html
from monitor.report.layout.markdown import as_markdown
from monitor.report.layout.text import as_text
from monitor.report.message.changes import changes_message, combined_message, late_message
from monitor.report.words.codes import shown_id
from monitor.report.words.paths import Links

NOON = datetime(2026, 4, 6, 12, tzinfo=UTC)
BASE = "https://monitor.example/m"


def event(kind: EventKind, model: str | None = "meta/llama", **more: str) -> Event:
    return Event(
        kind=kind,
        model=model,
        began_at=NOON - timedelta(minutes=15),
        confirmed_at=NOON,
        from_status=Status.AVAILABLE,
        to_status=Status(more.pop("to", "unavailable")),
        reason=more.pop("reason", None),
        detail=more.pop("detail", None),
    )


def message(*events: Event, base: str | None = BASE, provider: str = "nvidia") -> Message:
    changes = Changes(provider=provider, sweep_id=7, swept_at=NOON, events=events)
    return changes_message(changes, id="monitor-7-x", links=Links(base) if base else None)


DOWN = event(EventKind.BECAME_UNAVAILABLE, reason=Reason.NOT_FOUND)


@pytest.mark.parametrize(
    ("events", "title"),
    [
        ([DOWN], "nvidia: meta/llama went down"),
        ([event(EventKind.RETIRED)], "nvidia: meta/llama was retired"),
        ([event(EventKind.RETIREMENT_ANNOUNCED)], "nvidia: meta/llama will be retired"),
        ([DOWN, event(EventKind.RETIRED), DOWN], "nvidia: 1 model retired, 2 went down"),
        ([event(EventKind.CREDENTIAL_REJECTED, None)], "nvidia: rejects our key"),
        (
            [DOWN, event(EventKind.PROVIDER_UP, None), DOWN, event(EventKind.APPEARED)],
            "nvidia: is up again; 2 models went down, 1 appeared",
        ),
        (
            [
                event(kind)
                for kind in (EventKind.APPEARED, EventKind.RETIRED, *EventKind)
                if kind in list(EventKind)[:6]
            ],
            "nvidia: 2 models retired, 1 went down, 1 became available, and more",
        ),
        ([event(EventKind.APPEARED, f"m/{place}") for place in range(1200)], "nvidia: 1,200 models appeared"),
        ([event(EventKind.RETIRED, "x" * 500)], f"nvidia: {'x' * 111}…"),
    ],
)
def test_the_title_says_what_matters_most_first(events: list[Event], title: str) -> None:
    assert message(*events).title == title


def test_the_body_is_grouped_by_what_happened() -> None:
    told = message(
        event(EventKind.APPEARED, "new/one", to="new"),
        event(EventKind.BECAME_AVAILABLE, "back/again"),
        event(EventKind.CREDENTIAL_REJECTED, None, detail="401: no such key"),
        event(EventKind.RETIRED, "gone/one", reason="delisted"),
        DOWN,
        event(EventKind.RETIREMENT_ANNOUNCED, "going/one", detail="2026-05-01T00:00:00Z"),
        event(EventKind.FLAPPING_STARTED, "restless/one", detail="35.53 %"),
        event(EventKind.KIND_CHANGED, "other/one", detail="chat -> embeddings"),
        event(EventKind.SERVED_MODEL_CHANGED, "gpt-4o", detail="gpt-4o-05 -> gpt-4o-08"),
        base=None,
    )
    assert told.text == (
        "Sweep of 2026-04-06 12:00:00 UTC.\n\n"
        "The provider\n- nvidia rejects our key (since 2026-04-06 11:45:00 UTC): 401: no such key\n\n"
        "Retired (1)\n- gone/one: left the catalog, since 2026-04-06 11:45:00 UTC\n\n"
        "Went down (1)\n- meta/llama: not found at the provider, since 2026-04-06 11:45:00 UTC\n\n"
        "Will be retired (1)\n- going/one: on 2026-05-01 00:00:00 UTC\n\n"
        "Became available (1)\n- back/again: since 2026-04-06 11:45:00 UTC\n\n"
        "Appeared (1)\n- new/one: no clear answer yet, since 2026-04-06 11:45:00 UTC\n\n"
        "Started flapping (1)\n- restless/one: 35.53 %, since 2026-04-06 11:45:00 UTC\n\n"
        "Changed kind (1)\n- other/one: chat -> embeddings, since 2026-04-06 11:45:00 UTC\n\n"
        "Silently swapped (1)\n- gpt-4o: now answered by gpt-4o-08 instead of gpt-4o-05, "
        "since 2026-04-06 11:45:00 UTC\n\n"
        "Message monitor-7-x"
    )


def test_every_kind_of_event_can_be_worded() -> None:
    for kind in EventKind:
        is_of_provider = list(EventKind).index(kind) > list(EventKind).index(EventKind.KIND_CHANGED)
        told = message(event(kind, None if is_of_provider else "m", reason="rot", detail="later"))
        assert told.title
        assert "_" not in told.text.replace("monitor-7-x", "")


def test_a_long_group_is_cut_and_says_how_much_is_left_out() -> None:
    told = message(*(event(EventKind.RETIRED, f"m/{place:02d}") for place in range(55)))
    for form in (told.text, told.markdown, told.html):
        assert form.count("m/19") >= 1
        assert "m/20" not in form
        assert "and 35 more" in form
    assert len(told.document["events"]) == 55  # type: ignore[arg-type]


def test_links_lead_to_the_page_of_the_model_and_of_the_day() -> None:
    told = message(event(EventKind.RETIRED, "meta/ll ama?(x)"))
    page = f"{BASE}/models/nvidia/meta/ll%20ama%3F%28x%29"
    assert f"[`meta/ll ama?(x)`]({page})" in told.markdown
    assert f'<a href="{page}"><b>meta/ll ama?(x)</b></a>' in told.html
    assert told.text.endswith(f"All changes of 2026-04-06: {BASE}/changes/2026-04-06\n\nMessage monitor-7-x")
    assert told.document["events"][0]["url"] == page  # type: ignore[index]
    without = message(DOWN, base=None)
    assert "http" not in without.text + without.markdown + without.html


def test_the_day_is_that_of_the_configured_zone() -> None:
    late = Event(kind=EventKind.RETIRED, model="m", began_at=NOON, confirmed_at=NOON + timedelta(hours=11))
    changes = Changes(provider="nvidia", sweep_id=7, swept_at=NOON, events=(late,))
    told = changes_message(changes, id="x", links=Links(BASE), zone=ZoneInfo("Europe/Berlin"))
    assert f"{BASE}/changes/2026-04-07" in told.text


def test_the_document_is_for_machines() -> None:
    told = message(event(EventKind.RETIRED, reason="delisted", to="retired"), base=None)
    assert json.loads(json.dumps(told.document)) == {
        "id": "monitor-7-x",
        "topic": "changes",
        "provider": "nvidia",
        "sweep_id": 7,
        "swept_at": "2026-04-06T12:00:00.000Z",
        "events": [
            {
                "kind": "retired",
                "model": "meta/llama",
                "began_at": "2026-04-06T11:45:00.000Z",
                "confirmed_at": "2026-04-06T12:00:00.000Z",
                "from_status": "available",
                "to_status": "retired",
                "reason": "delisted",
                "detail": None,
                "since": None,
                "duration_s": None,
                "url": None,
            }
        ],
    }


BACK = replace(event(EventKind.BECAME_AVAILABLE, "back/one"), from_status=Status.UNAVAILABLE)
REVIVED = replace(event(EventKind.REAPPEARED, "old/one", to="available"), from_status=Status.RETIRED)
CALM = event(EventKind.FLAPPING_STOPPED, "calm/one")
ACCEPTED = event(EventKind.CREDENTIAL_ACCEPTED, None)
LASTED = {
    ending_key(ended): ended.began_at - lasted
    for ended, lasted in (
        (BACK, timedelta(hours=2, minutes=10, seconds=5)),
        (REVIVED, timedelta(days=12)),
        (CALM, timedelta(hours=3)),
        (ACCEPTED, timedelta(days=3, hours=4)),
    )
}


def ended(*events: Event) -> Message:
    changes = Changes(provider="nvidia", sweep_id=7, swept_at=NOON, events=events, ended=LASTED)
    return changes_message(changes, id="monitor-7-x", links=None)


@pytest.mark.parametrize(
    ("events", "title"),
    [
        ([BACK], "nvidia: back/one became available after 2 h 10 min down"),
        ([REVIVED], "nvidia: old/one came back after 12 d retired"),
        ([CALM], "nvidia: calm/one stopped flapping after 3 h"),
        ([ACCEPTED], "nvidia: accepts our key again after 3 d 4 h"),
        (
            [ACCEPTED, BACK, DOWN],
            "nvidia: accepts our key again after 3 d 4 h; 1 model went down, 1 became available",
        ),
    ],
)
def test_a_recovery_says_in_the_title_how_long_it_took(events: list[Event], title: str) -> None:
    assert ended(*events).title == title


def test_a_recovery_says_in_every_form_how_long_it_took_and_since_when() -> None:
    told = ended(ACCEPTED, BACK, REVIVED, CALM, DOWN)
    for words in (
        "back/one: since 2026-04-06 11:45:00 UTC, after 2 h 10 min down (since 2026-04-06 09:34:55 UTC)",
        "available, since 2026-04-06 11:45:00 UTC, after 12 d retired (since 2026-03-25 11:45:00 UTC)",
        "calm/one: since 2026-04-06 11:45:00 UTC, after 3 h (since 2026-04-06 08:45:00 UTC)",
        "our key again (since 2026-04-06 11:45:00 UTC), after 3 d 4 h (since 2026-04-03 07:45:00 UTC)",
    ):
        assert words in told.text
        assert words in told.markdown.replace("`", "")
        assert words in Tags(told.html).words
    events = {each["model"]: each for each in told.document["events"]}  # type: ignore[attr-defined]
    assert (events["back/one"]["since"], events["back/one"]["duration_s"]) == (
        "2026-04-06T09:34:55.000Z",
        7805,
    )
    assert events[None]["duration_s"] == 76 * 3600
    assert (events["meta/llama"]["since"], events["meta/llama"]["duration_s"]) == (None, None)


def test_in_a_combined_message_each_recovery_keeps_its_own_length() -> None:
    later = replace(BACK, began_at=NOON, confirmed_at=NOON + timedelta(hours=1))
    sweeps = [
        Changes(provider="nvidia", sweep_id=1, swept_at=NOON, events=(BACK,), ended=LASTED),
        Changes(
            provider="nvidia",
            sweep_id=2,
            swept_at=NOON,
            events=(later,),
            ended={ending_key(later): NOON - timedelta(minutes=5)},
        ),
    ]
    told = combined_message(sweeps, id="x", links=None)
    assert "after 2 h 10 min down" in told.text
    assert "after 5 min down" in told.text


def test_several_sweeps_are_told_as_one_provider_by_provider() -> None:
    sweeps = [
        Changes(provider=name, sweep_id=place, swept_at=NOON + place * timedelta(minutes=5), events=(made,))
        for place, (name, made) in enumerate(
            [
                ("nvidia", DOWN),
                ("openai", event(EventKind.RETIRED, "gpt")),
                ("nvidia", event(EventKind.RETIRED, "b")),
            ]
        )
    ]
    told = combined_message(sweeps, id="monitor-1-x", links=Links(BASE))
    assert told.title == "nvidia, openai: 3 sweeps, 2 models retired, 1 went down"
    assert "covers 3 sweeps, from 2026-04-06 12:00:00 UTC to 2026-04-06 12:10:00 UTC" in told.text
    headings = [line for line in told.text.splitlines() if line.endswith("(1)")]
    assert headings == ["nvidia: Retired (1)", "nvidia: Went down (1)", "openai: Retired (1)"]
    assert len(told.document["sweeps"]) == 3  # type: ignore[arg-type]
    alone = combined_message(sweeps[::2], id="monitor-1-x", links=None)
    assert "nvidia:" not in alone.text


# Whatever an id holds


class Tags(HTMLParser):
    """The tags and the visible text of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.words = set[str](), ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        assert {name for name, _ in attrs} <= {"href", "style"}

    def handle_data(self, data: str) -> None:
        self.words += data


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=40), st.text(max_size=40))
def test_no_id_and_no_words_can_format_link_or_hide_anything(name: str, words: str) -> None:
    made = Event(kind=EventKind.KIND_CHANGED, model=name, began_at=NOON, confirmed_at=NOON, detail=words)
    told = message(made, DOWN)
    page = Tags(told.html)
    assert page.tags <= {"div", "p", "h3", "ul", "li", "a", "b", "small"}
    assert shown_id(name) in page.words
    assert shown_id(name) in told.text
    assert len(told.text.splitlines()) == len(
        message(event(EventKind.KIND_CHANGED, "m", detail="x"), DOWN).text.splitlines()
    )
    assert len(told.markdown.splitlines()) == len(
        message(event(EventKind.KIND_CHANGED, "m", detail="x"), DOWN).markdown.splitlines()
    )


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("a", "`a`"),
        ("a`b", "`` a`b ``"),
        ("``", "``` `` ```"),
        ("[x](http://evil)", "`[x](http://evil)`"),
        ("@everyone", "`@everyone`"),
        ("a\u202eb", "`a\\u{202e}b`"),
    ],
)
def test_in_markdown_an_id_stands_in_a_code_span_that_it_cannot_leave(name: str, shown: str) -> None:
    section = Section(title="h", items=(Item(model=name, words="*w* <b> [l](u)"),))
    content = Content(about="o", providers=(ProviderContent(sections=(section,)),), foot="f")
    assert f"- {shown}: \\*w\\* \\<b\\> \\[l\\](u)" in as_markdown(content)


def test_a_message_says_the_same_in_every_form() -> None:
    one = Item(model="id", words="words", url=f"{BASE}/x?a=1&b=2")
    sections = (
        Section(title="One <h>", items=(one,) * (MOST_ITEMS + 9)),
        Section(title="Two", items=(Item(words="alone"),)),
    )
    content = Content(
        about="Opening & more",
        providers=(ProviderContent(sections=sections),),
        more=("More", f"{BASE}/y"),
        foot="Foot",
    )
    assert as_text(content) == (
        "Opening & more\n\nOne <h>\n" + "- id: words\n" * MOST_ITEMS + "- and 9 more\n\n"
        f"Two\n- alone\n\nMore: {BASE}/y\n\nFoot"
    )
    assert as_markdown(content) == (
        "Opening \\& more\n\n**One \\<h\\>**\n\n"
        + f"- [`id`]({BASE}/x?a=1&b=2): words\n" * MOST_ITEMS
        + f"- and 9 more\n\n**Two**\n\n- alone\n\n[More]({BASE}/y)\n\nFoot"
    )
    shown = "Opening & more One <h> " + "id: words " * MOST_ITEMS + "and 9 more Two alone More Foot"
    assert Tags(as_html(content)).words.split() == shown.split()


def test_a_model_that_came_limited_is_busy() -> None:
    limited = {"to": "available", "reason": Reason.SATURATED}
    came = [event(kind, **limited) for kind in (EventKind.APPEARED, EventKind.BECAME_AVAILABLE)]
    text = message(*came).text
    assert "meta/llama: available, busy, since" in text
    assert "meta/llama: busy, since" in text


def test_what_is_late_says_so_for_people_and_for_programs() -> None:
    sweeps = [
        Changes(provider="nvidia", sweep_id=place, swept_at=NOON + place * timedelta(hours=1), events=(DOWN,))
        for place in range(2)
    ]
    many = late_message(sweeps, id="monitor-1-x", links=None)
    why = "which are late: the database was away when they were made"
    assert f"2 sweeps, from 2026-04-06 12:00:00 UTC to 2026-04-06 13:00:00 UTC, {why}." in _flat(many.text)
    assert (many.document["late"], len(many.document["sweeps"])) == (True, 2)  # type: ignore[arg-type]
    one = late_message(sweeps[:1], id="monitor-1-x", links=None)
    assert "1 sweep, of 2026-04-06 12:00:00 UTC, which is late: the database was away" in _flat(one.text)


def _flat(text: str) -> str:
    return " ".join(text.split())
