"""Every row of the classification table, with the body that was seen in the wild."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.answer.answer import read_answer
from monitor.core.answer.classify import Finding
from monitor.core.answer.exchange import CONNECTION_LEVEL, Exchange, Failure
from monitor.core.answer.table import TABLE
from monitor.core.domain.vocabulary import Kind, Outcome, Reason
from monitor.core.request.forms import RequestForm, Route

NOW = datetime(2026, 11, 21, tzinfo=UTC)
KEY = "nvapi-a-key-that-must-not-show-0123456789"
PROBLEM = {"content-type": "application/problem+json"}
PLAIN = {"content-type": "text/plain"}
CONTAINER = "urn:inference-service:problem-details:bad-request"
PAGE = "<!DOCTYPE html><html><title>Welcome</title><p>role system image</p></html>"
DEGRADED = "Function id '5f2a': DEGRADED function cannot be invoked"
ENDED = (
    "The model 'z-ai/glm4.7' has reached its end of life on 2026-05-14T00:00:00Z and is no longer available."
)
NOT_FOUND_FOR = "Function '5f2a': Not found for account 'aB3'"
EXPIRED = "Account 'X': Cloud credits expired - Please contact NVIDIA representatives"
FASTAPI = {"detail": [{"loc": ["body", "frequency"], "msg": "field required"}]}

UP, LIMITED, DOWN, UNCLEAR = Outcome.AVAILABLE, Outcome.RATE_LIMITED, Outcome.UNAVAILABLE, Outcome.UNKNOWN


def said(status: int, body: object = "", headers: dict[str, str] | None = None) -> Exchange:
    text = body if isinstance(body, str) else json.dumps(body)
    return Exchange(http_status=status, body=text, headers=headers or {}, latency_ms=1)


def generated(**choice: object) -> dict[str, object]:
    return {"object": "chat.completion", "choices": [choice]}


def complaint(message: str, **more: object) -> dict[str, object]:
    return {"error": {"message": message, **more}}


def detail(text: str, **more: object) -> dict[str, object]:
    return {"type": "about:blank", "detail": text, **more}


def look(exchange: Exchange, asked: Route = Route.CHAT, **more: object) -> Finding:
    model, listed = str(more.get("model", "")), bool(more.get("listed", True))
    form = RequestForm(asked)
    return read_answer(exchange, form, model, now=NOW, at_ms=0, listed=listed, secrets=(KEY,)).finding


CASES: list[tuple[str, Exchange, Outcome, Reason]] = [
    ("2", said(200, generated(message={"content": "Hello"})), UP, Reason.OK),
    ("2", said(200, generated(message={"content": ""}, finish_reason="length")), UP, Reason.OK),
    ("2", said(200, generated(message={"content": None, "reasoning_content": "hm"})), UP, Reason.OK),
    ("2", said(200, generated(message={"content": None, "tool_calls": [{}]})), UP, Reason.OK),
    ("2", said(200, generated(message={"content": "insufficient_quota: retired 410"})), UP, Reason.OK),
    ("2", said(200, generated(text="there")), UP, Reason.OK),
    ("2", said(200, {"object": "response", "output": [{"type": "message"}]}), UP, Reason.OK),
    ("2", said(200, {"object": "response", "output": [], "status": "incomplete"}), UP, Reason.OK),
    ("2", said(200, {"type": "message", "content": [{"type": "text", "text": "Hi"}]}), UP, Reason.OK),
    ("2", said(200, {"type": "message", "content": [], "stop_reason": "max_tokens"}), UP, Reason.OK),
    (
        "2",
        said(
            200,
            {**generated(message={"content": ""}, finish_reason="stop"), "usage": {"completion_tokens": 1}},
        ),
        UP,
        Reason.OK,
    ),
    ("4", said(200, generated(message={"content": ""}, finish_reason="stop")), DOWN, Reason.INVALID_ANSWER),
    ("4", said(200, {"object": "response", "output": [], "status": "failed"}), DOWN, Reason.INVALID_ANSWER),
    ("3", said(200, {"artifacts": [{"base64": "aa"}]}), UP, Reason.OK),
    ("3", said(200, "ID3...", {"content-type": "audio/mpeg"}), UP, Reason.OK),
    ("2", said(200, {**generated(message={"content": "a"}), "error": None}), UP, Reason.OK),
    ("2", said(200, 'data: {"choices":[{"delta":{"content":"a"}}]}\n\ndata: [DONE]\n'), UP, Reason.OK),
    ("2", said(200, ': WORKING\n\ndata: {"choices":[{"delta":{"content":"a"}}]}\n'), UP, Reason.OK),
    ("2", said(200, 'id: 1\ndata: {"choices":[{"delta":{"content":"a"}}]}\n'), UP, Reason.OK),
    ("3", said(200, {"data": [{"embedding": [0.1]}]}), UP, Reason.OK),
    ("3", said(200, {"rankings": [{"index": 0, "logit": 1}]}), UP, Reason.OK),
    ("3", said(200, {"data": [{"b64_json": "aa"}]}), UP, Reason.OK),
    ("4", said(200, PAGE, {"content-type": "text/html"}), DOWN, Reason.INVALID_ANSWER),
    ("4", said(200, ""), DOWN, Reason.INVALID_ANSWER),
    ("4", said(200, {"choices": []}), DOWN, Reason.INVALID_ANSWER),
    ("4", said(200, {"choices": [None]}), DOWN, Reason.INVALID_ANSWER),
    ("4", said(200, {"model": "m"}), DOWN, Reason.INVALID_ANSWER),
    ("4", said(200, complaint("something odd")), DOWN, Reason.INVALID_ANSWER),
    ("4", said(204), DOWN, Reason.INVALID_ANSWER),
    ("4", Exchange(http_status=200, failure=Failure.GARBLED), DOWN, Reason.INVALID_ANSWER),
    ("5", said(202, "", {"nvcf-reqid": "r"}), LIMITED, Reason.QUEUED),
    ("4", said(202), DOWN, Reason.INVALID_ANSWER),
    ("6", said(401, "Header of type `authorization` was missing", PLAIN), UNCLEAR, Reason.CREDENTIAL),
    ("6", said(401, "Unauthorized access", PLAIN), UNCLEAR, Reason.CREDENTIAL),
    ("7", said(403, detail("Authorization failed", status=403)), UNCLEAR, Reason.CREDENTIAL),
    ("7", said(403, PAGE), UNCLEAR, Reason.INVALID_ANSWER),
    (
        "7",
        said(400, complaint("API key not valid. Please pass a valid API key.")),
        UNCLEAR,
        Reason.CREDENTIAL,
    ),
    ("7", said(400, complaint("No connected db.", type="no_db_connection")), UNCLEAR, Reason.CREDENTIAL),
    (
        "8",
        said(403, detail("Function '..':  Not shared with the account '..'")),
        DOWN,
        Reason.NOT_FOR_ACCOUNT,
    ),
    (
        "8",
        said(403, detail("Missing resource entry in ApiKey for the function")),
        DOWN,
        Reason.NOT_FOR_ACCOUNT,
    ),
    ("8", said(403, complaint("this model requires a subscription")), DOWN, Reason.NOT_FOR_ACCOUNT),
    ("8", said(403, complaint("key not allowed to access model")), DOWN, Reason.NOT_FOR_ACCOUNT),
    ("8", said(403, complaint("requires a verified account")), DOWN, Reason.NOT_FOR_ACCOUNT),
    ("9", said(402, detail(EXPIRED, title="Payment Required")), UNCLEAR, Reason.QUOTA),
    ("9", said(402, complaint("", code="PAYMENT_METHOD_REQUIRED")), UNCLEAR, Reason.QUOTA),
    ("9", said(429, complaint("You exceeded", code="insufficient_quota")), UNCLEAR, Reason.QUOTA),
    ("9", said(400, complaint("Insufficient Balance")), UNCLEAR, Reason.QUOTA),
    ("10", said(410, detail(ENDED, title="Gone", status=410)), DOWN, Reason.END_OF_LIFE),
    ("10", said(410, complaint("", code="github_models_retirement_brownout")), DOWN, Reason.END_OF_LIFE),
    ("10", said(404, complaint("The model has been retired.")), DOWN, Reason.END_OF_LIFE),
    ("10", said(400, complaint("decommissioned", code="model_decommissioned")), DOWN, Reason.END_OF_LIFE),
    ("11", said(404, complaint("The model has been deprecated")), DOWN, Reason.WITHDRAWN),
    ("11", said(404, complaint("x is no longer available")), DOWN, Reason.WITHDRAWN),
    ("12", said(404, "404 page not found", PLAIN), UNCLEAR, Reason.NO_ENDPOINT),
    ("12", said(404, "404 page not found\n", PLAIN), UNCLEAR, Reason.NO_ENDPOINT),
    ("12", said(404, {"detail": "Not Found"}), UNCLEAR, Reason.NO_ENDPOINT),
    ("12", said(404, PAGE), UNCLEAR, Reason.NO_ENDPOINT),
    ("12", said(404), UNCLEAR, Reason.NO_ENDPOINT),
    (
        "12",
        said(404, complaint("Unknown request URL: POST /x", code="unknown_url")),
        UNCLEAR,
        Reason.NO_ENDPOINT,
    ),
    ("14", said(404, detail(NOT_FOUND_FOR, title="Not Found", status=404)), DOWN, Reason.NOT_FOR_ACCOUNT),
    ("14", said(404, detail("Specified function in account 'a' is not found")), DOWN, Reason.NOT_FOR_ACCOUNT),
    (
        "15",
        said(404, complaint("The model `m` does not exist", code="model_not_found")),
        DOWN,
        Reason.NOT_FOUND,
    ),
    ("15", said(404, complaint('model "m" not found, try pulling it first')), DOWN, Reason.NOT_FOUND),
    ("15", said(400, complaint("Invalid model name passed in model=m")), DOWN, Reason.NOT_FOUND),
    ("15", said(404, complaint("No endpoints found for m", code=404)), DOWN, Reason.NOT_FOUND),
    ("15", said(400, complaint("m is not a valid model ID", code=400)), DOWN, Reason.NOT_FOUND),
    ("15", said(404, detail("Inference error", type=CONTAINER)), DOWN, Reason.NOT_FOUND),
    ("15", said(404, complaint("No fixture matched", code="no_fixture_match")), DOWN, Reason.NOT_FOUND),
    ("16", said(400, detail(DEGRADED)), DOWN, Reason.DEGRADED),
    (
        "17",
        said(400, {"object": "error", "message": "System role not supported"}),
        UNCLEAR,
        Reason.NEEDS_OTHER_REQUEST,
    ),
    ("17", said(400, complaint("Conversation roles must alternate")), UNCLEAR, Reason.NEEDS_OTHER_REQUEST),
    ("17", said(400, complaint("input_type parameter is required")), UNCLEAR, Reason.NEEDS_OTHER_REQUEST),
    ("17", said(400, complaint("Content cannot be a plain string")), UNCLEAR, Reason.NEEDS_OTHER_REQUEST),
    (
        "17",
        said(400, complaint("Unsupported parameter(s): prompt_cache_key")),
        UNCLEAR,
        Reason.NEEDS_OTHER_REQUEST,
    ),
    (
        "17",
        said(400, complaint("Invalid 'max_output_tokens': integer below")),
        UNCLEAR,
        Reason.NEEDS_OTHER_REQUEST,
    ),
    ("17", said(400, complaint("Use max_completion_tokens")), UNCLEAR, Reason.NEEDS_OTHER_REQUEST),
    ("17", said(422, FASTAPI), UNCLEAR, Reason.NEEDS_OTHER_REQUEST),
    ("18", said(400, complaint("google/x is not a chat model")), UNCLEAR, Reason.NO_ENDPOINT),
    (
        "18",
        said(404, complaint("This is not a chat model and thus not supported")),
        UNCLEAR,
        Reason.NO_ENDPOINT,
    ),
    ("18", said(400, complaint("Please use the embeddings endpoint")), UNCLEAR, Reason.NO_ENDPOINT),
    ("18", said(400, complaint("only supported in v1/responses")), UNCLEAR, Reason.NO_ENDPOINT),
    (
        "18",
        said(404, complaint("It is not supported in the v1/chat/completions endpoint.")),
        UNCLEAR,
        Reason.NO_ENDPOINT,
    ),
    ("18", said(400, complaint("x is not an embedding model")), UNCLEAR, Reason.NO_ENDPOINT),
    ("18", said(400, {"error": '"x" does not support chat'}), UNCLEAR, Reason.NO_ENDPOINT),
    ("19", said(400, detail("no idea", type=CONTAINER), PROBLEM), UNCLEAR, Reason.NEEDS_OTHER_REQUEST),
    (
        "20",
        said(400, complaint("model field is required", code="missing_field")),
        UNCLEAR,
        Reason.BAD_REQUEST,
    ),
    ("20", said(400, complaint("", type="MissingSessionID")), UNCLEAR, Reason.BAD_REQUEST),
    ("8", said(422, complaint("Couldn't find valid service tier")), DOWN, Reason.NOT_FOR_ACCOUNT),
    ("20", said(400, PAGE.replace("<p>role system image</p>", "")), UNCLEAR, Reason.BAD_REQUEST),
    ("20", said(418), UNCLEAR, Reason.BAD_REQUEST),
    ("20", said(499, {"title": "Client Closed Request"}), UNCLEAR, Reason.BAD_REQUEST),
    ("21", said(429, complaint("Rate limit exceeded: free-models-per-day")), LIMITED, Reason.MODEL_QUOTA),
    (
        "21",
        said(429, complaint("Quota exceeded for metric x, limit: 0, model: y")),
        LIMITED,
        Reason.MODEL_QUOTA,
    ),
    ("22", said(429, {"status": 429, "title": "Too Many Requests"}), LIMITED, Reason.TOO_MANY_REQUESTS),
    ("22", said(429, complaint("Quota exceeded for metric x, limit: 10")), LIMITED, Reason.TOO_MANY_REQUESTS),
    ("22", said(429), LIMITED, Reason.TOO_MANY_REQUESTS),
    (
        "23",
        said(503, "ResourceExhausted: Worker local total request limit reached (16/16)"),
        LIMITED,
        Reason.SATURATED,
    ),
    ("23", said(503, complaint("The engine is currently overloaded")), LIMITED, Reason.SATURATED),
    ("23", said(529, complaint("Overloaded", type="overloaded_error")), LIMITED, Reason.SATURATED),
    ("23", said(503, complaint("This model is at capacity")), LIMITED, Reason.SATURATED),
    ("23", said(200, complaint("ResourceExhausted: limit")), LIMITED, Reason.SATURATED),
    ("24", said(503, detail("Off"), {**PROBLEM, "retry-after": "10800"}), DOWN, Reason.SWITCHED_OFF),
    (
        "24",
        said(503, detail("Off"), {**PROBLEM, "retry-after": "Sat, 21 Nov 2026 01:00:00 GMT"}),
        DOWN,
        Reason.SWITCHED_OFF,
    ),
    ("25", said(503, detail("Off"), {**PROBLEM, "retry-after": "3599"}), DOWN, Reason.SERVER_ERROR),
    ("25", said(503, "Loading", {"retry-after": "10800"}), DOWN, Reason.SERVER_ERROR),
    ("25", said(500, detail("boom"), PROBLEM), DOWN, Reason.SERVER_ERROR),
    ("25", said(502, detail("Upstream request failed.", title="Bad Gateway")), DOWN, Reason.SERVER_ERROR),
    *[("25", said(status, PAGE), DOWN, Reason.SERVER_ERROR) for status in (520, 521, 522, 523, 524)],
    ("26", said(504, "", {"nvcf-status": "errored", "nvcf-reqid": "r"}), DOWN, Reason.NO_CAPACITY),
    ("26", said(504, PAGE), DOWN, Reason.NO_CAPACITY),
    (
        "26",
        said(429, complaint("No deployments available", type="all_deployments_in_cooldown")),
        UNCLEAR,
        Reason.NO_CAPACITY,
    ),
    ("26", said(200, "", {"nvcf-status": "errored"}), DOWN, Reason.NO_CAPACITY),
    ("27", Exchange(http_status=200, failure=Failure.TIMEOUT_AFTER_HEADERS), UNCLEAR, Reason.TIMEOUT),
    ("28", Exchange(failure=Failure.TIMEOUT), UNCLEAR, Reason.TIMEOUT),
    ("28", said(408), UNCLEAR, Reason.TIMEOUT),
    ("28", Exchange(failure=Failure.CLOSED), UNCLEAR, Reason.CONNECTION_CLOSED),
    *[("29", said(status), UNCLEAR, Reason.WRONG_ADDRESS) for status in (301, 302, 307, 308, 405)],
    ("29", Exchange(failure=Failure.UNSENDABLE), UNCLEAR, Reason.WRONG_ADDRESS),
    *[
        ("1", Exchange(failure=failure), UNCLEAR, Reason.CONNECTION_FAILED)
        for failure in sorted(CONNECTION_LEVEL)
    ],
    ("1", said(407), UNCLEAR, Reason.CONNECTION_FAILED),
]


def from_container(text: str, status: int = 400, title: str = "bad-request") -> Exchange:
    """Answer as a NIM container does behind NVIDIA's gateway."""
    told = {"type": f"urn:inference-service:problem-details:{title}", "status": status, "detail": text}
    return said(status, {**told, "instance": "/v2/nvcf/pexec/functions/5f2a", "requestId": "r"}, PROBLEM)


