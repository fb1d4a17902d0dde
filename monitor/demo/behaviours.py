"""How a model of the simulated provider can behave: one table from name to answers.

A behaviour may carry an argument after a colon (`retiring:2027-01-15T00:00:00Z`), and `hang>ok` behaves
one way when first asked and the other way afterwards.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from monitor.demo.answers import (
    ACCOUNT,
    HTML,
    PAGE_NOT_FOUND,
    PLAIN,
    CannedAnswer,
    WireFault,
    as_json,
    chat,
    completion,
    embedding,
    moderation,
    openai_error,
    problem,
    reranking,
    response,
)

Body = Mapping[str, object]

CHAT, COMPLETIONS, EMBEDDINGS, METADATA = "chat/completions", "completions", "embeddings", "models"
RESPONSES, RERANK, MODERATIONS = "responses", "rerank", "moderations"
ENDPOINTS = frozenset({CHAT, COMPLETIONS, EMBEDDINGS, RESPONSES, RERANK, MODERATIONS})
# the gateway's sentence (provider facts 2.3)
END_OF_LIFE = "The model '<model>' has reached its end of life on <argument> and is no longer available."


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What each endpoint answers; an endpoint without an answer does not know the model.

    `objects` looks at the request's body and says whether `objection` is answered instead.
    """

    chat: CannedAnswer | None = None
    completions: CannedAnswer | None = None
    embeddings: CannedAnswer | None = None
    responses: CannedAnswer | None = None
    rerank: CannedAnswer | None = None
    moderations: CannedAnswer | None = None
    metadata: CannedAnswer | None = None
    objects: Callable[[Body], bool] | None = None
    objection: CannedAnswer = PAGE_NOT_FOUND

    def answer(self, endpoint: str, body: Body) -> CannedAnswer:
        """Return what `endpoint` says to this body."""
        # `chat/completions` is the field `chat`
        answer: CannedAnswer | None = getattr(self, endpoint.partition("/")[0])
        if answer is None:
            return PAGE_NOT_FOUND
        return self.objection if self.objects and self.objects(body) else answer


_OK = chat("Hello!")


def _has_system(body: Body) -> bool:
    messages = body.get("messages")
    return isinstance(messages, list) and any(
        isinstance(message, dict) and message.get("role") == "system" for message in messages
    )


def _asks_too_little(body: Body) -> bool:
    tokens = body.get("max_tokens")
    return isinstance(tokens, int) and tokens < 16  # noqa: PLR2004


def _wants(word: str, complaint: str) -> Behaviour:
    """Object until a request holds this word anywhere, as a name or a value."""
    objection = openai_error(400, complaint, "invalid_request_error")
    return Behaviour(chat=_OK, objects=lambda body: f'"{word}"' not in json.dumps(body), objection=objection)


def _same(answer: CannedAnswer) -> Behaviour:
    return Behaviour(chat=answer, completions=answer, embeddings=answer, metadata=answer)


def _plain_error(message: str) -> CannedAnswer:
    return as_json({"object": "error", "message": message, "code": 400}, 400)


_NOT_FOR_ACCOUNT = problem(404, "Not Found", f"Function '<uuid>': Not found for account '{ACCOUNT}'")
_PAUSED = "This endpoint is paused for maintenance. Please use another model."
_TOO_SMALL = "Invalid 'max_tokens': integer below minimum value. Expected a value >= 16, but got 8 instead."
_SATURATED = "ResourceExhausted: Worker local total request limit reached (16/16)"
_QUOTA = "You exceeded your current quota, please check your plan and billing details."

