"""What a row says beside its id: every provider's fields, and nothing from what makes no sense."""

import asyncio
import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.catalog.entry import _ENDS, _FLAGS, read_entry
from monitor.catalog.kinds import _KINDS, _OUTPUTS, _PLACES
from monitor.catalog.page import read_page
from monitor.catalog.read import read_catalog
from monitor.catalog.reading import CatalogReading
from monitor.config import PRESETS
from monitor.core.planning.inputs import EMPTY_ENTRY, CatalogEntry
from monitor.core.request.forms import Route
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
    assert read_entry(row) == CatalogEntry(retires_at=DAY)


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
    assert {read_entry({name: value}) for name in _ENDS} == {EMPTY_ENTRY}


@pytest.mark.parametrize("row", [{"is_deprecated": True}, {"active": False}, {"deprecated": True}])
def test_a_mark_without_a_date_is_a_flag(row: dict[str, object]) -> None:
    assert read_entry(row) == CatalogEntry(is_flagged=True)


@pytest.mark.parametrize(
    "row", [{"is_deprecated": False}, {"active": True}, {"active": None}, {"active": 0}, {"is_deprecated": 1}]
)
def test_only_plain_truth_values_are_marks(row: dict[str, object]) -> None:
    assert read_entry(row) == EMPTY_ENTRY


SAID: list[tuple[str, object, Route]] = [
    # LiteLLM
    ("mode", "chat", Route.CHAT),
    ("mode", "completion", Route.COMPLETIONS),
    ("mode", "embedding", Route.EMBEDDINGS),
    ("mode", "rerank", Route.RERANK),
    ("mode", "moderation", Route.MODERATIONS),
    ("mode", "responses", Route.RESPONSES),
    ("mode", "image_generation", Route.IMAGE),
    ("mode", "audio_speech", Route.SPEECH),
    ("model_info", {"mode": "embedding"}, Route.EMBEDDINGS),
    ("model_info", {"mode": None, "supported_endpoints": ["/v1/responses"]}, Route.RESPONSES),
    # Together, Venice, LM Studio, Vercel, DeepInfra, Novita, Xinference, Fireworks, GPUStack
    ("type", "chat", Route.CHAT),
    ("type", "llm", Route.CHAT),
    ("type", "vlm", Route.CHAT),
    ("type", "embedding", Route.EMBEDDINGS),
    ("type", "embeddings", Route.EMBEDDINGS),
    ("type", "rerank", Route.RERANK),
    ("type", "reranker", Route.RERANK),
    ("type", "Moderation", Route.MODERATIONS),
    ("type", "image", Route.IMAGE),
    ("type", "audio", Route.SPEECH),
    ("type", "tts", Route.SPEECH),
    ("type", "text-generation", Route.CHAT),
    ("type", ["chat"], Route.CHAT),
    ("model_type", "LLM", Route.CHAT),
    ("model_type", "embedding", Route.EMBEDDINGS),
    ("kind", "EMBEDDING_MODEL", Route.EMBEDDINGS),
    ("categories", ["embedding"], Route.EMBEDDINGS),
    # Cloudflare, the Hugging Face Hub, Databricks and MLflow
    ("task", {"id": "0137cdcf", "name": "Text Generation"}, Route.CHAT),
    ("task", {"id": "0137cdcf", "name": "Text Embeddings"}, Route.EMBEDDINGS),
    ("task", {"id": "0137cdcf", "name": "Text-to-Image"}, Route.IMAGE),
    ("task", "llm/v1/chat", Route.CHAT),
    ("task", "llm/v1/embeddings", Route.EMBEDDINGS),
    ("endpoint_type", "llm/v1/completions", Route.COMPLETIONS),
    ("pipeline_tag", "feature-extraction", Route.EMBEDDINGS),
    ("pipeline_tag", "sentence-similarity", Route.EMBEDDINGS),
    ("pipeline_tag", "text-ranking", Route.RERANK),
    ("pipeline_tag", "image-text-to-text", Route.CHAT),
    ("pipeline_tag", "text-to-speech", Route.SPEECH),
    # Cohere, Copilot, OpenAI's own names of endpoints, new-api, Gemini, Xinference, watsonx
    ("endpoints", ["generate", "chat"], Route.CHAT),
    ("endpoints", ["embed_image", "embed"], Route.EMBEDDINGS),
    ("endpoints", ["rerank"], Route.RERANK),
    ("endpoints", ["chat/completions", "completions"], Route.CHAT),
    ("supported_endpoints", ["/v1/messages", "/responses", "/chat/completions"], Route.CHAT),
    ("supported_endpoints", ["/v1/messages"], Route.MESSAGES),
    ("supported_endpoints", ["/v1/embeddings", "/v1/batch"], Route.EMBEDDINGS),
    ("supported_endpoints", ["/v1/audio/speech"], Route.SPEECH),
    ("supported_endpoint_types", ["jina-rerank"], Route.RERANK),
    ("supported_endpoint_types", ["openai-response"], Route.RESPONSES),
    ("supported_endpoint_types", ["image-generation", "openai"], Route.IMAGE),
    ("supportedGenerationMethods", ["countTokens", "generateContent"], Route.CHAT),
    ("supportedGenerationMethods", ["embedContent", "countTokens"], Route.EMBEDDINGS),
    ("supportedGenerationMethods", ["predict"], Route.IMAGE),
    ("model_ability", ["chat", "vision", "tools"], Route.CHAT),
    ("functions", [{"id": "embedding"}], Route.EMBEDDINGS),
    # infinity, Mistral, Azure, and what else says what it is able to do
    ("capabilities", ["embed"], Route.EMBEDDINGS),
    ("capabilities", ["embed", "image_embed"], Route.EMBEDDINGS),
    ("capabilities", ["rerank"], Route.RERANK),
    ("capabilities", ["embedding"], Route.EMBEDDINGS),
    ("capabilities", {"completion_chat": True, "completion_fim": True, "ocr": True}, Route.CHAT),
    ("capabilities", {"completion_chat": False, "moderation": True}, Route.MODERATIONS),
    ("capabilities", {"completion_chat": False, "audio_speech": True}, Route.SPEECH),
    ("capabilities", {"completion": True, "chat_completion": True, "inference": True}, Route.CHAT),
    ("capabilities", {"completion": True, "chat_completion": False, "inference": True}, Route.COMPLETIONS),
    ("capabilities", {"chat_completion": False, "embeddings": True}, Route.EMBEDDINGS),
    # OpenRouter, Nebius, GitHub
    ("architecture", {"output_modalities": ["embeddings"]}, Route.EMBEDDINGS),
    ("architecture", {"output_modalities": ["image"]}, Route.IMAGE),
    ("architecture", {"output_modalities": ["audio"]}, Route.SPEECH),
    ("architecture", {"modality": "text->embedding"}, Route.EMBEDDINGS),
    ("architecture", {"modality": "text->rerank"}, Route.RERANK),
    ("supported_output_modalities", ["embeddings"], Route.EMBEDDINGS),
]


