"""The requests: the smallest of each route (provider facts 5), and what each change does to them."""

import json
from base64 import b64decode
from collections.abc import Mapping
from struct import unpack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.planning.inputs import ProviderTraits
from monitor.core.request import adaptations
from monitor.core.request.forms import COSTLY, Adaptation, RequestChange, RequestForm, Route
from monitor.probe.requests import MAX_TOKENS, ProbeRequest, build_request

MODEL = "acme/chat-1.5"
USUAL = ProviderTraits()
NIM = ProviderTraits(
    paths={Route.RERANK: "https://ai.api.nvidia.com/v1/retrieval/nvidia/{name_}/reranking"},
    wants_input_type=True,
)
HI: Mapping[str, object] = {"role": "user", "content": "hi"}
ADAPTATIONS = tuple(dict.fromkeys(adaptation for _, adaptation in adaptations._COMPILED))


def ask(
    route: Route, *changes: RequestChange, traits: ProviderTraits = USUAL, model: str = MODEL
) -> ProbeRequest:
    return build_request(
        model, RequestForm(route, tuple(each for each in RequestChange if each in changes)), traits
    )


def body(route: Route, *changes: RequestChange, traits: ProviderTraits = USUAL) -> dict[str, object]:
    """Return the body without the model's id."""
    sent = dict(ask(route, *changes, traits=traits).body)
    assert sent.pop("model") == MODEL
    return sent


@pytest.mark.parametrize(
    ("route", "path", "plain"),
    [
        (Route.CHAT, "/chat/completions", {"messages": [HI], "max_tokens": 16, "stream": False}),
        (Route.MESSAGES, "/messages", {"messages": [HI], "max_tokens": 16, "stream": False}),
        (Route.RESPONSES, "/responses", {"input": "hi", "max_output_tokens": 16, "stream": False}),
        (Route.COMPLETIONS, "/completions", {"prompt": "hi", "max_tokens": 16, "stream": False}),
        (Route.EMBEDDINGS, "/embeddings", {"input": ["hi"]}),
        (Route.RERANK, "/rerank", {"query": "a", "documents": ["b"]}),
        (Route.MODERATIONS, "/moderations", {"input": "hi"}),
        (Route.IMAGE, "/images/generations", {"prompt": "a", "n": 1}),
        (Route.SPEECH, "/audio/speech", {"input": "hi", "voice": "alloy"}),
    ],
)
def test_a_route_is_asked_with_the_least_it_takes(route: Route, path: str, plain: dict[str, object]) -> None:
    assert ask(route).path == path
    assert body(route) == plain


def test_every_route_has_a_path_of_its_own() -> None:
    assert len({ask(route).path for route in Route}) == len(Route)


def test_nvidia_ranks_passages_at_an_address_of_their_own() -> None:
    request = ask(Route.RERANK, traits=NIM, model="nvidia/llama-3.2-nv-rerankqa-1b-v2")
    assert request == ProbeRequest(
        "https://ai.api.nvidia.com/v1/retrieval/nvidia/llama-3_2-nv-rerankqa-1b-v2/reranking",
        {
            "model": "nvidia/llama-3.2-nv-rerankqa-1b-v2",
            "query": {"text": "a"},
            "passages": [{"text": "b"}],
            "truncate": "END",
        },
    )


@pytest.mark.parametrize(
    ("model", "path"),
    [
        ("acme/chat-1.5", "/of/acme/chat-1.5/chat-1_5"),
        ("plain", "/of/plain/plain"),
        ("a b/c?d=#e", "/of/a%20b/c%3Fd%3D%23e/c%3Fd%3D%23e"),
        ("{name_}/x", "/of/%7Bname_%7D/x/x"),
    ],
)
def test_an_id_in_a_path_is_quoted(model: str, path: str) -> None:
    traits = ProviderTraits(paths={Route.CHAT: "/of/{model}/{name_}"})
    assert ask(Route.CHAT, traits=traits, model=model).path == path


# ---- What changes do -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("route", "change", "changed"),
    [
        (Route.CHAT, RequestChange.MAX_COMPLETION_TOKENS, {"messages": [HI], "max_completion_tokens": 16}),
        (Route.CHAT, RequestChange.NO_TOKEN_LIMIT, {"messages": [HI]}),
        (Route.CHAT, RequestChange.MORE_TOKENS, {"messages": [HI], "max_tokens": 512}),
        (Route.RESPONSES, RequestChange.MORE_TOKENS, {"input": "hi", "max_output_tokens": 512}),
        (Route.RESPONSES, RequestChange.NO_TOKEN_LIMIT, {"input": "hi"}),
        (Route.CHAT, RequestChange.TEMPERATURE, {"messages": [HI], "max_tokens": 16, "temperature": 1}),
        (Route.CHAT, RequestChange.STREAM, {"messages": [HI], "max_tokens": 16, "stream": True}),
        (Route.CHAT, RequestChange.NO_STREAM, {"messages": [HI], "max_tokens": 16}),
        (
            Route.CHAT,
            RequestChange.ASSISTANT_LAST,
            {"messages": [HI, {"role": "assistant", "content": "Hello."}]},
        ),
        (
            Route.CHAT,
            RequestChange.SYSTEM,
            {"messages": [{"role": "system", "content": "Answer briefly."}, HI], "max_tokens": 16},
        ),
        (
            Route.EMBEDDINGS,
            RequestChange.INPUT_TYPE,
            {"input": ["hi"], "input_type": "query", "encoding_format": "float", "truncate": "END"},
        ),
        (
            Route.CHAT,
            RequestChange.TOOLS,
            {
                "messages": [HI],
                "max_tokens": 16,
                "tools": [{"type": "function", "function": {"name": "markdown_bbox"}}],
            },
        ),
    ],
)
def test_a_change_is_this(route: Route, change: RequestChange, changed: dict[str, object]) -> None:
    """Whatever else is changed, what generates is told not to stream."""
    sent = body(route, change)
    if change not in {RequestChange.STREAM, RequestChange.NO_STREAM} and route is not Route.EMBEDDINGS:
        assert sent.pop("stream") is False
    assert sent == changed


