"""Words about the asker: its key, its money, and what its account may not call."""

from monitor.core.phrases.saying import Saying, joined

_OPENAI = "https://platform.openai.com/docs/guides/error-codes"
_ALIBABA = "https://www.alibabacloud.com/help/en/model-studio/error-code"
_ANTHROPIC = "https://docs.anthropic.com/en/api/errors"
_ROW_8 = "provider facts 4, row 8"
_ROW_9 = "provider facts 4, row 9"

KEY_ROWS = (
    Saying("nvidia", r"authorization failed", "NVIDIA/nvcf vanity-gateway"),
    Saying("gemini xai any", r"\bapi[ _-]?key", "https://ai.google.dev/gemini-api/docs/api-key"),
    Saying("litellm", r"no_db_connection", "run: LiteLLM 1.108.7"),
    Saying(
        "any",
        r"\bauthentication (?:failed|required)|\bunauthenticated\b"
        r"|\binvalid (?:(?:access|auth|bearer) token|credentials)",
        "provider facts 4, row 7",
    ),
    Saying("litellm", r"\bexpired[_ ]key", "litellm/proxy/_types.py: ProxyErrorTypes"),
    Saying("minimax", r"login fail", "https://platform.minimax.io/docs/api-reference/errorcode"),
    Saying("portkey", r"x-portkey-\w+ header is required", "Portkey-AI/gateway requestValidator"),
)
KEY_MISSING_ROWS = (
    Saying("litellm", r"no api key passed in|authentication error\b", "run: LiteLLM 1.108.7, no database"),
)
# Words about where the asker is: of everybody, unless a model that answers shows that they are not.
PLACE_ROWS = (
    Saying(
        "gemini", r"user location is not supported", "https://ai.google.dev/gemini-api/docs/available-regions"
    ),
    Saying("openai", r"unsupported_country", "https://platform.openai.com/docs/supported-countries"),
)

# Words that are about money whatever stands beside them.
NO_MONEY_ROWS = (
    Saying(
        "openai deepseek minimax zai moonshot new-api novita litellm",
        r"(?:insufficient|not[ _]enough)[ _](?:\w+[ _])?(?:quota|credits?|balance|funds)",
        _OPENAI,
    ),
    Saying(
        "nvidia gemini siliconflow any",
        r"\b(?:credits?|balance|funds)\b (?:\w+ ){0,3}?"
        r"(?:expired|exhausted|depleted|insufficient|too low|used up|not enough|negative)",
        "NVIDIA/nvcf; https://ai.google.dev/gemini-api/docs/billing",
    ),
    Saying("new-api", r"credit limit is insufficient", "new-api i18n/locales"),
    Saying(
        "new-api", r"quota is not enough|token_quota_failed|token quota is exhausted", "new-api i18n/locales"
    ),
    Saying("new-api one-api", r"额度不足|额度已用尽", "one-api model/token.go"),
    Saying("zai", r"余额不足|欠费", "https://docs.bigmodel.cn/cn/api/api-code"),
    Saying("sambanova cerebras", r"payment[ _]?(?:required|method)", _ROW_9),
    Saying(
        "openrouter",
        r"requires more credits|can only afford",
        "https://github.com/can1357/oh-my-pi/issues/9569",
    ),
    Saying("openrouter litellm", r"\bkey limit exceeded", "https://openrouter.ai/docs/api-reference/limits"),
    Saying(
        "xai any",
        r"used (?:up )?all (?:of )?(?:its |your |the )?(?:available |remaining )?credits",
        "https://github.com/continuedev/continue/issues/10373",
    ),
    Saying(
        "xai any",
        r"\bout of (?:credits?|funds|balance)\b|\bno (?:more |remaining )?(?:credits?|balance|funds)\b",
        "https://github.com/Wei-Shaw/sub2api/issues/4069",
    ),
    Saying(
        "xai fireworks openai litellm any",
        r"\bspend(?:ing)?[ _-](?:limit|cap)",
        "https://github.com/pollinations/pollinations/issues/12136",
    ),
    Saying("openai", r"billing[ _](?:hard[ _])?limit|billing_not_active|check your billing", _OPENAI),
    Saying("litellm", r"\bbudget[ _](?:has been )?exceeded", "https://docs.litellm.ai/docs/proxy/users"),
    Saying("huggingface", r"included credits", "https://huggingface.co/docs/inference-providers/pricing"),
    Saying("anthropic", r"billing[ _](?:error|issue)", _ANTHROPIC),
    Saying("anthropic", r"specified api usage limits|out of extra usage", _ANTHROPIC),
    Saying("dashscope", r"arrearage|in good standing", _ALIBABA),
    Saying("moonshot", r"exceeded_current_quota_error", "https://platform.moonshot.ai/docs/api/errors"),
    Saying("any", r"\bnon-?payment\b|\bpayment failed|\bcard (?:was |has been )?declined", _ROW_9),
    Saying(
        "any", r"billing (?:to be |is |has )?(?:not )?(?:been )?(?:enabled|disabled)|enable billing", _ROW_9
    ),
    Saying("any", r"\btrial (?:period )?(?:has )?(?:ended|expired)", _ROW_9),
    Saying("any", r"\b(?:cost|budget)[ _-](?:cap|limit)|exceeded .{0,20}budget\b", _ROW_9),
    Saying("any", r"(?:past|unpaid|overdue|outstanding)[ -](?:due|invoices?|payments?|balance)", _ROW_9),
)
# Words of money that some say of a mere limit, too: they count where nothing speaks of an amount.
PLAN_ROWS = (
    Saying("openai litellm moonshot", r"plan and billing|exceeded (?:your )?current quota", _OPENAI),
    Saying(
        "zai any", r"\b(?:please )?(?:recharge|top[ -]up)\b", "https://github.com/zai-org/GLM-5/issues/148"
    ),
    Saying("any", r"\badd (?:more )?credits\b|\b(?:purchase|buy) (?:more )?credits\b", _ROW_9),
)