EXHAUSTED = "ResourceExhausted: Worker local total request limit reached (16/16)"
PRINTED = "[{'type': 'missing', 'loc': ('body', 'max_tokens'), 'msg': 'Field required'}]"
POLICY = "No endpoints found matching your data policy (Free model publication)."
GENERATE = (
    "models/text-embedding-004 is not found for API version v1main, or is not supported for generateContent."
)
RESPONSES_ONLY = "This model is only supported in v1/responses and not in v1/chat/completions."
SPEECH_ON_CHAT = (
    "This is not a chat model and thus not supported in the v1/chat/completions endpoint."
    " Did you mean to use v1/completions?"
)
VECTORS_ON_CHAT = (
    "m is an embedding model and cannot be used with the chat/completions endpoint."
    " Use the /embeddings endpoint instead."
)
PER_MINUTE = "Rate limit reached for m on requests per min (RPM): Limit 3, Used 3. Please try again in 20s."
A_DAY = "Rate limit reached for m on requests per day (RPD): Limit 200, Used 200."
NO_FREE_TIER = "Quota exceeded for metric: x/generate_content_free_tier_requests, limit: 0, model: m"
OTHER_TITLE = {
    "type": "about:blank",
    "title": "Internal Server Error",
    "status": 500,
    "detail": "Inference error",
}

