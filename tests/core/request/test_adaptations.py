"""What refusals ask for: every complaint of provider facts 2.3, 4 (row 17) and 5, in the bodies it has."""

import json
import string
import time
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.answer.answer import read_answer
from monitor.core.answer.classify import Finding
from monitor.core.answer.exchange import Exchange
from monitor.core.domain.vocabulary import Outcome, Reason
from monitor.core.request import adaptations, forms
from monitor.core.request.adaptations import MORE_ROOM, adaptation_in
from monitor.core.request.forms import PLAIN_CHAT, Adaptation, RequestChange, RequestForm, Route

NOW = datetime(2026, 11, 21, tzinfo=UTC)
Complaint = tuple[str, object, Adaptation | None]

MORE, NO_LIMIT, RENAMED = (
    RequestChange.MORE_TOKENS,
    RequestChange.NO_TOKEN_LIMIT,
    RequestChange.MAX_COMPLETION_TOKENS,
)


def adaptation(*make: RequestChange, undo: tuple[RequestChange, ...] = ()) -> Adaptation:
    return Adaptation(frozenset(make), frozenset(undo))


def openai(message: str, **more: object) -> dict[str, object]:
    """Refuse as OpenAI does, and whoever copies it."""
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, **more}}


def anthropic(message: str) -> dict[str, object]:
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}


def vllm(message: str) -> dict[str, object]:
    """Refuse as vLLM does, and NIM's older containers."""
    return {"object": "error", "message": message, "type": "BadRequestError", "param": None, "code": 400}


def container(detail: str) -> dict[str, object]:
    """Refuse as a NIM container does behind NVIDIA's gateway."""
    return {
        "type": "urn:inference-service:problem-details:bad-request",
        "title": "Bad Request",
        "status": 400,
        "detail": detail,
        "instance": "/v2/nvcf/pexec/functions/5f2a",
        "requestId": "c0ffee",
    }


def fastapi(*loc: object, kind: str = "missing", msg: str = "Field required") -> dict[str, object]:
    return {"detail": [{"type": kind, "loc": ["body", *loc], "msg": msg, "input": 16}]}


def printed(*loc: str, kind: str = "missing", msg: str = "Field required") -> str:
    """Write the same list as Python prints it, which is how it stands in a container's `detail`."""
    return str([{"type": kind, "loc": ("body", *loc), "msg": msg, "input": 16}])


EXTRA = {"kind": "extra_forbidden", "msg": "Extra inputs are not permitted"}

TOKENS: list[Complaint] = [
    (
        "OpenAI o1",
        openai(
            "Unsupported parameter: 'max_tokens' is not supported with this model."
            " Use 'max_completion_tokens' instead.",
            param="max_tokens",
            code="unsupported_parameter",
        ),
        adaptation(RENAMED),
    ),
    (
        "in prose",
        openai("max_tokens is deprecated, please specify max_completion_tokens."),
        adaptation(RENAMED),
    ),
    ("in prose", openai("max_tokens: deprecated in favor of max_completion_tokens"), adaptation(RENAMED)),
    (
        "Mistral",
        {"object": "error", "message": fastapi("max_completion_tokens", **EXTRA)},
        adaptation(undo=(RENAMED,)),
    ),
    ("vLLM", vllm(printed("max_completion_tokens", **EXTRA)), adaptation(undo=(RENAMED,))),
    (
        "old OpenAI",
        openai("Unrecognized request argument supplied: max_completion_tokens"),
        adaptation(undo=(RENAMED,)),
    ),
    (
        "the way back",
        openai("max_completion_tokens is unsupported. Use 'max_tokens'."),
        adaptation(undo=(RENAMED,)),
    ),
    (
        "the way back",
        openai("Use 'max_tokens' instead of 'max_completion_tokens'"),
        adaptation(undo=(RENAMED, NO_LIMIT)),
    ),
    ("Anthropic", anthropic("max_tokens: Field required"), adaptation(undo=(RENAMED, NO_LIMIT))),
    ("FastAPI", fastapi("max_tokens"), adaptation(undo=(RENAMED, NO_LIMIT))),
    (
        "1.8, OpenAI",
        openai(
            "Invalid 'max_output_tokens': integer below minimum value."
            " Expected a value >= 16, but got 8 instead.",
            code="integer_below_min_value",
        ),
        adaptation(MORE),
    ),
    (
        "2.3, container",
        container(
            printed(
                "max_tokens", kind="greater_than_equal", msg="Input should be greater than or equal to 32"
            )
        ),
        adaptation(MORE),
    ),
    (
        "FastAPI",
        fastapi("max_tokens", kind="x", msg="ensure this value is greater than 31"),
        adaptation(MORE),
    ),
    ("in prose", openai("max_tokens is too small"), adaptation(MORE)),
    (
        "1.8, litellm 26987",
        openai(
            "Could not finish the message because max_tokens or model output limit was reached."
            " Please try again with higher max_tokens."
        ),
        adaptation(MORE),
    ),
    ("Anthropic", anthropic("`max_tokens` must be greater than `thinking.budget_tokens`."), adaptation(MORE)),
    ("thinking", openai("budget_tokens must be less than max_tokens"), adaptation(MORE)),
    ("2.3, container", container(printed("max_tokens", **EXTRA)), adaptation(NO_LIMIT)),
    ("reward model", openai("Unrecognized request argument supplied: max_tokens"), adaptation(NO_LIMIT)),
]

