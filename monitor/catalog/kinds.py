"""Of which kind a row of a catalog says that its model is: each provider has words and fields of its own.

The fields are those of LiteLLM, OpenRouter, Together, Mistral, Cohere, Gemini, Azure, Fireworks, LM Studio,
Xinference, infinity, GPUStack, new-api, Copilot, MLflow, Cloudflare and the Hugging Face Hub. What none of
them means says nothing, as a wrong kind costs more than none (rules.md 38).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType

from monitor.core.planning.inputs import CatalogEntry
from monitor.core.request.forms import Route

# What any of the fields means by a word, in the order of choice where a list has several.
_WORDS: tuple[tuple[Route, frozenset[str]], ...] = (
    (Route.CHAT, frozenset({
        "chat", "llm", "vlm", "chat_completion", "chat_completions", "completion_chat", "text_generation",
        "image_text_to_text", "any_to_any", "conversational", "generatecontent",
    })),
    (Route.RESPONSES, frozenset({"responses", "openai_response"})),
    (Route.MESSAGES, frozenset({"messages"})),
    (Route.COMPLETIONS, frozenset({"completions", "text_completion", "text_completions"})),
    (Route.EMBEDDINGS, frozenset({
        "embed", "embedding", "embeddings", "text_embedding", "text_embeddings", "image_embed", "audio_embed",
        "feature_extraction", "sentence_similarity", "embedcontent", "embedding_model",
    })),
    (Route.RERANK, frozenset({"rerank", "reranker", "reranking", "jina_rerank", "text_ranking"})),
    (Route.MODERATIONS, frozenset({"moderation", "moderations"})),
    (Route.IMAGE, frozenset({
        "image", "images", "image_generation", "images_generations", "text_to_image", "predict",
    })),
    (Route.SPEECH, frozenset({"audio", "audio_speech", "speech", "text_to_speech", "tts"})),
)  # fmt: skip
_COMPLETION = "completion"  # LiteLLM's mode of /completions, but as a capability what every chat model has
_OPENAI = "openai"  # new-api's word for whatever an OpenAI channel has

# Kinds that no probe asks: there is nothing small and free of charge that could be sent.
_UNASKABLE = frozenset({
    "audio_transcription", "audio_transcriptions", "audio_translations", "automatic_speech_recognition",
    "asr", "speech_to_text", "stt", "transcribe", "transcription", "transcriptions", "ocr", "realtime",
    "image_edit", "images_edits", "image_to_image", "images_variations", "upscale", "inpaint",
    "video", "video_generation", "openai_video", "text_to_video", "image_to_video",
    "predictlongrunning", "bidigeneratecontent", "search", "vector_store", "classify", "music",
})  # fmt: skip

_KINDS = ("mode", "type", "model_type", "task", "pipeline_tag", "endpoint_type", "kind", "categories")
_PLACES = (
    "endpoints", "supported_endpoints", "supported_endpoint_types", "supportedGenerationMethods",
    "model_ability", "functions",
)  # fmt: skip
_OUTPUTS = ("output_modalities", "supported_output_modalities", "output_modality")
_BESIDE_CHAT = frozenset({Route.EMBEDDINGS, Route.RERANK, Route.MODERATIONS})
_GENERATING = frozenset({_COMPLETION, "tools", "function_calling", "thinking", "reasoning", "insert"})
_CHAT_FLAGS = ("completion_chat", "chat_completion")
_READ = 64  # characters of a word, and words of a list, that are read

_VERSION = re.compile(r"^(?:/?(?:openai/)?v\d+/|llm/v\d+/|/)")  # "/v1/embeddings", "llm/v1/chat"
_NO_WORDS: Mapping[str, Route] = MappingProxyType({})
_SAYS_NOTHING = CatalogEntry()


def kind_entry(row: Mapping[str, object], words: Mapping[str, Route] = _NO_WORDS) -> CatalogEntry:
    """Return the route that serves a row's model, or that no probe asks its kind; nothing where none is sure.

    `words` are those that mean something at this provider alone.
    """
    inner = row.get("model_info")
    for place in (row, inner) if isinstance(inner, dict) else (row,):
        for entry in _entries(place, words):
            if entry.says_kind:  # the first sure word counts
                return entry
    return _SAYS_NOTHING


def _entries(place: Mapping[str, object], words: Mapping[str, Route]) -> Iterator[CatalogEntry]:
    """Give what each field says, the one that says most clearly first."""
    yield from (_kind(_words(place[name]), words) for name in _KINDS if name in place)
    yield from (_places(_words(place[name])) for name in _PLACES if name in place)
    if "capabilities" in place:
        yield _capable(place["capabilities"])
    shape = place.get("architecture")
    for fields in (shape, place) if isinstance(shape, dict) else (place,):
        yield from (_given(_words(fields[name])) for name in _OUTPUTS if name in fields)
        if isinstance(modality := fields.get("modality"), str) and "->" in modality:
            yield _given(_words(modality[:_READ].rpartition("->")[2].split("+")))


def _meaning(words: set[str]) -> CatalogEntry:
    route = next((route for route, names in _WORDS if names & words), None)
    return CatalogEntry(route=route, is_unaskable=route is None and bool(words & _UNASKABLE))


def _kind(words: set[str], own: Mapping[str, Route]) -> CatalogEntry:
    """Read the one kind of a model; a model with several says what it can do beside."""
    if len(words) != 1:
        return _SAYS_NOTHING
    (word,) = words
    if route := {**own, _COMPLETION: Route.COMPLETIONS}.get(word):
        return CatalogEntry(route=route)
    return _meaning(words)


def _places(words: set[str]) -> CatalogEntry:
    """Read on which endpoints a model is; one that new-api has on "openai" may be a chat model as well."""
    entry = _meaning(words)
    is_open = _OPENAI in words and entry.route in {Route.RESPONSES, Route.MESSAGES}
    return _SAYS_NOTHING if is_open else entry


def _capable(value: object) -> CatalogEntry:
    """Read what a model is able to do: many can do something beside what they are for, such as read an image.

    So that says what a model is for by few words alone, unless it says that chat is not.
    """
    words, entry = _words(value), _meaning(_words(value))
    if isinstance(value, dict) and any(value.get(name) is False for name in _CHAT_FLAGS):
        return replace(entry, route=Route.COMPLETIONS) if _COMPLETION in words else entry
    if entry.route is Route.CHAT or (entry.route in _BESIDE_CHAT and not words & _GENERATING):
        return entry
    return CatalogEntry(is_unaskable=words == {"classify"})


def _given(words: set[str]) -> CatalogEntry:
    """Read what comes out of a model: text says little, as base models and transcribers give that too."""
    return _SAYS_NOTHING if "text" in words else _meaning(words)


def _words(value: object) -> set[str]:
    """Return the words of a field: a text, a list of such, an object's name, or all that it says is so."""
    if isinstance(value, dict):
        value = _name(value) or [name for name, is_so in value.items() if is_so is True]
    values = value[:_READ] if isinstance(value, list) else [value]  # a list may have thousands of words
    names = (_name(value) if isinstance(value, dict) else value for value in values)
    texts = (_VERSION.sub("", name[:_READ].strip().lower()) for name in names if isinstance(name, str))
    return {re.sub(r"[^a-z0-9]+", "_", text).strip("_") for text in texts}


def _name(fields: Mapping[str, object]) -> object:
    return fields.get("name") or fields.get("id")