# What provider facts 2.3 tell of NVIDIA and is not in the table of rows above.
OF_NVIDIA: list[tuple[str, Exchange, Outcome, Reason]] = [
    (
        "20",
        said(400, complaint("model field is required", code="missing_required_field")),
        UNCLEAR,
        Reason.BAD_REQUEST,
    ),
    ("20", said(400, complaint("body too large", code="invalid_image_format")), UNCLEAR, Reason.BAD_REQUEST),
    ("19", from_container(PRINTED), UNCLEAR, Reason.NEEDS_OTHER_REQUEST),
    ("19", from_container("System role not supported"), UNCLEAR, Reason.NEEDS_OTHER_REQUEST),
    ("18", from_container("m is not a chat model"), UNCLEAR, Reason.NO_ENDPOINT),
    ("17", said(422, {"detail": [{"loc": ["body", "messages"]}]}), UNCLEAR, Reason.NEEDS_OTHER_REQUEST),
    ("15", from_container("Inference error", 404, "not-found"), DOWN, Reason.NOT_FOUND),
    ("25", from_container("Inference error", 500, "internal-server-error"), DOWN, Reason.SERVER_ERROR),
    ("25", said(500, OTHER_TITLE, PROBLEM), DOWN, Reason.SERVER_ERROR),
    (
        "22",
        said(429, detail("You are over the rate limit. Ask our partners.")),
        LIMITED,
        Reason.TOO_MANY_REQUESTS,
    ),
    ("23", said(429, detail("The request queue is full.")), LIMITED, Reason.SATURATED),
    ("23", said(429, complaint(EXHAUSTED)), LIMITED, Reason.SATURATED),
    ("23", said(503, {"object": "error", "message": EXHAUSTED, "code": 503}), LIMITED, Reason.SATURATED),
    ("23", said(200, f"data: {json.dumps(complaint(EXHAUSTED, code=503))}\n\n"), LIMITED, Reason.SATURATED),
    ("23", said(529), LIMITED, Reason.SATURATED),
]

