"""How providers and gateways answered in public: one small catalog each, and what a sweep must make of it.

The bodies carry the words of docs/provider-facts.md and of the servers themselves; names are replaced.
Beside each subject there are models that answer, so that its trouble is its own unless everybody shares it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from monitor.demo.answers import PLAIN, CannedAnswer, as_json
from monitor.demo.behaviours import Body
from tests.support import scripted as s

CHAT, EMBED, COMPLETE, RESPOND, RERANK = (
    "chat/completions", "embeddings", "completions", "responses", "rerank",
)  # fmt: skip
GENERATING = (CHAT, COMPLETE, RESPOND)
EVERYWHERE = (*GENERATING, EMBED, RERANK)
UP, LIMITED, DOWN, UNCLEAR = "available", "rate_limited", "unavailable", "unknown"
SUBJECT = "a/subject"
OTHERS = tuple(f"z/answers-{number}" for number in range(6))


@dataclass(frozen=True, kw_only=True)
class ProviderCase:
    """`says` is what the subject's endpoints say in each sweep, the last again and again for `sweeps` sweeps.

    `everyone` says it of every model. `outcome` and `reason` are the last sweep's observation, `cause` is why
    that sweep is inconclusive, `status` what the subject is believed to be in the end; None is not looked at.
    """

    says: tuple[Mapping[str, s.Says], ...]
    outcome: str
    reason: str | None
    kind: str | None = None
    sweeps: int = 1
    everyone: bool = False
    cause: str | None = None
    status: str | None = None
    subject: str = SUBJECT
    row: Mapping[str, object] = field(default_factory=dict)
    served_as: str | None = None

    def world(self, sweep: int) -> s.ScriptedWorld:
        """Return the provider as it is in one sweep, counted from 0."""
        says = self.says[min(sweep, len(self.says) - 1)]
        is_alike = self.everyone and sweep >= len(self.says) - 1
        others = {model: says if is_alike else {CHAT: s.OK} for model in OTHERS}
        return s.scripted({self.subject: says, **others}, row_of={self.subject: self.row})


def error(message: str, status: int, **more: object) -> CannedAnswer:
    """Refuse as OpenAI's clients expect it; `more` are further fields of the error."""
    return s.complaint(message, status, **more)


def on(*endpoints: str) -> Callable[[CannedAnswer], Mapping[str, s.Says]]:
    """Let several endpoints say the same."""
    return lambda answer: dict.fromkeys(endpoints, answer)


def refused(answer: CannedAnswer, outcome: str, reason: str, **more: object) -> ProviderCase:
    """Return a case in which every endpoint says one thing, from the first sweep on."""
    case = ProviderCase(says=(on(*EVERYWHERE)(answer),), outcome=outcome, reason=reason)
    return replace(case, **more)  # type: ignore[arg-type]


def turned(
    answer: s.Says, outcome: str, reason: str | None, *, sweeps: int = 2, **more: object
) -> ProviderCase:
    """Return a case in which the subject answered before, and then says something else on its endpoint."""
    says = ({CHAT: s.OK}, {CHAT: answer})
    case = ProviderCase(says=says, outcome=outcome, reason=reason, sweeps=sweeps)
    return replace(case, **more)  # type: ignore[arg-type]


def stream(*lines: str) -> CannedAnswer:
    """CannedAnswer with an event stream nobody asked for."""
    return CannedAnswer(200, "".join(f"{line}\n" for line in lines), "text/event-stream; charset=utf-8")


def event(**fields: object) -> str:
    """Return one line of a stream that holds a chunk of a generation."""
    return f"data: {json.dumps({'object': 'chat.completion.chunk', **fields})}"