@pytest.mark.parametrize(("name", "value", "route"), SAID)
def test_the_catalogs_own_word_tells_the_route(name: str, value: object, route: Route) -> None:
    """Rule 38, each field as its provider has it."""
    assert read_entry({"id": "a", "type": "model", name: value}) == CatalogEntry(route=route)


@pytest.mark.parametrize(
    "row",
    [
        {"mode": "audio_transcription"},
        {"mode": "realtime"},
        {"mode": "ocr"},
        {"mode": "search"},
        {"mode": "video_generation"},
        {"model_info": {"mode": "audio_transcription"}},
        {"type": "transcribe"},
        {"type": "video"},
        {"task": {"name": "Automatic Speech Recognition"}},
        {"pipeline_tag": "automatic-speech-recognition"},
        {"supported_endpoints": ["/v1/audio/transcriptions"]},
        {"supportedGenerationMethods": ["bidiGenerateContent", "countTokens"]},
        {"endpoints": ["classify"]},
        {"capabilities": ["classify"]},
        {"capabilities": {"completion_chat": False, "ocr": True}},
        {"architecture": {"output_modalities": ["video"]}},
    ],
)
def test_a_kind_that_no_route_asks_is_noted_as_such(row: dict[str, object]) -> None:
    assert read_entry(row) == CatalogEntry(is_unaskable=True)


def test_some_words_mean_something_at_one_provider_alone() -> None:
    """Rule 40: Together calls base models so, where Vercel means chat."""
    for word in ("language", "code"):
        assert read_entry({"type": word}) == EMPTY_ENTRY
        assert read_entry({"type": word}, PRESETS["together"].traits.kind_words).route is Route.COMPLETIONS