# What provider facts 3 and 4 tell of others.
OF_OTHERS: list[tuple[str, Exchange, Outcome, Reason]] = [
    # OpenAI
    ("18", said(404, complaint(RESPONSES_ONLY)), UNCLEAR, Reason.NO_ENDPOINT),
    ("18", said(404, complaint(SPEECH_ON_CHAT)), UNCLEAR, Reason.NO_ENDPOINT),
    (
        "18",
        said(404, complaint("This is a chat model and not supported in the v1/completions endpoint.")),
        UNCLEAR,
        Reason.NO_ENDPOINT,
    ),
    (
        "18",
        said(403, complaint("You are not allowed to sample from this model")),
        UNCLEAR,
        Reason.NO_ENDPOINT,
    ),
    (
        "18",
        said(403, complaint("You are not allowed to generate embeddings from this model")),
        UNCLEAR,
        Reason.NO_ENDPOINT,
    ),
    (
        "8",
        said(403, complaint("Project `p` does not have access to model `m`", code="model_not_found")),
        DOWN,
        Reason.NOT_FOR_ACCOUNT,
    ),
    ("22", said(429, complaint(PER_MINUTE, code="rate_limit_exceeded")), LIMITED, Reason.TOO_MANY_REQUESTS),
    ("21", said(429, complaint(A_DAY, code="rate_limit_exceeded")), LIMITED, Reason.MODEL_QUOTA),
    # Azure
    (
        "18",
        said(
            400,
            complaint(
                "The chatCompletion operation does not work with the specified model, m. Choose another."
            ),
        ),
        UNCLEAR,
        Reason.NO_ENDPOINT,
    ),
    # OpenRouter
    ("18", said(400, complaint(VECTORS_ON_CHAT)), UNCLEAR, Reason.NO_ENDPOINT),
    ("9", said(402, complaint("Insufficient credits", code=402)), UNCLEAR, Reason.QUOTA),
    ("20", said(403, complaint("Your input was flagged", code=403)), UNCLEAR, Reason.BAD_REQUEST),
    ("8", said(404, complaint(POLICY, code=404)), DOWN, Reason.NOT_FOR_ACCOUNT),
    ("25", said(502, complaint("Provider returned error", code=502)), DOWN, Reason.SERVER_ERROR),
    ("25", said(503, complaint("There is no available provider", code=503)), DOWN, Reason.SERVER_ERROR),
    ("25", said(200, complaint("Provider returned error", code=502)), DOWN, Reason.SERVER_ERROR),
    # Anthropic
    ("20", said(400, complaint("anthropic-version: header is required")), UNCLEAR, Reason.BAD_REQUEST),
    ("9", said(400, complaint("Your credit balance is too low to access the API.")), UNCLEAR, Reason.QUOTA),
    ("15", said(404, complaint("model: m", type="not_found_error")), DOWN, Reason.NOT_FOUND),
    # Gemini
    ("7", said(400, [complaint("API key not valid.", code=400)]), UNCLEAR, Reason.CREDENTIAL),
    ("15", said(404, [complaint(GENERATE, code=404)]), UNCLEAR, Reason.NO_ENDPOINT),
    ("21", said(429, [complaint(NO_FREE_TIER)]), LIMITED, Reason.MODEL_QUOTA),
    (
        "21",
        said(429, [complaint("Quota", details=[{"quotaId": "GenerateRequestsPerDayPerProject"}])]),
        LIMITED,
        Reason.MODEL_QUOTA,
    ),
    ("7", said(400, [complaint("User location is not supported")]), UNCLEAR, Reason.CREDENTIAL),
    # Groq, Mistral, Hugging Face, Neon, Ollama Cloud, SambaNova, OpenCode Zen
    (
        "10",
        said(400, complaint("The model `m` has been decommissioned and is no longer supported.")),
        DOWN,
        Reason.END_OF_LIFE,
    ),
    (
        "18",
        said(400, complaint("The model `m` does not support chat completions")),
        UNCLEAR,
        Reason.NO_ENDPOINT,
    ),
    (
        "17",
        said(
            422,
            {"object": "error", "message": {"detail": [{"type": "extra_forbidden", "loc": ["body", "x"]}]}},
        ),
        UNCLEAR,
        Reason.NEEDS_OTHER_REQUEST,
    ),
    ("9", said(402, {"error": "You have exceeded your monthly included credits"}), UNCLEAR, Reason.QUOTA),
    ("8", said(403, complaint("AI Gateway requires a verified account")), DOWN, Reason.NOT_FOR_ACCOUNT),
    ("8", said(403, complaint("this model requires a subscription, upgrade")), DOWN, Reason.NOT_FOR_ACCOUNT),
    ("10", said(410, complaint("Gone")), DOWN, Reason.END_OF_LIFE),
    ("20", said(400, {"type": "error", "error": {"type": "MissingSessionID"}}), UNCLEAR, Reason.BAD_REQUEST),
    # LiteLLM, vLLM, Ollama, llama.cpp
    (
        "15",
        said(400, complaint("/chat/completions: Invalid model name passed in model=m.")),
        DOWN,
        Reason.NOT_FOUND,
    ),
    ("7", said(500, complaint("Authentication Error, No api key passed in.")), UNCLEAR, Reason.CREDENTIAL),
    (
        "18",
        said(400, complaint("The model does not support Chat Completions API")),
        UNCLEAR,
        Reason.NO_ENDPOINT,
    ),
    (
        "18",
        said(400, complaint("The model does not support the /v1/completions API")),
        UNCLEAR,
        Reason.NO_ENDPOINT,
    ),
    ("26", said(503, complaint("Loading model", code=503)), LIMITED, Reason.SATURATED),
    # Words of section 4 without a provider
    ("9", said(403, detail("Cloud credits expired")), UNCLEAR, Reason.QUOTA),
    ("10", said(404, complaint("It has reached its end of life on 2026-05-14.")), DOWN, Reason.END_OF_LIFE),
    ("11", said(404, complaint("m was removed")), DOWN, Reason.WITHDRAWN),
    (
        "11",
        said(404, complaint("The model `m` has been deprecated", code="model_not_found")),
        DOWN,
        Reason.WITHDRAWN,
    ),
]