ROLES: list[Complaint] = [
    ("2.3", vllm("System role not supported"), adaptation(undo=(RequestChange.SYSTEM,))),
    ("2.3, in a container", container("System role not supported"), adaptation(undo=(RequestChange.SYSTEM,))),
    (
        "chat template",
        vllm("Only user and assistant roles are supported!"),
        adaptation(undo=(RequestChange.SYSTEM,)),
    ),
    ("guard", openai("This model requires a system prompt"), adaptation(RequestChange.SYSTEM)),
    (
        "guard",
        openai("The request must include a system message with a policy."),
        adaptation(RequestChange.SYSTEM),
    ),
    (
        "2.3",
        vllm("Conversation roles must alternate user/assistant/user/assistant/..."),
        adaptation(RequestChange.ASSISTANT_LAST, undo=(RequestChange.SYSTEM,)),
    ),
    (
        "Mistral's template",
        vllm("After the optional system message, conversation roles must alternate user/assistant/..."),
        adaptation(RequestChange.ASSISTANT_LAST, undo=(RequestChange.SYSTEM,)),
    ),
    (
        "reward",
        openai("Messages must end with an assistant message"),
        adaptation(RequestChange.ASSISTANT_LAST),
    ),
    (
        "reward",
        openai("The last message must be from the assistant"),
        adaptation(RequestChange.ASSISTANT_LAST),
    ),
    ("Groq", openai("Last message must have role `user`"), adaptation(undo=(RequestChange.ASSISTANT_LAST,))),
    (
        "Anthropic",
        anthropic(
            "This model does not support assistant message prefill."
            " The conversation must end with a user message."
        ),
        adaptation(undo=(RequestChange.ASSISTANT_LAST,)),
    ),
    (
        "Mistral",
        vllm("Expected last role User or Tool (or Assistant with prefix True) for serving but got assistant"),
        adaptation(undo=(RequestChange.ASSISTANT_LAST,)),
    ),
]

