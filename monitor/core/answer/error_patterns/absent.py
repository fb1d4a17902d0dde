"""Words of a model that is not there: never was, retired, withdrawn; and of an address that is not there."""

from monitor.core.answer.error_patterns.pattern import ErrorPatterns

_AZURE = "https://learn.microsoft.com/azure/ai-services/openai/"
_COHERE = "https://docs.cohere.com/docs/deprecations"
_LM_STUDIO = "https://github.com/lmstudio-ai/lmstudio-bug-tracker/issues/618"
_OLLAMA = "ollama server/routes.go; infinity_server.py"
_OPENAI = "https://platform.openai.com/docs/guides/error-codes"
_SILICONFLOW = "https://docs.siliconflow.cn/en/faqs/error-code"
_ROW_15 = "provider facts 4, row 15"

# Nothing is said of the account though it is named: the id is not one that this key can ever call.
EITHER = ErrorPatterns(
    ("openai groq vertex litellm", r"(?:does not exist|not found),? or .{0,60}\baccess\b", _OPENAI),
    ("fireworks", r"not found, inaccessible", "https://github.com/warpdotdev/warp/issues/15107"),
)

_NO_NOUN = r"(?! (?:parameter|output|input|format|type|version|configuration|response|argument|provider))"
NO_SUCH_MODEL = ErrorPatterns(
    ("openai groq new-api", r"model_not_found", _OPENAI),
    (
        "openai lmdeploy siliconflow azure litellm",
        r"\b(?:model|deployment)\b.{0,200}?(?:does not|doesn't) exist",
        "lmdeploy/serve/openai/endpoints/common.py",
    ),
    ("deepseek dashscope litellm", r"model[ _]not[ _]exist", "https://api-docs.deepseek.com"),
    (
        "mistral kiro any",
        rf"\b(?:invalid|unknown|unrecognized|no[ _]such|nonexistent|unsupported|wrong)[ _-]model\b{_NO_NOUN}",
        "https://github.com/mistralai/mistral-vibe/issues/617",
    ),
    ("kiro", r"invalid_model_id", "https://github.com/decolua/9router/issues/1187"),
    ("litellm", r"invalid model name", "run: LiteLLM 1.108.7"),
    ("any", r"\bnot an? (?:supported|known|recognized|available|registered) model\b", _ROW_15),
    (
        "any",
        (
            r"\bmodel(?:[ _](?:identifier|id|name))? (?:[`'\"]?this[`'\"]? )?is ?"
            r"(?:invalid|unknown|unrecognized"
            r"|n[o']t (?:currently )?(?:valid|recognized|known|registered|served|deployed|hosted))\b"
        ),
        _ROW_15,
    ),
    ("any", r"\b(?:no|n[o']t have an?) model (?:named|called|with)\b", _ROW_15),
    ("any", r"\bbody model (?:input should be|value is not a valid enum)", "pydantic: enum, literal_error"),
    ("openrouter", r"not a valid model", "https://github.com/continuedev/continue/issues/10322"),
    ("openrouter", r"no endpoints found for", "https://openrouter.ai/docs/api-reference/errors"),
    ("ollama infinity vertex any", r"\bmodels?\b.{0,200}?\b(?:can)?not (?:be )?found", _OLLAMA),
    ("azure", r"(?:could not|couldn't|cannot|can't|unable to|failed to) find .{0,60}\bmodel\b", _AZURE),
    ("envoy-ai-gateway", r"\bmodel\b.{0,60}not configured", "https://github.com/envoyproxy/ai-gateway"),
    ("any", r"\bmodel[ _](?:is[ _])?(?:currently )?not[ _]available\b(?!.{0,40}\byour\b)", _ROW_15),
    (
        "any",
        (
            r"\bmodel [`'\"]?this[`'\"]? is ?(?:currently )?n[o']t available\b"
            r"(?! (?:for|in|on|with|via|at|when|if|to))"
        ),
        _ROW_15,
    ),
    ("any", r"\bno (?:\w+ )?(?:model|provider|deployment|backend)s? (?:was |were )?found\b", _ROW_15),
    ("any", r"\bmodel[ _]not[ _](?:deployed|served|registered)\b", _ROW_15),
    ("any", r"\binvalid (?:value for )?[`'\"]?model[`'\"]?: |not one of the \w+ models\b", _ROW_15),
    ("github", r"\bunavailable[ _]model\b", "https://github.com/github/gh-models/issues/65"),
    ("litellm", r"no 'model_name' with this model", "litellm/router.py"),
    ("new-api one-api", r"no available channel|无可用渠道", "one-api middleware/distributor.go"),
    (
        "github-copilot opencode any",
        r"\bmodel (?:`?this`? )?(?:is )?not supported\.?(?!\s?(?:by|for|in|on|with|via|at|when|if|param))",
        "https://github.com/decolua/9router/issues/470",
    ),
    ("kong", r"cannot use own model", "kong/llm/plugin/shared-filters/normalize-request.lua"),
    ("any", r"模型不存在|模型未找到|不存在的模型", "https://docs.bigmodel.cn/cn/api/api-code"),
)
ENDED = ErrorPatterns(
    ("nvidia", r"end[ -]of[ -]life", "NVIDIA/nvcf vanity-gateway"),
    ("bedrock", r"\bend of (?:its|their) life\b", "https://github.com/gsd-build/gsd-2/issues/5425"),
    ("groq", r"decommissioned", "https://console.groq.com/docs/deprecations"),
    ("any", r"\bretired\b|model_retired|end[ -]of[ -]support", "provider facts 4, row 10"),
    ("any", r"\breached (?:its )?eol\b", "provider facts 4, row 10"),
)