@pytest.mark.parametrize(("row", "exchange", "outcome", "reason"), [*CASES, *OF_NVIDIA, *OF_OTHERS])
def test_an_answer_seen_in_the_wild_means_its_row(
    row: str, exchange: Exchange, outcome: Outcome, reason: Reason
) -> None:
    found = look(exchange)
    assert (found.row, found.outcome, found.reason) == (row, outcome, reason)


def test_every_row_of_the_table_has_a_case() -> None:
    assert {rule.row for rule in TABLE} == {case[0] for case in CASES} | {"13"}
    assert {rule.row for rule in TABLE} == {str(number) for number in range(1, 30)}


@pytest.mark.parametrize("model", ["models/imagen-4.0", "models/veo-3.1", "models/gemini-2.5-flash-tts"])
def test_nowhere_or_elsewhere_is_elsewhere_of_what_costs(model: str) -> None:
    """Nobody asked where pictures and sound are made."""
    exchange = said(404, [complaint(GENERATE, code=404)])
    assert look(exchange, model=model).row == "18"
    assert look(exchange, model="models/text-embedding-004").row == "15"


def test_another_row_stays_as_it_is_of_what_costs() -> None:
    """Neither "not at this address" nor "no such model" speaks of another endpoint."""
    costly = "models/imagen-4.0"
    bare = look(said(404, "404 page not found"), model=costly)
    assert (bare.row, bare.reason) == ("12", Reason.NO_ENDPOINT)
    unknown = look(said(404, complaint("model_not_found")), model=costly)
    assert (unknown.row, unknown.reason) == ("15", Reason.NOT_FOUND)


