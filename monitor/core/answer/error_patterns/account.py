"""Words about the asker: its key, where it is, and what its account may not call."""

from monitor.core.answer.error_patterns.pattern import ErrorPatterns

_ALIBABA = "https://www.alibabacloud.com/help/en/model-studio/error-code"
_ARK = "https://docs.byteplus.com/id/docs/ModelArk/1299023"
_BEDROCK = "https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html"
_COMMAND_CODE = "https://github.com/rashidrazak/opencode-cmd-provider/issues/175"
_FREE_LLM_API = "https://github.com/tashfeenahmed/freellmapi/issues/618"
_GATED = "https://huggingface.co/docs/hub/models-gated"
_NINE_ROUTER = "https://github.com/decolua/9router/issues/3477"
_PRIVACY = "https://openrouter.ai/docs/features/privacy-and-logging"
_ROUTING = "https://openrouter.ai/docs/features/provider-routing"
_WORKERS_AI = "https://developers.cloudflare.com/workers-ai/platform/errors/"
_ROW_7 = "provider facts 4, row 7"
_ROW_8 = "provider facts 4, row 8"

KEY = ErrorPatterns(
    ("nvidia", r"authorization failed", "NVIDIA/nvcf vanity-gateway"),
    ("gemini xai any", r"\bapi[ _-]?key", "https://ai.google.dev/gemini-api/docs/api-key"),
    ("litellm", r"no_db_connection", "run: LiteLLM 1.108.7"),
    ("any", r"\bauthentication (?:failed|required)|\bunauthenticated\b", _ROW_7),
    ("any", r"\binvalid (?:(?:access|auth|bearer) token|(?:authentication )?credentials)", _ROW_7),
    ("litellm", r"\bexpired[_ ]key", "litellm/proxy/_types.py: ProxyErrorTypes"),
    ("minimax", r"login fail", "https://platform.minimax.io/docs/api-reference/errorcode"),
    ("any", r"\bunauthori[sz]ed\b(?! model)", "provider facts 4, row 6"),
    (
        "anthropic groq",
        (
            r"\b(?:organi[sz]ation|account|project|workspace)\b (?:\w+ ){0,2}?"
            r"(?:disabled|restricted|suspended|deactivated|banned|terminated)\b"
        ),
        "https://github.com/anthropics/claude-code/issues/19028",
    ),
    ("new-api", r"未登录|无效的令牌|令牌已过期", "new-api i18n/locales"),
    ("portkey", r"x-portkey-\w+ header is required", "Portkey-AI/gateway requestValidator"),
)
KEY_MISSING = ErrorPatterns(
    ("litellm", r"no api key passed in|authentication error\b", "run: LiteLLM 1.108.7, no database"),
)
# Words about where the asker is: of all models, unless one that answers shows that they are not.
PLACE = ErrorPatterns(
    ("gemini", r"user location is not supported", "https://ai.google.dev/gemini-api/docs/available-regions"),
    ("openai", r"unsupported_country", "https://platform.openai.com/docs/supported-countries"),
)