_WHOSE = (
    r"(?:your|this|the current|our) (?:\w+ ){0,2}?"
    r"(?:account|organi[sz]ation|project|team|key|workspace|plan|tier|subscription|group)"
)
_MODEL = r"(?:the |this )?(?:\w+ )?(?:model|this)\b"
NOT_YOURS_ROWS = (
    Saying("nvidia", r"not shared with|missing resource entry in api ?key", "NVIDIA/nvcf vanity-gateway"),
    Saying("ollama", r"requires a subscription|cloud is disabled", "ollama server/routes.go"),
    Saying("litellm any", r"not allowed to access|model_access_denied", "litellm/proxy/auth/auth_checks.py"),
    Saying("openai", r"must be verified to use", "https://help.openai.com/en/articles/10910291"),
    Saying("neon", r"verified account", _ROW_8),
    Saying(
        "openai bedrock litellm any",
        rf"(?:not|n't) have (?:access|permissions?) (?:to|for|to use) {_MODEL}",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html",
    ),
    Saying(
        "new-api any", rf"\bno (?:access|permissions?) (?:to|for|to use) {_MODEL}", "new-api i18n/locales"
    ),
    Saying("dashscope", r"model[ ._]?access[ _]?(?:is )?denied", _ALIBABA),
    Saying("any", rf"access to {_MODEL}.{{0,60}}(?:denied|restricted|not allowed|gated|forbidden)", _ROW_8),
    Saying(
        "any",
        rf"not (?:authorized|permitted|entitled|eligible|allowed) to (?:access|use|invoke|call) {_MODEL}",
        _ROW_8,
    ),
    Saying("one-api", r"无权使用模型|无权访问", "one-api middleware/auth.go"),
    Saying("groq", r"terms[ _](?:acceptance|required)", "https://console.groq.com/docs/errors"),
    Saying("any", r"(?:accept|agree to) (?:the |its )?(?:\w+ )?(?:terms|license|agreement)", _ROW_8),
    Saying("cloudflare", r"not agreed to|model agreement", "https://developers.cloudflare.com/workers-ai"),
    Saying(
        "huggingface",
        r"gated (?:repo|model)|awaiting a review",
        "https://huggingface.co/docs/hub/models-gated",
    ),
    Saying(
        "groq",
        r"blocked at the (?:project|organi[sz]ation) level|model_permission_blocked",
        "https://console.groq.com/docs/projects",
    ),
    Saying("together", r"non-serverless model", "https://github.com/HeyPuter/puter/issues/3168"),
    Saying("together", r"dedicated_endpoint_not_running", "https://github.com/HeyPuter/puter/issues/3168"),
    Saying(
        "any",
        r"(?:create|start|deploy|requires?|needs?|only|running) .{0,30}"
        r"dedicated (?:endpoint|deployment|instance)",
        "provider facts 4, row 14",
    ),
    Saying(
        "any",
        r"not (?:available|deployed|supported) (?:on|as|for|in) serverless",
        "provider facts 4, row 14",
    ),
    Saying(
        "huggingface",
        r"any provider (?:that )?you have enabled",
        "https://github.com/cline/cline/issues/5098",
    ),
    Saying(
        "openrouter",
        r"matching your (?:\w+ ){0,3}(?:data policy|guardrail|restrictions|privacy)",
        "https://openrouter.ai/docs/features/privacy-and-logging",
    ),
    Saying(
        "openrouter",
        r"no allowed providers|all providers have been ignored",
        "https://openrouter.ai/docs/features/provider-routing",
    ),
    Saying(
        "github nous any",
        r"not (?:available|supported|included|offered|enabled|allowed) (?:on|in|for|with|under|by) "
        r"(?:your|the|a|this) (?:\w+ ){0,2}(?:plan|tier|subscription)",
        "https://docs.github.com/en/github-models",
    ),
    Saying("nous", r"not_supported_on_free_tier", "https://portal.nousresearch.com"),
    Saying(
        "any",
        r"not (?:available|enabled|activated|allowed|accessible|permitted|provisioned) "
        rf"(?:on|in|for|to|with) {_WHOSE}",
        _ROW_8,
    ),
    Saying(
        "any",
        r"(?:requires?|needs?) (?:an? )?(?:\w+ ){0,2}(?:plan|tier|subscription|account|license|membership)\b",
        _ROW_8,
    ),
    Saying("any", r"request access to\b|(?:requires?|needs?|pending|awaiting) approval", _ROW_8),
    Saying(
        "any", r"(?:allow|white)-?listed\b|\bwait-?list|(?:private|limited|closed) (?:preview|beta)", _ROW_8
    ),
    Saying("any", r"early access|invite[- ]only|\beula\b", _ROW_8),
    Saying(
        "any",
        r"only (?:available|accessible|open|offered) (?:to|for|on|in|with) (?:\S+ ){0,4}?"
        r"(?:users?|customers?|accounts?|plans?|tiers?|subscribers?|members?|organi[sz]ations?|subscriptions?)\b",
        _ROW_8,
    ),
    Saying("any", r"\bupgrade\b.{0,40} to (?:use|access|unlock)\b", _ROW_8),
    Saying("any", r"model[ _]not[ _](?:allowed|permitted|enabled|authorized)|unauthorized[ _]model", _ROW_8),
    Saying("any", r"provisioned throughput|(?:must|needs to|has to) be deployed", "provider facts 4, row 14"),
    Saying("any", r"\bprovider\b.{0,40}(?:is disabled|not enabled)", "provider facts 4, row 14"),
    Saying(
        "any",
        r"(?:plan|tier)\b.{0,30}please upgrade",
        "https://github.com/tashfeenahmed/freellmapi/issues/618",
    ),
    Saying("minimax", r"\bplan (?:does |is )?not (?:support|include)", "https://platform.minimax.io/docs"),
    Saying("sambanova", r"valid service tier", "https://docs.sambanova.ai"),
    Saying("dashscope", r"free tier of the model|freetieronly|product is not activated", _ALIBABA),
    Saying("databricks", r"endpoint is disabled|rate limit set to 0", "https://docs.databricks.com"),
    Saying("gemini", r"no longer available to new", "https://ai.google.dev/gemini-api/docs/deprecations"),
    Saying(
        "bedrock",
        r"on-demand throughput (?:isn|is no)|use case details have not been submitted",
        "https://docs.aws.amazon.com/bedrock/latest/userguide/model-access.html",
    ),
    Saying(
        "any",
        r"\b(?:model|this)\b.{0,60}(?:not (?:available|supported|offered)|unavailable|disabled|blocked) "
        r"in (?:your|this|the) (?:current )?(?:region|country|location)",
        _ROW_8,
    ),
    Saying(
        "cloudflare any",
        r"account is not (?:allowed|authorized|entitled)",
        "https://developers.cloudflare.com/workers-ai/platform/errors/",
    ),
)
NOT_OF_ACCOUNT_ROWS = (
    Saying(
        "nvidia", r"not found for account|specified function .{0,200}not found", "NVIDIA/nvcf vanity-gateway"
    ),
)

KEY = joined(KEY_ROWS)
KEY_MISSING = joined(KEY_MISSING_ROWS)
PLACE = joined(PLACE_ROWS)
NO_MONEY = joined(NO_MONEY_ROWS)
PLAN = joined(PLAN_ROWS)
NOT_YOURS = joined(NOT_YOURS_ROWS)
NOT_OF_ACCOUNT = joined(NOT_OF_ACCOUNT_ROWS)
