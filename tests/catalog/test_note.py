"""What a row says beside its id: every provider's fields, and nothing from what makes no sense."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.catalog.note import _ENDS, _FLAGS, read_note
from monitor.catalog.page import read_page
from monitor.catalog.read import read_catalog
from monitor.catalog.reading import CatalogReading
from monitor.core.forms import Route
from monitor.core.notes import NOTHING_NOTED, CatalogNote
from monitor.http import open_client
from monitor.probe.pacer import Pacer
from tests.probe.wire import Play, Request, answer, saying, serve

URL = "https://api.acme.test/v1/models"
DAY = datetime(2027, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "row",
    [
        {"expiration_date": "2027-01-01"},
        {"expiration_date": "2027-01-01T00:00:00Z"},
        {"expiration_date": "2027-01-01T01:00:00+01:00"},
        {"expiration_date": 1798761600},
        {"expiration_date": 1798761600.0},
        {"expiration_date": 1798761600000},
        {"expiration_date": "1798761600"},
        {"deprecationDate": {"year": 2027, "month": 1, "day": 1}},
        {"deprecationDate": "2027-01-01"},
        {"deprecation": "2027-01-01T00:00:00Z"},
        {"deprecation": "2027-01-01 00:00:00"},
        {"sunset": "Fri, 01 Jan 2027 00:00:00 GMT"},
        {"shutdown_date": "2027-01-01"},
        {"deprecation": "2026-06-01", "shutdown_date": "2027-01-01"},
        {"sunset": None, "deprecation": "2027-01-01", "is_deprecated": True},
    ],
)
def test_an_announced_end_is_read_in_every_form(row: dict[str, object]) -> None:
    assert read_note(row) == CatalogNote(retires_at=DAY)


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "soon",
        True,
        0,
        -1,
        1,
        10**400,
        float("inf"),
        float("nan"),
        [],
        ["2027-01-01"],
        {},
        {"year": 2027},
        {"year": "2027", "month": "1", "day": "1"},
        {"year": 2027, "month": 13, "day": 1},
        {"year": 10**30, "month": 1, "day": 1},
        {"year": 0, "month": 0, "day": 0},
        "0001-01-01T00:00:00Z",
        "9999-12-31",
        "2027-02-30",
        "9" * 5000,
        "2027-01-01, or whenever it suits us, but never before all of you have moved on",
    ],
)
def test_what_is_no_end_says_nothing(value: object) -> None:
    assert {read_note({name: value}) for name in _ENDS} == {NOTHING_NOTED}


@pytest.mark.parametrize("row", [{"is_deprecated": True}, {"active": False}, {"deprecated": True}])
def test_a_mark_without_a_date_is_a_flag(row: dict[str, object]) -> None:
    assert read_note(row) == CatalogNote(is_flagged=True)


@pytest.mark.parametrize(
    "row", [{"is_deprecated": False}, {"active": True}, {"active": None}, {"active": 0}, {"is_deprecated": 1}]
)
def test_only_plain_truth_values_are_marks(row: dict[str, object]) -> None:
    assert read_note(row) == NOTHING_NOTED


@pytest.mark.parametrize(
    ("row", "route"),
    [
        *(({"type": kind}, route) for kind, route in (("chat", Route.CHAT), ("language", Route.COMPLETIONS))),
        *(({"type": kind}, route) for kind, route in (("image", Route.IMAGE), ("audio", Route.SPEECH))),
        ({"type": "embedding"}, Route.EMBEDDINGS),
        ({"type": "rerank"}, Route.RERANK),
        ({"type": "Moderation"}, Route.MODERATIONS),
        ({"mode": "image_generation"}, Route.IMAGE),
        ({"mode": "audio_speech"}, Route.SPEECH),
        ({"model_info": {"mode": "completion"}}, Route.COMPLETIONS),
        ({"model_info": {"mode": "responses"}}, Route.RESPONSES),
        ({"type": "base", "capabilities": {"completion_chat": True, "completion_fim": True}}, Route.CHAT),
        ({"capabilities": {"completion_chat": False, "moderation": True}}, Route.MODERATIONS),
        ({"supportedGenerationMethods": ["countTokens", "generateContent"]}, Route.CHAT),
        ({"supportedGenerationMethods": ["embedContent"]}, Route.EMBEDDINGS),
        ({"supportedGenerationMethods": ["predict"]}, Route.IMAGE),
        ({"endpoints": ["generate", "chat"]}, Route.CHAT),
        ({"endpoints": ["rerank"]}, Route.RERANK),
    ],
)
def test_the_catalogs_own_type_hints_at_the_route(row: dict[str, object], route: Route) -> None:
    assert read_note(row) == CatalogNote(route=route)


@pytest.mark.parametrize(
    "row",
    [
        {"type": "model"},
        {"type": "video"},
        {"type": ["chat"]},
        {"mode": "audio_transcription"},
        {"model_info": "chat"},
        {"model_info": {"mode": None}},
        {"capabilities": {"completion_chat": False}},
        {"capabilities": ["vision"]},
        {"supportedGenerationMethods": "generateContent"},
        {"supportedGenerationMethods": ["bidiGenerateContent"]},
        {"endpoints": {"chat": 1}},
    ],
)
def test_a_type_that_is_not_sure_hints_at_nothing(row: dict[str, object]) -> None:
    assert read_note(row) == NOTHING_NOTED


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates().map(str)
    | st.sampled_from(["chat", "generateContent", "year", "mode"])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["year", "month", "day", "mode", "completion_chat"]), inner)
    ),
    max_leaves=6,
)
NAMES = (*_ENDS, *_FLAGS, "type", "mode", "model_info", "capabilities", "supportedGenerationMethods")
ROWS = st.dictionaries(st.sampled_from((*NAMES, "endpoints")), VALUES)


@given(ROWS | VALUES)
def test_whatever_a_row_holds_the_note_is_one(row: object) -> None:
    note = read_note(row)
    assert note.retires_at is None or (note.retires_at.tzinfo is UTC and 2015 <= note.retires_at.year < 2100)
    assert not (note.is_flagged and note.retires_at)


# ---- Through pages and whole catalogs ----


def test_the_first_row_of_an_id_speaks_for_it() -> None:
    data = [
        {"id": "a"},
        {"id": "a", "type": "chat"},
        {"id": "b", "type": "rerank"},
        {"id": "b", "type": "chat"},
        {"id": "c\n", "type": "chat"},
        "d",
    ]
    page = read_page(json.dumps({"data": data}), url=URL)
    assert (page.ids, page.rejected) == (("a", "a", "b", "b", "d"), 1)
    assert page.notes == {"b": CatalogNote(route=Route.RERANK)}


def reading_of(play: Play) -> CatalogReading:
    async def run() -> CatalogReading:
        async with serve(play) as wire, open_client(wire.endpoint()) as client:
            return await read_catalog(client, wire.endpoint(), pacer=Pacer(start_rate_per_s=100_000))

    return asyncio.run(run())


def test_an_earlier_page_speaks_before_a_later_one() -> None:
    async def play(request: Request, writer: asyncio.StreamWriter) -> None:
        if "pageToken" in request.target:
            data = [{"id": name, "sunset": "2027-01-01"} for name in ("a", "b", "c")]
            writer.write(answer(200, {"data": data}))
        else:
            data = [{"id": "a"}, {"id": "b", "active": "no", "type": "chat"}]
            writer.write(answer(200, {"data": data, "nextPageToken": "2"}))

    found = reading_of(play)
    assert found.ids == ("a", "b", "c")
    assert found.notes == {"b": CatalogNote(route=Route.CHAT), "c": CatalogNote(retires_at=DAY)}


def test_a_catalog_that_is_not_believed_says_nothing_of_models() -> None:
    found = reading_of(saying(answer(200, {"data": [{"id": "a", "type": "chat"}], "has_more": True})))
    assert (found.complete, found.notes) == (False, {})