def said(content: str, finish: str | None = "stop", **more: object) -> CannedAnswer:
    """CannedAnswer with one choice; `more` are further fields of the document."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": finish}
    return as_json({"object": "chat.completion", "choices": [choice], **more})


def with_room(body: Body) -> CannedAnswer:
    """Say nothing in few tokens, and something in many."""
    limit = body.get("max_tokens") or body.get("max_completion_tokens")
    enough = not isinstance(limit, int) or limit >= 200
    return said("Hello") if enough else said("")


def unless_streamed_off(body: Body) -> CannedAnswer:
    """Refuse a request that names `stream` at all."""
    if "stream" in body and body["stream"] is False:
        return error("Unrecognized request argument supplied: stream", 400, type="invalid_request_error")
    return said("Hello")


CHUNK = event(choices=[{"index": 0, "delta": {"content": "Hel"}, "finish_reason": None}])
NO_CHOICE = event(choices=[], prompt_filter_results=[{"prompt_index": 0, "content_filter_results": {}}])
COOLDOWN = error(
    "No deployments available for selected model, Try again in 5 seconds. Passed model=a/subject. "
    "pre-call-checks=False, cooldown_list=['4f2e']",
    429,
    type="None",
    code="429",
).with_headers(Retry_After="0.05")
HIDDEN_404 = error(
    "litellm.NotFoundError: NotFoundError: OpenAIException - Error code: 404 - {'detail': 'Not Found'}. "
    "Received Model Group=a/subject\nAvailable Model Group Fallbacks=None",
    404,
    type=None,
    code="404",
)
FIREWALL = CannedAnswer(
    403,
    "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Blocked</body></html>",
    "text/html",
)
NOTHING_HERE = as_json({"error": "Unexpected endpoint or method. (POST /v1/x)"})
HUGE_WAIT = CannedAnswer(
    429, json.dumps({"status": 429, "title": "Too Many Requests"}), headers={"Retry-After": "1438"}
)

CASES: Mapping[str, ProviderCase] = {
    # ---- no such model
    "deepseek: model not exist": refused(
        error("Model Not Exist", 400, type="invalid_request_error", code="invalid_request_error"),
        DOWN,
        "not_found",
    ),
    "mistral: invalid model": refused(
        as_json(
            {"object": "error", "message": "Invalid model: subject", "type": "invalid_model", "code": "1500"},
            400,
        ),
        DOWN,
        "not_found",
    ),
    "gemini: not found for version": refused(
        as_json(
            [
                {
                    "error": {
                        "code": 404,
                        "message": "models/subject is not found for API version v1main, or is not "
                        "supported for "
                        "generateContent. Call ListModels to see the list of available models and their "
                        "supported methods.",
                        "status": "NOT_FOUND",
                    }
                }
            ],
            404,
        ),
        DOWN,
        "not_found",
    ),
    "portkey: inner error": refused(
        as_json(
            {
                "error": {
                    "message": "openai error: The model `subject` does not exist or you do not have "
                    "access to it.",
                    "type": "invalid_request_error",
                    "param": None,
                    "code": "model_not_found",
                },
                "provider": "openai",
            },
            404,
        ),
        DOWN,
        "not_found",
    ),
    # ---- there, but not for this account
    "together: needs a dedicated endpoint": refused(
        error(
            "Unable to access non-serverless model a/subject. Please create and start a new dedicated "
            "endpoint "
            "for the model.",
            400,
            type="invalid_request_error",
            code="model_not_available",
        ),
        DOWN,
        "not_for_account",
    ),
    "groq: terms": refused(
        error(
            "The model `subject` requires terms acceptance. Please have the org admin accept the terms",
            400,
            type="invalid_request_error",
            code="model_terms_required",
        ),
        DOWN,
        "not_for_account",
    ),
    "huggingface: no enabled provider": refused(
        error(
            "The requested model 'a/subject' is not supported by any provider you have enabled.",
            400,
            type="invalid_request_error",
            param="model",
            code="model_not_supported",
        ),
        DOWN,
        "not_for_account",
    ),
    "openai: verified organization": refused(
        error(
            "Your organization must be verified to use the model `subject`.",
            404,
            type="invalid_request_error",
            code="model_not_found",
        ),
        DOWN,
        "not_for_account",
    ),
    "groq: blocked for the project": refused(
        error(
            "The model `subject` is blocked at the project level. Please have a project admin enable "
            "this model",
            403,
            type="permissions_error",
            code="model_permission_blocked_project",
        ),
        DOWN,
        "not_for_account",
    ),
    # ---- retired
    "groq: decommissioned": refused(
        error(
            "The model `subject` has been decommissioned and is no longer supported.",
            400,
            type="invalid_request_error",
            code="model_decommissioned",
        ),
        DOWN,
        "end_of_life",
    ),
    # ---- on another endpoint
    "llama-server: 501": ProviderCase(
        says=(
            {
                **on(*GENERATING)(
                    error("This server does not support completions", 501, type="not_supported_error")
                ),
                EMBED: s.VECTOR,
            },
        ),
        outcome=UP,
        reason="ok",
        kind="embeddings",
    ),
    "vllm: no chat template": ProviderCase(
        says=(
            {
                CHAT: as_json(
                    {
                        "object": "error",
                        "message": "As of transformers v4.44, default chat template is no longer "
                        "allowed, so you "
                        "must provide a chat template if the tokenizer does not define one.",
                        "type": "BadRequestError",
                        "code": 400,
                    },
                    400,
                ),
                COMPLETE: s.TEXT,
            },
        ),
        outcome=UP,
        reason="ok",
        kind="completions",
    ),
    "mlflow: not a chat endpoint": ProviderCase(
        says=(
            {
                CHAT: as_json({"detail": "Endpoint 'subject' is not a chat endpoint."}, 400),
                EMBED: s.VECTOR,
            },
        ),
        outcome=UP,
        reason="ok",
        kind="embeddings",
    ),
    "litellm: a hidden bare 404": ProviderCase(
        says=({CHAT: HIDDEN_404, EMBED: s.VECTOR},), outcome=UP, reason="ok", kind="embeddings"
    ),
    "litellm: hosted_vllm's bare 404": ProviderCase(
        says=(
            {
                CHAT: error(
                    'litellm.NotFoundError: NotFoundError: Hosted_vllmException - {"detail":"Not Found"}. '
                    "Received Model Group=a/subject\nAvailable Model Group Fallbacks=None",
                    404,
                    type=None,
                    code="404",
                ),
                EMBED: s.VECTOR,
            },
        ),
        outcome=UP,
        reason="ok",
        kind="embeddings",
    ),
    "litellm: a cooldown is waited out": ProviderCase(
        says=({CHAT: HIDDEN_404, EMBED: [COOLDOWN, s.VECTOR, s.VECTOR]},),
        outcome=UP,
        reason="ok",
        kind="embeddings",
    ),
    # ---- money
    "xai: spending limit of one model": turned(
        as_json(
            {
                "code": "Some resource has been exhausted",
                "error": "Your team has either used all available credits or reached its monthly "
                "spending limit.",
            },
            429,
        ),
        DOWN,
        "not_for_account",
    ),
    "xai: spending limit": turned(
        as_json(
            {
                "code": "Some resource has been exhausted",
                "error": "Your team has either used all available credits or reached its monthly "
                "spending limit.",
            },
            429,
        ),
        UNCLEAR,
        None,
        everyone=True,
        cause="quota",
        status="available",
    ),
    "litellm: the code is stripped": turned(
        error(
            "litellm.RateLimitError: RateLimitError: OpenAIException - You exceeded your current quota, "
            "please "
            "check your plan and billing details.",
            429,
            type="None",
            code="429",
        ),
        UNCLEAR,
        None,
        everyone=True,
        cause="quota",
        status="available",
    ),
    "openrouter: key limit": turned(
        error("Key limit exceeded (total limit). Manage it in the settings", 403, code=403),
        UNCLEAR,
        None,
        everyone=True,
        cause="quota",
        status="available",
    ),
    "fireworks: suspended": turned(
        error("Account example is suspended, possibly due to reaching the monthly spending limit", 412),
        UNCLEAR,
        None,
        everyone=True,
        cause="quota",
        status="available",
    ),
    # ---- limits
    "groq: tokens per day of one model": turned(
        error(
            "Rate limit reached for model `subject` in organization `org_0` service tier `on_demand` on "
            "tokens per "
            "day (TPD): Limit 100000, Used 99950, Requested 120. Please try again in 59m8s.",
            429,
            type="tokens",
            code="rate_limit_exceeded",
        ),
        LIMITED,
        "model_quota",
        status="available",
    ),
    "gemini: per day and model": turned(
        as_json(
            [
                {
                    "error": {
                        "code": 429,
                        "message": "You exceeded your current quota. Please retry in 41.9s.",
                        "status": "RESOURCE_EXHAUSTED",
                        "details": [
                            {
                                "@type": "type.googleapis.com/google.rpc.QuotaFailure",
                                "violations": [
                                    {
                                        "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier",
                                        "quotaValue": "50",
                                    }
                                ],
                            }
                        ],
                    }
                }
            ],
            429,
        ),
        LIMITED,
        "model_quota",
        status="available",
    ),
    "nvidia: one model asks for 24 minutes": turned(
        HUGE_WAIT, LIMITED, "too_many_requests", status="available"
    ),
    "groq: five hours without a header": turned(
        error("Rate limit reached. Please try again in 5 hours.", 429, code="rate_limit_exceeded"),
        LIMITED,
        None,
        status="available",
    ),
    "everybody is limited": turned(
        error("Too many requests", 429, code="rate_limit_exceeded"),
        LIMITED,
        None,
        everyone=True,
        cause="quota",
        status="available",
    ),
    # ---- nobody's fault but the network's
    "a firewall's page under 403": turned(
        FIREWALL, UNCLEAR, None, everyone=True, cause="provider_outage", status="available"
    ),
    # ---- numbers inside
    "optillm: a 404 under 500": refused(
        as_json(
            {
                "error": "Error code: 404 - {'error': {'message': 'The model `subject` does not exist', "
                "'type': "
                "'invalid_request_error', 'code': 'model_not_found'}}"
            },
            500,
        ),
        DOWN,
        "not_found",
    ),
    "optillm: a 401 under 500": turned(
        as_json({"error": "Error code: 401 - {'error': {'message': 'Incorrect API key provided'}}"}, 500),
        UNCLEAR,
        None,
        everyone=True,
        cause="credential",
        status="available",
    ),
    "optillm: a 429 under 500": turned(
        as_json({"error": "Error code: 429 - {'error': {'message': 'Rate limit reached'}}"}, 500),
        LIMITED,
        "too_many_requests",
        status="available",
    ),
    "an inner status nobody knows": turned(
        as_json({"status": "449", "msg": "You exceeded your current rate limit", "body": None}),
        LIMITED,
        "too_many_requests",
        status="available",
    ),
    # ---- shapes
    "an empty choice with an error word": turned(said("", "network_error"), DOWN, None),
    "finish_reason error": turned(said("", "error"), DOWN, None),
    "optillm: an error sentence without tokens": turned(
        said(
            "Error code: 500 - {'error': {'message': 'backend is down'}}",
            usage={"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
        ),
        DOWN,
        None,
    ),
    "nemo: sixteen tokens say nothing": ProviderCase(
        says=({CHAT: with_room},), outcome=UP, reason="ok", kind="chat"
    ),
    "azure: the first event has no choice": ProviderCase(
        says=({CHAT: stream(NO_CHOICE, "", CHUNK, "", "data: [DONE]")},), outcome=UP, reason="ok", kind="chat"
    ),
    "a comment keeps the stream alive": ProviderCase(
        says=({CHAT: stream(": OPENROUTER PROCESSING", "", CHUNK, "", "data: [DONE]")},),
        outcome=UP,
        reason="ok",
        kind="chat",
    ),
    "a blank event comes first": ProviderCase(
        says=({CHAT: stream("data: ", "", CHUNK, "", "data: [DONE]")},), outcome=UP, reason="ok", kind="chat"
    ),
    "a stream of no choice at all": turned(stream(NO_CHOICE, "", "data: [DONE]"), DOWN, "invalid_answer"),
    "a stream that ends in an error": turned(
        stream(NO_CHOICE, "", 'data: {"error": {"message": "overloaded", "code": 503}}'), LIMITED, "saturated"
    ),
    "an object and a line behind it": ProviderCase(
        says=({CHAT: CannedAnswer(200, said("Hello").body + "\n\ndata: [DONE]\n", "application/json")},),
        outcome=UP,
        reason="ok",
        kind="chat",
    ),
    "stream is refused": ProviderCase(
        says=({CHAT: unless_streamed_off},), outcome=UP, reason="ok", kind="chat"
    ),
    # ---- catalogs
    "vllm: a relative path": ProviderCase(
        says=({CHAT: s.OK},), outcome=UP, reason="ok", kind="chat", subject="models/subject"
    ),
    "infinity: able to embed": ProviderCase(
        says=({EMBED: s.VECTOR, CHAT: error("x", 500)},),
        outcome=UP,
        reason="ok",
        kind="embeddings",
        row={"capabilities": ["embed"]},
    ),
    # ---- who answered
    "litellm: a fallback answered": turned(
        said("Hello", model="b/other").with_headers(x_litellm_attempted_fallbacks="1"), DOWN, "fallback"
    ),
    "openai: an alias": ProviderCase(
        says=({CHAT: said("Hello", model="subject-2024-08-06")},),
        outcome=UP,
        reason="ok",
        kind="chat",
        served_as="subject-2024-08-06",
    ),
    # ---- other servers and envelopes
    "lm studio: 200 where nothing is": ProviderCase(
        says=({**on(CHAT, COMPLETE, RESPOND, RERANK)(NOTHING_HERE), EMBED: s.VECTOR},),
        outcome=UP,
        reason="ok",
        kind="embeddings",
    ),
    "sglang: a ranking stands alone": ProviderCase(
        says=(
            {
                **on(*GENERATING)(as_json({"detail": "Not Found"}, 404)),
                EMBED: as_json(
                    {
                        "object": "error",
                        "message": "This model does not appear to be an embedding model by default.",
                        "type": "BadRequestError",
                    },
                    400,
                ),
                RERANK: as_json([{"score": 0.9, "document": "b", "index": 0}]),
            },
        ),
        outcome=UP,
        reason="ok",
        kind="rerank",
    ),
    "a generation in an envelope": ProviderCase(
        says=({CHAT: as_json({"code": 0, "msg": "success", "data": json.loads(said("Hello").body)})},),
        outcome=UP,
        reason="ok",
        kind="chat",
    ),
    "openrouter: flagged": turned(
        error("a/subject requires moderation. Your input was flagged", 403, code=403),
        UNCLEAR,
        "bad_request",
        sweeps=3,
        status="available",
    ),
    "openai: a hint at a payment method": turned(
        error(
            "Rate limit reached for subject on requests per min (RPM): Limit 3, Used 3, Requested 1. You can "
            "increase your rate limit by adding a payment method to your account",
            429,
            type="requests",
            code="rate_limit_exceeded",
        ),
        LIMITED,
        "too_many_requests",
        status="available",
    ),
    "zai: a plan without the model": turned(
        error("当前订阅套餐暂未开放GLM-5权限", 429, code="1311"), DOWN, "not_for_account"
    ),
    "anthropic: the organization is disabled": turned(
        error("This organization has been disabled.", 400, type="invalid_request_error"),
        UNCLEAR,
        None,
        everyone=True,
        cause="credential",
        status="available",
    ),
    # ---- wordings nobody foresaw
    "no clear answer for long": turned(
        error("The stars are not aligned", 400), UNCLEAR, "bad_request", sweeps=5, status="unavailable"
    ),
    "loading": turned(
        error("Loading model", 503, type="unavailable_error", code=503), LIMITED, None, status="available"
    ),
    "a plain page not found": refused(
        CannedAnswer(404, "404 page not found\n", PLAIN), UNCLEAR, "no_endpoint"
    ),
}