FIELDS: list[Complaint] = [
    (
        "OpenAI o1",
        openai(
            "Unsupported value: 'temperature' does not support 0 with this model."
            " Only the default (1) value is supported.",
            code="unsupported_value",
        ),
        adaptation(undo=(RequestChange.TEMPERATURE,)),
    ),
    (
        "OpenAI gpt-5",
        openai("Unsupported parameter: 'temperature' is not supported with this model."),
        adaptation(undo=(RequestChange.TEMPERATURE,)),
    ),
    ("in prose", openai("temperature is required and must be 1"), adaptation(RequestChange.TEMPERATURE)),
    (
        "Anthropic",
        anthropic("`temperature` may only be set to 1 when thinking is enabled."),
        adaptation(RequestChange.TEMPERATURE),
    ),
    (
        "DashScope",
        openai("parameter.enable_thinking must be set to false for non-streaming calls"),
        adaptation(RequestChange.NO_THINKING),
    ),
    (
        "DashScope",
        openai("parameter.enable_thinking必须设置为false才能进行非流式调用"),
        adaptation(RequestChange.NO_THINKING),
    ),
    (
        "ModelScope",
        openai("enable thinking can not be support when `stream=False`."),
        adaptation(RequestChange.NO_THINKING),
    ),
    (
        "in prose",
        openai("thinking must be disabled for this endpoint"),
        adaptation(RequestChange.NO_THINKING),
    ),
    (
        "NIM",
        container("Unsupported parameter(s): `chat_template_kwargs`"),
        adaptation(undo=(RequestChange.NO_THINKING,)),
    ),
    ("FastAPI", fastapi("enable_thinking", **EXTRA), adaptation(undo=(RequestChange.NO_THINKING,))),
    (
        "Gemini",
        openai("Budget 0 is invalid. This model only works in thinking mode."),
        adaptation(undo=(RequestChange.NO_THINKING,)),
    ),
    (
        "2.3, NIM",
        vllm("'input_type' parameter is required for asymmetric models"),
        adaptation(RequestChange.INPUT_TYPE),
    ),
    ("2.3, container", container(printed("input_type")), adaptation(RequestChange.INPUT_TYPE)),
    ("FastAPI", fastapi("input_type"), adaptation(RequestChange.INPUT_TYPE)),
    ("FastAPI", fastapi("input_type", **EXTRA), adaptation(undo=(RequestChange.INPUT_TYPE,))),
    ("FastAPI", fastapi("truncate", **EXTRA), adaptation(undo=(RequestChange.INPUT_TYPE,))),
    (
        "in prose",
        openai("input_type is not permitted for symmetric models"),
        adaptation(undo=(RequestChange.INPUT_TYPE,)),
    ),
    ("in prose", openai("`encoding_format` is not supported"), adaptation(undo=(RequestChange.INPUT_TYPE,))),
]

CONTENT: list[Complaint] = [
    ("vision", openai("messages must contain at least one image_url"), adaptation(RequestChange.IMAGE)),
    ("vision", openai("This model requires an image"), adaptation(RequestChange.IMAGE)),
    (
        "2.3, nemotron-parse",
        vllm("Content cannot be a plain string"),
        adaptation(RequestChange.IMAGE_ALONE, RequestChange.TOOLS),
    ),
    (
        "nemotron-parse",
        container("Expected exactly one image"),
        adaptation(RequestChange.IMAGE_ALONE, RequestChange.TOOLS),
    ),
    (
        "in prose",
        openai("Image input is not supported by this model"),
        adaptation(undo=(RequestChange.IMAGE, RequestChange.IMAGE_ALONE)),
    ),
    (
        "vLLM",
        vllm("At most 0 image(s) may be provided in one prompt."),
        adaptation(undo=(RequestChange.IMAGE, RequestChange.IMAGE_ALONE)),
    ),
    (
        "in prose",
        openai("messages[0].content must be a string"),
        adaptation(undo=(RequestChange.IMAGE, RequestChange.IMAGE_ALONE)),
    ),
    ("in prose", openai("tools is required for this model"), adaptation(RequestChange.TOOLS)),
    ("FastAPI", fastapi("tools"), adaptation(RequestChange.TOOLS)),
    ("in prose", openai("tool_choice needs at least one function"), adaptation(RequestChange.TOOLS)),
    ("FastAPI", fastapi("tools", **EXTRA), adaptation(undo=(RequestChange.TOOLS,))),
    ("in prose", openai("This model does not support tools"), adaptation(undo=(RequestChange.TOOLS,))),
]

STREAMS: list[Complaint] = [
    (
        "DashScope",
        openai(
            "This model only support stream mode, please enable the stream parameter to access the model."
        ),
        adaptation(RequestChange.STREAM),
    ),
    ("in prose", openai("This model only supports stream mode"), adaptation(RequestChange.STREAM)),
    ("in prose", openai("Non-streaming requests are not supported"), adaptation(RequestChange.STREAM)),
    ("in prose", openai("stream=false is not supported for this model"), adaptation(RequestChange.STREAM)),
    ("in prose", openai("Streaming is not supported for this model"), adaptation(RequestChange.NO_STREAM)),
    ("in prose", openai("This model supports only non-streaming calls"), adaptation(RequestChange.NO_STREAM)),
    ("in prose", openai("stream must be false"), adaptation(RequestChange.NO_STREAM)),
    (
        "in prose",
        openai("Unrecognized request argument supplied: stream"),
        adaptation(RequestChange.NO_STREAM),
    ),
    ("in prose", openai("'stream': false is not supported"), adaptation(RequestChange.STREAM)),
    ("in prose", openai("stream must be set to true"), adaptation(RequestChange.STREAM)),
    ("Kong", openai("response streaming is not enabled for this LLM"), adaptation(RequestChange.NO_STREAM)),
    ("Ollama", openai('"m" does not support thinking'), adaptation(undo=(RequestChange.NO_THINKING,))),
    (
        "Gemini",
        openai("Developer instruction is not enabled for models/m"),
        adaptation(undo=(RequestChange.SYSTEM,)),
    ),
    (
        "OpenAI o3",
        openai(
            "Your organization must be verified to stream this model. Please go to:"
            " https://platform.openai.com/settings/organization/general",
            param="stream",
            code="unsupported_value",
        ),
        adaptation(RequestChange.NO_STREAM),
    ),
]