@pytest.mark.parametrize(
    "row",
    [
        {"type": "model"},
        {"type": ["chat", "image"]},
        {"type": "text"},
        {"model_info": "chat"},
        {"model_info": {"mode": None}},
        {"categories": ["text", "image"]},
        {"pipeline_tag": "text-classification"},
        {"capabilities": {"completion_chat": False}},
        {"capabilities": ["vision"]},
        {"capabilities": ["completion"]},
        {"capabilities": ["completion", "multimodal"]},
        {"capabilities": ["completion", "tools", "embedding"]},
        {"capabilities": ["image_generation", "vision"]},
        {"capabilities": ["ocr"]},
        {"supportedGenerationMethods": "countTokens"},
        {"endpoints": {"chat": 1}},
        {"endpoints": [{"name": "OpenAI | openai/gpt-4o"}]},
        {"supported_endpoint_types": ["openai"]},
        {"supported_endpoint_types": ["anthropic", "openai"]},
        {"supported_endpoint_types": ["openai-response", "openai"]},
        {"architecture": {"output_modalities": ["text"]}},
        {"architecture": {"output_modalities": ["image", "text"]}},
        {"architecture": {"modality": "text+image->text"}},
        {"modality": "image"},
        {"status": {"value": "unloaded"}},
    ],
)
def test_a_type_that_is_not_sure_says_nothing(row: dict[str, object]) -> None:
    assert read_entry(row) == EMPTY_ENTRY


INNER = ("year", "month", "day", "mode", "completion_chat", "name", "id", "output_modalities", "modality")
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.dates().map(str)
    | st.sampled_from(["chat", "generateContent", "year", "mode", "v1/embeddings", "text->image", "classify"])
)  # fmt: skip
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(INNER), inner),
    max_leaves=6,
)
NAMES = (
    *_ENDS,
    *_FLAGS,
    *_KINDS,
    *_PLACES,
    *_OUTPUTS,
    "modality",
    "capabilities",
    "architecture",
    "model_info",
)
ROWS = st.dictionaries(st.sampled_from(NAMES), VALUES)


@given(ROWS | VALUES)
def test_whatever_a_row_holds_the_note_is_one(row: object) -> None:
    entry = read_entry(row)
    assert entry.retires_at is None or (
        entry.retires_at.tzinfo is UTC and 2015 <= entry.retires_at.year < 2100
    )
    assert not (entry.is_flagged and entry.retires_at)
    assert not (entry.is_unaskable and entry.route)


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
    assert page.entries == {"b": CatalogEntry(route=Route.RERANK)}


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
    assert found.entries == {"b": CatalogEntry(route=Route.CHAT), "c": CatalogEntry(retires_at=DAY)}


def test_a_catalog_that_is_not_believed_says_nothing_of_models() -> None:
    found = reading_of(saying(answer(200, {"data": [{"id": "a", "type": "chat"}], "has_more": True})))
    assert (found.complete, found.entries) == (False, {})


# ---- Where it comes from ----


@pytest.mark.parametrize(
    ("row", "owner", "made"),
    [
        ({"owned_by": "Meta", "created": 1741046400}, "Meta", datetime(2025, 3, 4, tzinfo=UTC)),
        ({"organization": "Meta"}, "Meta", None),  # Together
        (
            {"publisher": "Meta", "created_at": "2025-03-04T00:00:00Z"},
            "Meta",
            datetime(2025, 3, 4, tzinfo=UTC),
        ),
        ({"owned_by": "meta", "created": 735790403}, "meta", None),  # NVIDIA's filler: its year of foundation
        ({"owned_by": "openai", "created": 1677610602}, None, None),  # LiteLLM says so of every model
        ({"owned_by": "  "}, None, None),
        ({"owned_by": None, "created": None}, None, None),
        ({"owned_by": ["Meta"], "created": True}, None, None),
        ({"owned_by": "sk-abcdef0123456789"}, None, None),  # a key is no name
        ({"owned_by": "a" * 65}, None, None),
        ({"owned_by": "a\x00b"}, None, None),
    ],
)
def test_a_row_says_whose_a_model_is_and_when_it_was_made(
    row: dict[str, object], owner: str | None, made: datetime | None
) -> None:
    entry = read_entry({"id": "a", **row})
    assert (entry.owned_by, entry.created) == (owner, made)