def test_a_number_that_is_no_status_says_nothing() -> None:
    found = look(said(1000, ""))
    assert (found.row, found.outcome, found.reason) == ("20", Outcome.UNKNOWN, Reason.BAD_REQUEST)


def test_a_bare_404_of_an_unlisted_id_means_it_left_the_catalog() -> None:
    found = look(said(404, "404 page not found"), listed=False)
    assert (found.row, found.outcome, found.reason) == ("13", DOWN, Reason.NOT_FOUND)


@pytest.mark.parametrize(
    "exchange",
    [
        said(404, detail(NOT_FOUND_FOR)),
        said(404, detail("Specified function in account 'a' is not found")),
        said(400, detail(DEGRADED)),
        said(400, detail("no idea", type=CONTAINER)),
        from_container(PRINTED),
        from_container("System role not supported", 422),
    ],
)
def test_words_of_a_deployment_prove_that_the_route_leads_there(exchange: Exchange) -> None:
    """Provider facts 1.2: mapped for this endpoint, whatever became of the function behind it."""
    assert look(exchange).proves == Kind.CHAT
    assert look(exchange, Route.EMBEDDINGS).proves == Kind.EMBEDDINGS


@pytest.mark.parametrize(
    "exchange",
    [
        said(404, "404 page not found"),
        said(429),
        said(500),
        said(410, detail(ENDED)),
        said(403),
        said(400, complaint("System role not supported")),
        from_container("m is not a chat model"),
        said(202, "", {"nvcf-reqid": "r"}),
    ],
)
def test_words_of_a_gateway_prove_nothing_of_the_route(exchange: Exchange) -> None:
    assert look(exchange, Route.EMBEDDINGS).proves is None


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (complaint("gone", code=410), Reason.END_OF_LIFE),
        (complaint("no", code="401"), Reason.CREDENTIAL),
        (complaint("slow down", code=429), Reason.TOO_MANY_REQUESTS),
        (complaint("down", code=502), Reason.SERVER_ERROR),
        (complaint("x", code="insufficient_quota"), Reason.QUOTA),
        (complaint("x", code="model_not_found"), Reason.NOT_FOUND),
        (complaint("x", code="rate_limit_exceeded"), Reason.TOO_MANY_REQUESTS),
        ({"status": 404, "detail": NOT_FOUND_FOR}, Reason.NOT_FOR_ACCOUNT),
        (generated(error={"code": 502, "message": "m"}, finish_reason="error"), Reason.SERVER_ERROR),
        ({**generated(message={"content": ""}), "error": {"code": 502}}, Reason.SERVER_ERROR),
        ({"error": "overloaded"}, Reason.SATURATED),
        ({"object": "error", "message": "hm", "code": 40303}, Reason.INVALID_ANSWER),
        ({"error": {"code": 1301, "message": "hm"}}, Reason.INVALID_ANSWER),
    ],
)
def test_an_error_inside_a_200_means_what_its_code_or_text_says(error: object, reason: Reason) -> None:
    assert look(said(200, error)).reason == reason


