"""Words of a model that is hosted and does not answer now: limits of a minute or longer, busy, loading."""

from monitor.core.answer.error_patterns.pattern import ErrorPatterns

_ARK = "https://docs.byteplus.com/id/docs/ModelArk/1299023"
_DIRGE = "https://github.com/dirge-code/dirge/issues/818"
_GEMINI = "https://ai.google.dev/gemini-api/docs/rate-limits"
_NEW_API = "new-api i18n/locales"
_SAKANA = "https://github.com/SakanaAI/AI-Scientist/issues/115"
_SGLANG = "provider facts 4, row 26; sglang sgl-router"
_FACTS_3 = "provider facts 3"
_ROW_22 = "provider facts 4, row 22"
_ROW_23 = "provider facts 4, row 23"
_AMOUNT = r"(?:quota|limit|allowance|allocation|usage|exceeded|reached|used up|requests|tokens|calls)"


def _of(period: str) -> str:
    """Match an amount of a period, in any order."""
    return rf"\A(?s:(?=.*(?:{period}))(?=.*{_AMOUNT}))"


PER_DAY = ErrorPatterns(
    (
        "groq gemini openai cerebras openrouter litellm",
        _of(r"per[ _-]?(?:1 )?(?:day|week|month|hour|24 ?h)|\b24[ -]?h(?:ours?)?\b|\beach (?:day|month)\b"),
        "https://console.groq.com/docs/rate-limits",
    ),
    ("anthropic cloudflare commandcode moonshot any", _of(r"\b(?:daily|weekly|monthly|hourly)\b"), _SAKANA),
    ("groq litellm", _of(r"\b[rt]pd\b"), "https://console.groq.com/docs/rate-limits"),
    ("cohere", _of(r"/ ?(?:day|month|24h)\b"), "https://docs.cohere.com/docs/rate-limits"),
    ("github", _of(r"per 86400 ?s|\bby ?(?:day|month)\b"), "https://docs.github.com/en/github-models"),
    (
        "any",
        _of(r"\b(?:for|of) the (?:day|month)\b|\btomorrow\b|\bmidnight\b|\bfor today\b|\brequests today\b"),
        "provider facts 4, row 21",
    ),
    ("any", _of(r"\b\d+[ -]hours? (?:limit|window|quota|usage)"), "provider facts 4, row 21"),
    ("ollama", r"(?:session|usage)[ _]limit\b", "https://docs.ollama.com/cloud"),
    ("new-api any", r"\b(?:quota|allowance|allocation)[ _](?:\w+[ _]){0,3}?(?:used up|exhausted)", _NEW_API),
    ("volcengine", r"\bexhausted (?:\w+ ){0,3}?(?:quota|allowance|allocation)", _ARK),
    ("zai", r"(?:每日|每天|每周|每月|小时)的?.{0,12}(?:上限|限制|限额|额度)", _DIRGE),
    ("gemini", r"\blimit: ?0\b(?!\.\d)", _GEMINI),
)
PER_MINUTE = ErrorPatterns(
    ("gemini cerebras any", r"per[ _-]?(?:minute|second|min|sec)\b", _GEMINI),
    ("groq moonshot", r"\b[rt]pm\b", "https://console.groq.com/docs/rate-limits"),
    ("gemini", r"quota exceeded for (?:quota )?metric", _GEMINI),
    ("new-api", r"in \d+ minutes?\b", _NEW_API),
)
TOO_MANY = ErrorPatterns(
    ("iflow github minimax groq any", r"rate[ _-]?limit", _ROW_22),
    ("any", r"too[ _]many[ _](?:requests|tokens)|\brequests? limit (?:reached|exceeded)", _ROW_22),
    ("any", r"\bthrottl", _ROW_22),
    ("openai", r"\bslow down\b", "https://platform.openai.com/docs/guides/error-codes"),
    ("any", r"\bquota[ _]exceeded|exceeded .{0,30}\bquota\b", _ROW_22),
    ("any", r"too many concurrent|concurren(?:t|cy)\b.{0,20}\blimit", _ROW_22),
)
NO_DEPLOYMENT = ErrorPatterns(
    ("litellm", r"deployments_in_cooldown|no deployments available", "run: LiteLLM 1.108.7"),
)
BUSY = ErrorPatterns(
    ("moonshot anthropic gemini siliconflow infinity tei tgi any", r"overloaded", _ROW_23),
    ("qwen-oauth chutes any", r"(?:at|over|exceeds?|system) (?:maximum |full )?capacity", _ROW_23),
    ("mistral groq", r"capacity[ _]exceeded", "https://docs.mistral.ai"),
    ("nvidia", r"\bworker\b.{0,40}request limit reached", "NVIDIA/nvcf"),
    ("gemini cerebras any", r"(?:high|heavy|peak) (?:demand|traffic|load)", _ROW_23),
    ("any", r"(?:insufficient|no|out of|lack of) (?:available )?capacity\b", _ROW_23),
    ("gemini", r"no capacity available", "https://ai.google.dev/gemini-api/docs/troubleshooting"),
    ("cerebras any", r"queue (?:is )?(?:full|exceeded)|queue_exceeded", _ROW_23),
    ("cloudflare", r"no more data centers", "https://developers.cloudflare.com/workers-ai/platform/errors/"),
    (
        "ollama siliconflow deepinfra any",
        r"\b(?:server|model|service|engine|system|workers?|too|currently) (?:is |are )?(?:too )?busy\b",
        _ROW_23,
    ),
    ("ollama", r"maximum pending requests", "ollama server/sched.go"),
    ("deepseek", r"insufficient_system_resource", "https://api-docs.deepseek.com"),
    ("one-api zai", r"负载已饱和|繁忙|访问量过大|过载", "one-api controller/relay.go"),
)
# Gemini says so of every limit, so it counts where the status is none of a limit's.
EXHAUSTED = ErrorPatterns(("nvidia", r"resources?[ _]?exhausted", "NVIDIA/nvcf"))
COLD = ErrorPatterns(
    ("chutes", r"no (?:available )?instances?\b", "https://docs.chutes.ai"),
    ("sglang any", r"scaled (?:down )?to zero|no workers? available|no available workers?", _SGLANG),
)
LOADING = ErrorPatterns(
    ("llama.cpp litellm", r"\bloading model", "llama.cpp tools/server"),
    ("localai", r"model_loading", "LocalAI core/http/app.go"),
    (
        "huggingface localai any",
        r"\b(?:model|this)\b.{0,80}(?:is |still |currently |being )+(?:loading|loaded|warming up|starting)\b",
        "https://huggingface.co/docs/api-inference",
    ),
    ("any", r"\b(?:model|this)\b.{0,40}not (?:yet )?(?:ready|loaded)\b", _FACTS_3),
    ("any", r"\bspinning up\b|\bstarting up\b|\bwarm(?:ing)?[ -]up\b|\bcold[ -]start", _FACTS_3),
    ("any", r"\b(?:is|being) (?:initiali[sz]ed|initiali[sz]ing|provisioned|provisioning)\b", _FACTS_3),
    ("fireworks", r"\bscaling[ _]up\b", "https://docs.fireworks.ai/guides/ondemand-deployments"),
)
DEGRADED = ErrorPatterns(("nvidia", r"degraded function", "provider facts 4, row 16"))