def test_thinking_is_turned_off_where_templates_and_where_dashscope_look_for_it() -> None:
    """`parameter.enable_thinking must be set to false for non-streaming calls` names the body's own field."""
    sent = body(Route.CHAT, RequestChange.NO_THINKING)
    assert sent["enable_thinking"] is False
    assert sent["chat_template_kwargs"] == {"thinking": False, "enable_thinking": False}


def test_changes_go_together() -> None:
    limit = body(
        Route.CHAT, RequestChange.MAX_COMPLETION_TOKENS, RequestChange.MORE_TOKENS, RequestChange.TEMPERATURE
    )
    assert limit == {"messages": [HI], "max_completion_tokens": 512, "temperature": 1, "stream": False}


def content(*changes: RequestChange) -> list[dict[str, object]]:
    messages = body(Route.CHAT, *changes)["messages"]
    assert isinstance(messages, list)
    parts: list[dict[str, object]] = next(each["content"] for each in messages if each["role"] == "user")
    return parts


def test_a_picture_stands_beside_the_words_or_alone() -> None:
    assert [part["type"] for part in content(RequestChange.IMAGE)] == ["text", "image_url"]
    assert [part["type"] for part in content(RequestChange.IMAGE_ALONE, RequestChange.TOOLS)] == ["image_url"]
    assert [
        part["type"]
        for part in content(RequestChange.IMAGE, RequestChange.SYSTEM, RequestChange.ASSISTANT_LAST)
    ] == [
        "text",
        "image_url",
    ]


def test_the_picture_is_a_png_of_64_by_64() -> None:
    """Smaller ones are refused by models that are well (openmake 820)."""
    address = content(RequestChange.IMAGE_ALONE)[0]["image_url"]
    assert isinstance(address, dict)
    png = b64decode(address["url"].removeprefix("data:image/png;base64,"))
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert unpack(">II", png[16:24]) == (64, 64)
    assert len(png) < 1000


# ---- No forbidden repetition -----------------------------------------------------------

_LIMIT = {RequestChange.MAX_COMPLETION_TOKENS, RequestChange.NO_TOKEN_LIMIT, RequestChange.MORE_TOKENS}
_OF_MESSAGES = {
    RequestChange.SYSTEM,
    RequestChange.IMAGE,
    RequestChange.IMAGE_ALONE,
    RequestChange.ASSISTANT_LAST,
}
_OF_STREAMS = {RequestChange.NO_STREAM}
_EVERYWHERE = {
    RequestChange.TEMPERATURE,
    RequestChange.NO_THINKING,
    RequestChange.INPUT_TYPE,
    RequestChange.TOOLS,
    RequestChange.STREAM,
}

# Which change finds something to change in the plain request of which route.
ACTS: dict[Route, set[RequestChange]] = {
    **dict.fromkeys((Route.CHAT, Route.MESSAGES), _EVERYWHERE | _LIMIT | _OF_MESSAGES | _OF_STREAMS),
    # Its limit has another name, and without messages a whole turn leaves only the limit out.
    Route.RESPONSES: _EVERYWHERE
    | _OF_STREAMS
    | {RequestChange.NO_TOKEN_LIMIT, RequestChange.MORE_TOKENS, RequestChange.ASSISTANT_LAST},
    Route.COMPLETIONS: _EVERYWHERE | _LIMIT | _OF_STREAMS | {RequestChange.ASSISTANT_LAST},
    **dict.fromkeys((Route.EMBEDDINGS, Route.RERANK, Route.MODERATIONS, *COSTLY), _EVERYWHERE),
}


def reached(start: RequestForm, granted: list[Adaptation]) -> RequestForm:
    """Return the form after so many refusals."""
    for adaptation in granted:
        start = start.adapted(adaptation)
    return start


STARTS = st.builds(
    RequestForm,
    st.sampled_from(Route),
    st.sampled_from([(), (RequestChange.STREAM,)]),
)
FORMS = st.builds(reached, STARTS, st.lists(st.sampled_from(ADAPTATIONS), max_size=5))


@given(FORMS, st.text(min_size=1, max_size=20), st.sampled_from([USUAL, NIM]))
def test_every_form_makes_a_body_that_is_json(form: RequestForm, model: str, traits: ProviderTraits) -> None:
    request = build_request(model, form, traits)
    assert json.loads(json.dumps(request.body)) == request.body
    assert request.body["model"] == model
    assert request == build_request(model, form, traits)


@given(FORMS)
def test_a_request_has_one_limit_at_most(form: RequestForm) -> None:
    sent = build_request(MODEL, form, USUAL).body
    limits = {name: value for name, value in sent.items() if name.startswith("max_")}
    assert len(limits) <= 1
    assert set(limits.values()) <= {MAX_TOKENS, 512}


@pytest.mark.parametrize("route", Route)
@pytest.mark.parametrize("change", RequestChange)
def test_a_change_changes_the_plain_request_where_it_finds_its_field(
    route: Route, change: RequestChange
) -> None:
    assert (ask(route, change).body != ask(route).body) is (change in ACTS[route])


@given(form=FORMS, adaptation=st.sampled_from(ADAPTATIONS))
def test_granting_a_wish_never_repeats_a_request(form: RequestForm, adaptation: Adaptation) -> None:
    granted = form.adapted(adaptation)
    if granted != form:
        assert build_request(MODEL, form, USUAL).body != build_request(MODEL, granted, USUAL).body