def test_the_words_of_an_id_are_not_the_providers_words() -> None:
    model = "acme/image-guard-retired"
    body = complaint(f"cannot run {model}, neither image-guard-retired")
    assert look(said(400, body), model=model).reason == Reason.BAD_REQUEST
    assert look(said(400, body)).reason != Reason.BAD_REQUEST


def test_a_short_id_does_not_take_words_apart() -> None:
    assert look(said(402, complaint("no more money")), model="m").reason == Reason.QUOTA
    assert look(said(429, complaint("insufficient_quota")), model="i").reason == Reason.QUOTA


def test_a_generation_longer_than_the_cap_is_an_answer() -> None:
    cut = Exchange(http_status=200, body='{"id":"c","choices": [{"message":{"content":"aaaa', truncated=True)
    assert look(cut).proves == Kind.CHAT


def test_a_whole_document_forgives_a_connection_that_closed_badly() -> None:
    body = json.dumps(generated(message={"content": "a"}))
    assert look(Exchange(http_status=200, body=body, failure=Failure.CLOSED)).outcome == UP
    assert look(Exchange(http_status=200, body=body[:-1], failure=Failure.CLOSED)).outcome == UNCLEAR


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (generated(message={"content": "a"}), Kind.CHAT),
        (generated(text="a"), Kind.COMPLETIONS),
        ({"data": [{"embedding": []}]}, Kind.EMBEDDINGS),
        ({"results": [{"flagged": False}]}, Kind.MODERATION),
        ({"results": [{"relevance_score": 1}]}, Kind.RERANK),
        ({"data": [{"url": "u"}]}, Kind.IMAGE),
        (complaint("no", code=500), None),
    ],
)
def test_results_prove_a_kind_and_errors_none(body: object, kind: Kind | None) -> None:
    assert look(said(200, body)).proves == kind