_GONE = r"(?:deprecated|removed|discontinued|sunset|shut ?down|withdrawn|superseded|taken offline)"
_NO_LONGER = r"no longer (?:being )?(?:available|supported|offered|served|hosted|exists?)(?! to new)"
_DISABLED = ("siliconflow", r"\bmodel (?:is |has been )?disabled\b(?! (?:in|for|by))", _SILICONFLOW)
DISABLED = ErrorPatterns(_DISABLED)
WITHDRAWN = ErrorPatterns(
    ("openai any", _NO_LONGER, _OPENAI),
    ("cohere any", rf"\b(?:been|is|was) {_GONE}", _COHERE),
    ("any", r"model_deprecated", "provider facts 4, row 11"),
    _DISABLED,
)
# Under other statuses than 404 the words must be of the model: parameters and API versions go, too.
MODEL_WITHDRAWN = ErrorPatterns(
    ("any", rf"\b(?:model|this)\b['\"`]?,? (?:\S+ ){{0,2}}?(?:is |are )?{_NO_LONGER}", _OPENAI),
    ("cohere any", rf"\b(?:model|this)\b['\"`]? (?:has been|is|was) {_GONE}", _COHERE),
    ("any", r"model_deprecated", "provider facts 4, row 11"),
    _DISABLED,
)

_WHAT = (
    r"(?:the )?(?:requested )?(?:page|file|path|route|url|uri|resource|(?:api )?endpoint|api|handler|method)"
)
_PATH = r"(?:(?:post |get )?/\S{0,200}\W*)?"
NO_PATH = ErrorPatterns(
    (
        "nvidia vllm infinity llama.cpp litellm any",
        rf"\A\W*(?:404\W*)?(?:{_WHAT} )?(?:was |is )?(?:(?:could |can ?)?not[ _](?:be )?found)?\W*\Z",
        "NVIDIA/nvcf vanity-gateway; every FastAPI; llama.cpp tools/server",
    ),
    (
        "any",
        rf"\A\W*{_WHAT} {_PATH}(?:does not exist|doesn't exist|(?:was |is )?not found)\W*{_PATH}\Z",
        "provider facts 4, row 12",
    ),
    ("lmstudio", r"unexpected endpoint or method", _LM_STUDIO),
    (
        "openai",
        r"unknown_url|(?:invalid|unknown|unrecognized|unsupported)(?: request)? (?:url|path|route|endpoint)",
        _OPENAI,
    ),
    ("xai", r"no handler found", "https://docs.x.ai/docs/guides/debugging"),
    ("any", r"\bcannot (?:post|get) /", "Express: finalhandler"),
    (
        "cloudflare any",
        r"no route (?:matched|matches|found|for)|\broute \S{0,9}/\S{0,200} not found",
        "Kong; Fastify",
    ),
    ("any", r"requested url .{0,200}was not found", "Werkzeug: NotFound"),
    ("any", r"nothing matches the given uri", "CPython: http.server"),
    ("any", r"the page could not be found", "Vercel"),
)

# What else a 404 may speak of: none of it says anything of a model.
OTHER_THING = ErrorPatterns(
    (
        "openai any",
        (
            r"\b(?:conversation|thread|file|vector store|batch|assistant|session|organi[sz]ation|project"
            r"|workspace|tenant|team|user|account)\b"
            r"[^.]{0,60}?\b(?:(?:was |is )?not found|(?:does not|doesn't) exist)"
        ),
        _OPENAI,
    ),
)