_WHOSE = (
    r"(?:your|this|the current|our) (?:\w+ ){0,2}?"
    r"(?:account|organi[sz]ation|project|team|key|workspace|plan|tier|subscription|group)"
)
_MODEL = r"(?:the |this )?(?:\w+ )?(?:model|this)\b"
NOT_YOURS = ErrorPatterns(
    ("nvidia", r"not shared with|missing resource entry in api ?key", "NVIDIA/nvcf vanity-gateway"),
    ("ollama", r"requires a subscription|cloud is disabled", "ollama server/routes.go"),
    ("litellm any", r"not allowed to access|model_access_denied", "litellm/proxy/auth/auth_checks.py"),
    ("openai", r"must be verified to use", "https://help.openai.com/en/articles/10910291"),
    ("neon", r"verified account", _ROW_8),
    (
        "openai bedrock litellm any",
        rf"(?:not|n't) have (?:access|permissions?) (?:to|for|to use) {_MODEL}",
        _BEDROCK,
    ),
    ("new-api any", rf"\bno (?:access|permissions?) (?:to|for|to use) {_MODEL}", "new-api i18n/locales"),
    ("dashscope", r"model[ ._]?access[ _]?(?:is )?denied", _ALIBABA),
    ("any", rf"access to {_MODEL}.{{0,60}}(?:denied|restricted|not allowed|gated|forbidden)", _ROW_8),
    (
        "any",
        rf"not (?:authorized|permitted|entitled|eligible|allowed) to (?:access|use|invoke|call) {_MODEL}",
        _ROW_8,
    ),
    ("one-api", r"无权使用模型|无权访问", "one-api middleware/auth.go"),
    ("groq", r"terms[ _](?:acceptance|required)", "https://console.groq.com/docs/errors"),
    (
        "any",
        (
            r"\b(?:accept(?:ing|ance of)?|agree(?:ing)? to) (?:the |its |these |a )?(?:\w+ )?"
            r"(?:terms|licen[cs]e|agreement)"
        ),
        _ROW_8,
    ),
    ("any", r"\b(?:terms|licen[cs]e|agreement)\b.{0,40} accepted\b", _ROW_8),
    ("any", r"agree to share your contact", _GATED),
    ("cloudflare", r"not agreed to|model agreement", "https://developers.cloudflare.com/workers-ai"),
    ("huggingface", r"gated (?:repo|model)|awaiting a review", _GATED),
    ("groq", r"blocked at the (?:project|organi[sz]ation) level", "https://console.groq.com/docs/projects"),
    ("groq", r"model_permission_blocked", "https://console.groq.com/docs/projects"),
    ("together", r"non-serverless model", "https://github.com/HeyPuter/puter/issues/3168"),
    ("together", r"dedicated_endpoint_not_running", "https://github.com/HeyPuter/puter/issues/3168"),
    (
        "any",
        (
            r"(?:create|start|deploy|requires?|needs?|only|running) .{0,30}"
            r"dedicated (?:endpoint|deployment|instance)"
        ),
        "provider facts 4, row 14",
    ),
    ("any", r"not (?:available|deployed|supported) (?:on|as|for|in) serverless", "provider facts 4, row 14"),
    ("huggingface", r"any provider (?:that )?you have enabled", "https://github.com/cline/cline/issues/5098"),
    ("openrouter", r"matching your (?:\w+ ){0,3}(?:data policy|guardrail|restrictions|privacy)", _PRIVACY),
    ("openrouter", r"no allowed providers|all providers have been ignored", _ROUTING),
    (
        "github nous any",
        (
            r"not (?:available|supported|included|offered|enabled|allowed) (?:on|in|for|with|under|by) "
            r"(?:your|the|a|this) (?:\w+ ){0,2}(?:plan|tier|subscription)"
        ),
        "https://docs.github.com/en/github-models",
    ),
    ("nous", r"not_supported_on_free_tier", "https://portal.nousresearch.com"),
    (
        "any",
        (
            r"n[o']t (?:available|enabled|activated|allowed|accessible|permitted|provisioned) "
            rf"(?:on|in|for|to|with) {_WHOSE}"
        ),
        _ROW_8,
    ),
    (
        "any",
        r"(?:requires?|needs?) (?:an? )?(?:\w+ ){0,2}(?:plan|tier|subscription|account|license|membership)\b",
        _ROW_8,
    ),
    ("bedrock", r"marked by (?:the )?provider as legacy", "https://github.com/gsd-build/gsd-2/issues/5425"),
    ("any", r"(?:real-?name|identity) (?:verification|authentication)", _ROW_8),
    (
        "any",
        r"(?:cannot|can't|can not) (?:use|access) (?:this|the) (?:model|this) (?:with|on|under|in) your",
        _ROW_8,
    ),
    ("vertex", r"not servable in region", "https://github.com/NousResearch/hermes-agent/issues/32678"),
    ("github-copilot", r"not[ _]available[ _]for[ _]integrator", _NINE_ROUTER),
    ("volcengine", r"(?:not|n't) (?:yet )?(?:been )?activated (?:the |this )?(?:model|service)", _ARK),
    ("volcengine", r"accessing the model via model id is not allowed", _ARK),
    ("any", r"(?:not|n't) (?:been )?(?:granted|given) access to\b", _ROW_8),
    (
        "any",
        r"insufficient (?:permissions?|privileges?) (?:to|for) (?:use |access )?(?:the |this )?model\b",
        _ROW_8,
    ),
    (
        "any",
        (
            r"\brestricted to (?:\w+ ){0,3}?(?:users?|customers?|accounts?|subscribers?|members?|plans?"
            r"|tiers?)\b|\bfor (?:\w+ ){0,2}?(?:users?|customers?|subscribers?|members?) only\b"
        ),
        _ROW_8,
    ),
    (
        "any",
        (
            r"\b(?:users?|accounts?|customers?|keys?|plans?|tiers?) (?:cannot|can't|can not|may not) "
            rf"(?:access|use|call|invoke) {_MODEL}"
        ),
        _ROW_8,
    ),
    ("any", r"\bmodel (?:[`'\"]?this[`'\"]? )?is ?n[o']t (?:enabled|activated|allowed|permitted)\b", _ROW_8),
    ("any", r"\bdeploy (?:the|this) model\b|\b(?:model|this) is gated\b|requires premium access", _ROW_8),
    ("any", r"request access to\b|(?:requires?|needs?|pending|awaiting) approval", _ROW_8),
    ("any", r"(?:allow|white)-?listed\b|\bwait-?list|(?:private|limited|closed) (?:preview|beta)", _ROW_8),
    ("any", r"early access|invite[- ]only|\beula\b", _ROW_8),
    (
        "any",
        (
            r"only (?:available|accessible|open|offered) (?:to|for|on|in|with) (?:\S+ ){0,4}?"
            r"(?:users?|customers?|accounts?|plans?|tiers?|subscribers?|members?|organi[sz]ations?|subscriptions?)\b"
        ),
        _ROW_8,
    ),
    ("any", r"\bupgrade\b.{0,40} to (?:use|access|unlock)\b", _ROW_8),
    ("any", r"model[ _]not[ _](?:allowed|permitted|enabled|authorized)|unauthorized[ _]model", _ROW_8),
    ("any", r"provisioned throughput|(?:must|needs to|has to) be deployed", "provider facts 4, row 14"),
    ("any", r"\bprovider\b.{0,40}(?:is disabled|not enabled)", "provider facts 4, row 14"),
    ("any", r"(?:plan|tier)\b.{0,30}please upgrade", _FREE_LLM_API),
    ("sambanova", r"valid service tier", "https://docs.sambanova.ai"),
    ("dashscope", r"free tier of the model|freetieronly|product is not activated", _ALIBABA),
    ("databricks", r"endpoint is disabled|rate limit set to 0", "https://docs.databricks.com"),
    ("gemini", r"no longer available to new", "https://ai.google.dev/gemini-api/docs/deprecations"),
    ("bedrock", r"on-demand throughput (?:isn|is no)|use case details have not been submitted", _BEDROCK),
    (
        "any",
        (
            r"\b(?:model|this)\b.{0,60}(?:not (?:available|supported|offered)|unavailable|disabled|blocked) "
            r"in (?:your|this|the) (?:current )?(?:region|country|location)"
        ),
        _ROW_8,
    ),
    ("cloudflare any", r"account is not (?:allowed|authorized|entitled)", _WORKERS_AI),
)
# Words of a plan that lacks the model, whatever the status: they are no limit's.
NOT_IN_PLAN = ErrorPatterns(
    (
        "minimax volcengine any",
        (
            r"\b(?:plan|subscription|package|tier) (?:does ?n[o']t|do ?n[o']t|is ?n[o']t|not) "
            r"(?:yet |currently )?(?:support|include|have access|cover|permit|allow)"
            r"(?! (?:more|higher|over|that many|this many|\d))"
        ),
        "https://platform.minimax.io/docs",
    ),
    ("commandcode", r"not[ _]in[ _](?:your[ _])?plan\b", _COMMAND_CODE),
    ("volcengine", r"does not support the \w+ plan feature", _ARK),
    ("zai", r"(?:套餐|订阅).{0,20}未开放", "https://docs.bigmodel.cn/cn/api/api-code"),
)
NOT_OF_ACCOUNT = ErrorPatterns(
    ("nvidia", r"not found for account|specified function .{0,200}not found", "NVIDIA/nvcf vanity-gateway"),
)