UNKNOWN: list[Complaint] = [
    ("2.3", vllm("Unsupported parameter(s): prompt_cache_key"), None),
    ("FastAPI", fastapi("frequency"), None),
    ("container", container("no idea"), None),
]
COMPLAINTS = [*TOKENS, *ROLES, *FIELDS, *CONTENT, *STREAMS, *UNKNOWN]


def look(body: object, status: int = 400, model: str = "") -> Finding:
    text = body if isinstance(body, str) else json.dumps(body)
    exchange = Exchange(http_status=status, body=text)
    return read_answer(exchange, PLAIN_CHAT, model, now=NOW, at_ms=0).finding


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(("source", "body", "wanted"), COMPLAINTS)
def test_a_refusal_says_what_it_wants(
    source: str, body: object, wanted: Adaptation | None, status: int
) -> None:
    found = look(body, status)
    assert (found.outcome, found.reason) == (Outcome.UNKNOWN, Reason.NEEDS_OTHER_REQUEST), source
    assert found.adaptation == wanted


@pytest.mark.parametrize(("source", "body", "wanted"), COMPLAINTS)
def test_a_refusal_inside_a_200_wants_the_same(source: str, body: object, wanted: Adaptation | None) -> None:
    inside = {**body, "status": 400} if isinstance(body, dict) else body
    assert look(inside, 200).adaptation == wanted, source


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        (
            "[{'type': 'missing', 'loc': ('body', 'max_tokens'), 'msg': 'field required'}]",
            (RENAMED, NO_LIMIT),
        ),
        ("unexpected role system", (RequestChange.SYSTEM,)),
        ("system" + " " * 81 + "not supported", ()),
        ("not supported: an image_url", (RequestChange.IMAGE, RequestChange.IMAGE_ALONE)),
    ],
)
def test_what_is_unwanted_is_taken_back_if_it_is_named_near_by(
    text: str, wanted: tuple[RequestChange, ...]
) -> None:
    found = adaptation_in(text)
    assert (found.undo if found else frozenset()) == frozenset(wanted)


@pytest.mark.parametrize(
    "text", ["", "bad request", "systematic imagery", "the toolbox streams nothing", "ROLE"]
)
def test_other_words_ask_for_nothing(text: str) -> None:
    assert adaptation_in(text) is None


def test_an_id_full_of_field_names_asks_for_nothing() -> None:
    model = "acme/image-tools-thinking-1"
    assert look(
        openai(f"{model}: something is wrong with temperature"), model=model
    ).adaptation == adaptation(RequestChange.TEMPERATURE)


@pytest.mark.parametrize(
    "body",
    [
        openai("'max_tokens' is wrong", code="insufficient_quota"),
        openai("API key not valid; max_tokens"),
        openai("This model does not exist: temperature"),
        openai("not a chat model: use the embeddings endpoint, system role"),
    ],
)
def test_a_refusal_for_another_reason_wants_nothing(body: object) -> None:
    assert look(body).adaptation is None


# ---- Granting --------------------------------------------------------------------------

REAL = list(dict.fromkeys(each for _, each in adaptations._COMPILED))
CHANGES = st.frozensets(st.sampled_from(RequestChange), max_size=4)
ADAPTATIONS = st.sampled_from(REAL)
FORMS = st.builds(
    lambda route, changes: RequestForm(route, tuple(each for each in RequestChange if each in changes)),
    st.sampled_from(Route),
    CHANGES,
)


@given(FORMS, ADAPTATIONS)
def test_granting_twice_is_granting_once(form: RequestForm, wanted: Adaptation) -> None:
    granted = form.adapted(wanted)
    assert granted.adapted(wanted) == granted
    assert granted.route is form.route
    assert list(granted.changes) == sorted(set(granted.changes), key=list(RequestChange).index)