_ON_CHAT: Mapping[str, CannedAnswer] = {
    # answers
    "ok": _OK,
    "ok_reasoning": chat("", finish="length", reasoning="The user greets me, so I"),
    "served_as": replace(_OK, body=_OK.body.replace("<model>", "<argument>")),
    "slow": CannedAnswer(200, _OK.body, slowness=8.0),
    "retiring": _OK.with_headers(Deprecation="<argument>"),
    "sunset": _OK.with_headers(Sunset="<argument>"),
    # busy
    "too_many_requests": problem(429, "Too Many Requests"),
    "too_many_requests_wait": problem(429, "Too Many Requests").with_headers(Retry_After="<argument>"),
    "saturated": openai_error(503, _SATURATED, "service_unavailable"),
    "overloaded": openai_error(529, "Overloaded", "overloaded_error"),
    "queued": CannedAnswer(202, headers={"NVCF-REQID": "<uuid>", "NVCF-STATUS": "pending-evaluation"}),
    # not there
    "not_for_account": _NOT_FOR_ACCOUNT,
    "not_found": openai_error(
        404, "The model `<model>` does not exist", "invalid_request_error", "model_not_found"
    ),
    "not_shared": problem(403, "Forbidden", f"Function '<uuid>':  Not shared with the account '{ACCOUNT}'"),
    # broken
    "degraded": problem(400, "Bad Request", "Function id '<uuid>': DEGRADED function cannot be invoked"),
    "server_error": problem(500, "Internal Server Error", "Inference error", "about:blank"),
    "bad_gateway": problem(502, "Bad Gateway", "Upstream request failed.", "about:blank"),
    "unavailable": CannedAnswer(503, "upstream connect error", PLAIN),
    "no_capacity": CannedAnswer(504, headers={"nvcf-status": "errored", "nvcf-reqid": "<uuid>"}),
    "error_under_200": openai_error(200, "Internal error while generating", "server_error", "500"),
    "html": HTML,
    "empty": CannedAnswer(200),
    "no_choices": as_json({"object": "chat.completion", "model": "<model>", "choices": []}),
    # another request wanted, or no explanation
    "container_validation": problem(
        400,
        "Bad Request",
        "[{'type': 'less_than_equal', 'loc': ('body', 'max_tokens'), 'msg': 'too large'}]",
        "urn:inference-service:problem-details:bad-request",
    ),
    "needs_image": _plain_error("Content cannot be a plain string"),
    "bad_request": as_json({"detail": "Bad Request"}, 400),
    "unprocessable": as_json(
        {"detail": [{"loc": ["body", "input"], "msg": "field required", "type": "missing"}]}, 422
    ),
    # the asker's own trouble
    "no_authorization": CannedAnswer(401, "Unauthorized access", PLAIN),
    "key_rejected": problem(403, "Forbidden", "Authorization failed"),
    "payment_required": problem(402, "Payment Required", f"Account '{ACCOUNT}': Cloud credits expired"),
    "quota_exhausted": openai_error(429, _QUOTA, "insufficient_quota", "insufficient_quota"),
    # wire faults
    **{fault.value: CannedAnswer(200, _OK.body, fault=fault) for fault in WireFault},
}
BEHAVIOURS: Mapping[str, Behaviour] = {
    **{name: Behaviour(chat=answer) for name, answer in _ON_CHAT.items()},
    # answers to some requests
    "embedding": Behaviour(
        embeddings=embedding(),
        objects=lambda body: "input_type" not in body,
        objection=_plain_error("'input_type' parameter is required"),
    ),
    "embedding_plain": Behaviour(embeddings=embedding()),
    "completions_only": Behaviour(completions=completion()),
    "no_system": Behaviour(
        chat=_OK, objects=_has_system, objection=_plain_error("System role not supported")
    ),
    "sixteen_tokens": Behaviour(
        chat=_OK,
        objects=_asks_too_little,
        objection=openai_error(400, _TOO_SMALL, "invalid_request_error", "integer_below_min_value"),
    ),
    "wants_completion_tokens": _wants(
        "max_completion_tokens",
        "Unsupported parameter: 'max_tokens' is not supported with this model."
        " Use 'max_completion_tokens' instead.",
    ),
    "wants_image": _wants("image_url", "An image is required: messages must contain at least one image_url."),
    "wants_tools": _wants("tools", "Content cannot be a plain string"),
    "wants_system": _wants("system", "The request must include a system message with a policy."),
    "wants_turn": _wants("assistant", "Conversation roles must alternate user/assistant/user/assistant/..."),
    "wants_temperature": _wants("temperature", "temperature is required and must be 1 for this model"),
    "wants_no_thinking": _wants("chat_template_kwargs", "thinking must be disabled for this endpoint"),
    # answers elsewhere
    "responses_only": Behaviour(
        chat=openai_error(
            404,
            "This model is only supported in v1/responses and not in v1/chat/completions.",
            "invalid_request_error",
        ),
        responses=response(),
    ),
    "reranking": Behaviour(rerank=reranking()),
    "moderation": Behaviour(moderations=moderation()),
    "embedding_not_for_account": Behaviour(embeddings=_NOT_FOR_ACCOUNT),
    # not there
    "not_on_chat": Behaviour(),
    "end_of_life": _same(problem(410, "Gone", END_OF_LIFE, "about:blank")),
    # three hours, as the gateway asks for where a model is switched off
    "switched_off": _same(
        problem(503, "Service Unavailable", _PAUSED, "about:blank").with_headers(Retry_After="10800")
    ),
}


def split_name(behaviour: str, requests_before: int) -> tuple[str, str]:
    """Return name and argument of what a behaviour means when asked for the n-th time, counted from 0."""
    ways = behaviour.split(">")
    name, _, argument = ways[min(requests_before, len(ways) - 1)].partition(":")
    return name, argument


def check_name(behaviour: str) -> None:
    """Raise KeyError when a behaviour, or one of its ways, is not in the table."""
    for place in range(behaviour.count(">") + 1):  # a misspelt name fails when the world is made
        _ = BEHAVIOURS[split_name(behaviour, place)[0]]
