"""Favourites lead a summary: how many answer, then what happened to each, whatever happened to others."""

import json
from dataclasses import replace

from monitor.core.summary.standing_values import Favourite
from monitor.core.summary.values import ProviderSummary, Way
from monitor.report.summary import FORMS, summary_json, summary_text
from monitor.report.summary.content import summary_content
from tests.report.summary.test_summary import BUSY, QUIET, arrival, down, summary


def favourite(model: str, status: str = "available", reason: str = "ok") -> Favourite:
    return Favourite(model=model, status=status, reason=reason)


def favoured(part: ProviderSummary, *models: str) -> ProviderSummary:
    return replace(part, favourites=tuple(favourite(model) for model in models))


def test_all_that_happened_to_favourites_is_in_their_section_and_in_no_other() -> None:
    names = (
        "m/going",
        "m/retired",
        "m/down",
        "m/still",
        "m/back",
        "m/moved",
        "m/swapped",
        "m/new",
        "m/flaps",
    )
    (part,) = summary_content(summary(favoured(BUSY, *names))).providers
    assert part.sections[0].title == "Favourites"
    assert [(item.model, item.words) for item in part.sections[0].items] == [
        ("m/going", "will be retired on 2026-05-14 (in 37 days), newly announced"),
        ("m/retired", "retired: reached its end of life at 03:00"),
        ("m/down", "down since 22:00 (2 h): server error"),
        ("m/still", "down since 2026-04-04 22:00 (3 d 2 h): not found at the provider"),
        ("m/back", "is back: down from 10:15 to 11:00 (45 min): server error"),
        ("m/moved", "changed its kind at 05:00 from completions to chat"),
        ("m/swapped", "is now answered by m/two instead of m/one since 05:30"),
        ("m/new", "appeared at 04:00 (chat), available"),
        ("m/flaps", "flapping since 06:00, 12 changes; up since 07:00"),
    ]
    others = [item.model for section in part.sections[1:] for item in section.items]
    assert others == ["m/again", None, "m/best"]


def test_a_favourite_that_does_not_answer_is_named_though_nothing_changed() -> None:
    favourites = (favourite("a"), favourite("b", "unavailable", "not_for_account"))
    text = summary_text(summary(replace(BUSY, favourites=favourites)))
    assert "\nnvidia: 1 of 2 favourites available. 1 model will be retired, " in text
    assert "\nFavourites\n- b: unavailable: not offered to this account\n" in text


def test_a_quiet_day_says_how_many_favourites_answer() -> None:
    quiet = summary_text(summary(favoured(QUIET, "a", "b")))
    assert quiet.splitlines()[1].startswith("nvidia: 2 of 2 favourites available. Quiet. 101 available, ")


def test_favourites_lead_also_where_nothing_needs_the_reader() -> None:
    day = replace(QUIET, outages=(down("a", 1, 2), down("b", 3, 4)), arrivals=(arrival("c", Way.APPEARED),))
    _, _, last = summary_text(summary(favoured(day, "b"))).splitlines()
    assert last == (
        "Favourites: b (is back: down from 03:00 to 04:00 (1 h): server error). Came back (1): a (1 h). "
        "New or back (1): c (chat)."
    )


def test_programs_get_how_favourites_stand() -> None:
    (provider,) = json.loads(summary_json(summary(favoured(QUIET, "a"))))["providers"]
    assert provider["favourites"] == [{"model": "a", "status": "available", "reason": "ok"}]
    assert all("favourite" not in form(summary(BUSY), None) for name, form in FORMS.items() if name != "json")