@given(FORMS, st.sampled_from(RequestChange))
def test_what_is_granted_is_there_and_its_rival_is_not(form: RequestForm, change: RequestChange) -> None:
    granted = form.adapted(adaptation(change))
    is_limit_of_turn = RequestChange.ASSISTANT_LAST in granted.changes and change in forms._LIMITS
    is_roomy = change is RequestChange.MORE_TOKENS and RequestChange.NO_TOKEN_LIMIT in form.changes
    if not is_roomy and form.route in forms._APPLIES[change] and not is_limit_of_turn:
        assert change in granted.changes
        assert all(change not in rivals or not rivals <= set(granted.changes) for rivals in forms._RIVALS)


@given(FORMS, CHANGES)
def test_what_is_taken_back_is_gone_and_nothing_else(
    form: RequestForm, undo: frozenset[RequestChange]
) -> None:
    left = set(form.changes) - undo
    limits = forms._LIMITS if RequestChange.ASSISTANT_LAST in left else set()
    assert set(form.adapted(Adaptation(undo=undo)).changes) == left - limits


@pytest.mark.parametrize("form", [PLAIN_CHAT, RequestForm(Route.CHAT, (RequestChange.STREAM,))])
def test_where_the_word_is_refused_nothing_is_said_of_streams(form: RequestForm) -> None:
    assert form.adapted(adaptation(RequestChange.NO_STREAM)).changes == (RequestChange.NO_STREAM,)


def test_without_a_limit_there_is_room_enough() -> None:
    unlimited = RequestForm(Route.CHAT, (RequestChange.NO_TOKEN_LIMIT,))
    assert unlimited.adapted(MORE_ROOM) == unlimited
    assert PLAIN_CHAT.adapted(MORE_ROOM).adapted(MORE_ROOM).changes == (RequestChange.MORE_TOKENS,)


@pytest.mark.parametrize("wanted", REAL)
def test_no_row_contradicts_itself(wanted: Adaptation) -> None:
    """Two rivals in one wish would be granted in no certain order."""
    assert not wanted.make & wanted.undo
    assert not any(len(wanted.make & rivals) > 1 for rivals in forms._RIVALS)


# ---- Any text --------------------------------------------------------------------------

WORDS = st.sampled_from(
    [
        *("system", "role", "user", "assistant", "last message must", "max_tokens", "max_completion_tokens"),
        *("budget", "thinking", "temperature", "input_type", "image", "image_url", "tools", "stream", "non-"),
        *("is not supported", "required", "must be false", "at least", "use", "prefill", "\n", "'", "only"),
    ]
)


@given(st.text(max_size=200) | st.lists(WORDS, max_size=20).map(" ".join))
def test_any_text_gives_a_wish_or_none(text: str) -> None:
    found = adaptation_in(text)
    assert found is None or found.make | found.undo
    assert found == adaptation_in(text)


@given(st.lists(WORDS, min_size=1, max_size=20).map(" ".join), st.text(string.ascii_letters, max_size=5))
def test_any_refusal_can_be_read(text: str, more: str) -> None:
    found = look(openai(text + more))
    assert found.adaptation is None or found.reason == Reason.NEEDS_OTHER_REQUEST


LONGEST = 8000  # characters of text that a body has at most
EVIL = [
    *(
        "system ",
        "system",
        "max_tokens",
        "max_tokens ",
        "max_completion_tokens ",
        "input_type ",
        "temperature",
    ),
    *(
        "image ",
        "image_url",
        "tools ",
        "stream ",
        "non-stream",
        "last message ",
        "role assistant ",
        "thinking ",
    ),
    *(
        "enable_thinking ",
        "budget ",
        "policy ",
        "content ",
        "must ",
        "only ",
        "a",
        " ",
        "\n",
        "role ",
        "use ",
    ),
]


@pytest.mark.parametrize("words", EVIL)
def test_twice_the_text_takes_no_more_than_a_few_times_as_long(words: str) -> None:
    """Growth, not speed: a quadratic pattern takes four times as long, and seconds for a whole text."""
    once, twice = (_seconds((words * LONGEST)[:length]) for length in (LONGEST, 2 * LONGEST))
    assert twice < 3 * once + 0.05


def _seconds(text: str) -> float:
    def read() -> float:
        begun = time.thread_time()
        adaptation_in(text)
        return time.thread_time() - begun

    return min(read() for _ in range(3))