@pytest.mark.parametrize(
    ("headers", "date"),
    [
        ({"deprecation": "2099-12-31T23:59:59Z"}, datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ({"deprecation": "@1798761599"}, datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ({"sunset": "Thu, 31 Dec 2026 23:59:59 GMT"}, datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC)),
        ({"deprecation": "true", "sunset": "2027-01-01"}, datetime(2027, 1, 1, tzinfo=UTC)),
        ({"deprecation": "@99999999999999999999", "sunset": "soon"}, None),
    ],
)
def test_an_announced_end_is_read_from_headers(headers: dict[str, str], date: datetime | None) -> None:
    assert look(said(200, generated(message={"content": "a"}), headers)).retires_at == date


def test_the_date_of_an_end_of_life_answer_is_kept() -> None:
    assert look(said(410, detail(ENDED))).retires_at == datetime(2026, 5, 14, tzinfo=UTC)


@pytest.mark.parametrize(
    ("exchange", "text"),
    [
        (said(500, complaint("It broke\n\x00here")), "It broke here"),
        (said(500, detail("Upstream request failed.", title="Bad Gateway")), "Upstream request failed."),
        (
            said(502, "<html><head><title>502 Bad Gateway</title></head></html>"),
            "a web page: 502 Bad Gateway",
        ),
        (said(422, FASTAPI), "body.frequency: field required"),
        (said(404, detail(NOT_FOUND_FOR)), "Function '5f2a': Not found for account '<id>'"),
        (said(402, detail(EXPIRED)), EXPIRED.replace("'X'", "'<id>'")),
        (said(500, "plain words"), "plain words"),
        (said(500, {"error": {"message": "\ud800 odd"}}), "odd"),
        (said(500, ""), None),
        (said(200, generated(message={"content": "a"})), None),
        (Exchange(failure=Failure.DNS), "the host name cannot be resolved"),
    ],
)
def test_the_detail_is_the_providers_most_telling_text(exchange: Exchange, text: str | None) -> None:
    assert look(exchange).detail == text


@pytest.mark.parametrize("status", [200, 401, 403, 404, 429, 500])
@pytest.mark.parametrize(
    "body", [complaint(f"bad key {KEY}"), f"key {KEY}", detail(KEY), {"detail": [{"loc": [KEY]}]}]
)
def test_the_key_is_never_in_a_detail(status: int, body: object) -> None:
    assert KEY not in repr(look(said(status, body)))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "error",
                    "choices",
                    "message",
                    "detail",
                    "code",
                    "status",
                    "data",
                    "loc",
                    "object",
                    "content",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
BODIES = (
    st.text(max_size=200)
    | JSON.map(json.dumps)
    | st.sampled_from([PAGE, "[" * 60_000, "9" * 6000, "data:\n" * 99])
)
NAMES = st.sampled_from(
    ["content-type", "retry-after", "retry-after-ms", "deprecation", "sunset", "nvcf-status"]
)


EXCHANGES = st.builds(
    Exchange,
    http_status=st.none() | st.integers(100, 999),
    body=BODIES,
    headers=st.dictionaries(NAMES, st.text(max_size=40)),
    failure=st.none() | st.sampled_from(Failure),
    truncated=st.booleans(),
)


@given(exchange=EXCHANGES, asked=st.sampled_from(Route), model=st.text(max_size=10))
def test_no_answer_can_break_the_classification(exchange: Exchange, asked: Route, model: str) -> None:
    found = look(exchange, asked, model=model)
    assert found.detail is None or found.detail.isprintable()
    assert found.outcome != UP or exchange.http_status in range(200, 300)
