"""Words of a model that is hosted and does not answer now: limits of a minute or longer, busy, loading."""

from monitor.core.answer.error_patterns.pattern import ErrorPattern, joined

_GEMINI = "https://ai.google.dev/gemini-api/docs/rate-limits"
_ROW_22 = "provider facts 4, row 22"
_ROW_23 = "provider facts 4, row 23"
_AMOUNT = r"(?:quota|limit|allowance|allocation|usage|exceeded|reached|used up|requests|tokens|calls)"


def _of(period: str) -> str:
    """Match an amount of a period, in any order."""
    return rf"\A(?s:(?=.*(?:{period}))(?=.*{_AMOUNT}))"


PER_DAY_ROWS = (
    ErrorPattern(
        "groq gemini openai cerebras openrouter litellm",
        _of(r"per[ _-]?(?:1 )?(?:day|week|month|hour|24 ?h)|\b24[ -]?h(?:ours?)?\b|\beach (?:day|month)\b"),
        "https://console.groq.com/docs/rate-limits",
    ),
    ErrorPattern(
        "anthropic cloudflare commandcode moonshot any",
        _of(r"\b(?:daily|weekly|monthly|hourly)\b"),
        "https://github.com/SakanaAI/AI-Scientist/issues/115",
    ),
    ErrorPattern("groq litellm", _of(r"\b[rt]pd\b"), "https://console.groq.com/docs/rate-limits"),
    ErrorPattern("cohere", _of(r"/ ?(?:day|month|24h)\b"), "https://docs.cohere.com/docs/rate-limits"),
    ErrorPattern(
        "github", _of(r"per 86400 ?s|\bby ?(?:day|month)\b"), "https://docs.github.com/en/github-models"
    ),
    ErrorPattern(
        "any",
        _of(r"\b(?:for|of) the (?:day|month)\b|\btomorrow\b|\bmidnight\b|\bfor today\b|\brequests today\b"),
        "provider facts 4, row 21",
    ),
    ErrorPattern("any", _of(r"\b\d+[ -]hours? (?:limit|window|quota|usage)"), "provider facts 4, row 21"),
    ErrorPattern("ollama", r"(?:session|usage)[ _]limit\b", "https://docs.ollama.com/cloud"),
    ErrorPattern(
        "new-api any",
        r"\b(?:quota|allowance|allocation)[ _](?:\w+[ _]){0,3}?(?:used up|exhausted)",
        "new-api i18n/locales",
    ),
    ErrorPattern(
        "volcengine",
        r"\bexhausted (?:\w+ ){0,3}?(?:quota|allowance|allocation)",
        "https://docs.byteplus.com/id/docs/ModelArk/1299023",
    ),
    ErrorPattern(
        "zai",
        r"(?:每日|每天|每周|每月|小时)的?.{0,12}(?:上限|限制|限额|额度)",
        "https://github.com/dirge-code/dirge/issues/818",
    ),
    ErrorPattern("gemini", r"\blimit: ?0\b(?!\.\d)", _GEMINI),
)
PER_MINUTE_ROWS = (
    ErrorPattern("gemini cerebras any", r"per[ _-]?(?:minute|second|min|sec)\b", _GEMINI),
    ErrorPattern("groq moonshot", r"\b[rt]pm\b", "https://console.groq.com/docs/rate-limits"),
    ErrorPattern("gemini", r"quota exceeded for (?:quota )?metric", _GEMINI),
    ErrorPattern("new-api", r"in \d+ minutes?\b", "new-api i18n/locales"),
)
TOO_MANY_ROWS = (
    ErrorPattern("iflow github minimax groq any", r"rate[ _-]?limit", _ROW_22),
    ErrorPattern(
        "any", r"too[ _]many[ _](?:requests|tokens)|\brequests? limit (?:reached|exceeded)", _ROW_22
    ),
    ErrorPattern("any", r"\bthrottl", _ROW_22),
    ErrorPattern("openai", r"\bslow down\b", "https://platform.openai.com/docs/guides/error-codes"),
    ErrorPattern("any", r"\bquota[ _]exceeded|exceeded .{0,30}\bquota\b", _ROW_22),
    ErrorPattern("any", r"too many concurrent|concurren(?:t|cy)\b.{0,20}\blimit", _ROW_22),
)
NO_DEPLOYMENT_ROWS = (
    ErrorPattern("litellm", r"deployments_in_cooldown|no deployments available", "run: LiteLLM 1.108.7"),
)
BUSY_ROWS = (
    ErrorPattern("moonshot anthropic gemini siliconflow infinity tei tgi any", r"overloaded", _ROW_23),
    ErrorPattern(
        "qwen-oauth chutes any", r"(?:at|over|exceeds?|system) (?:maximum |full )?capacity", _ROW_23
    ),
    ErrorPattern("mistral groq", r"capacity[ _]exceeded", "https://docs.mistral.ai"),
    ErrorPattern("nvidia", r"\bworker\b.{0,40}request limit reached", "NVIDIA/nvcf"),
    ErrorPattern("gemini cerebras any", r"(?:high|heavy|peak) (?:demand|traffic|load)", _ROW_23),
    ErrorPattern("any", r"(?:insufficient|no|out of|lack of) (?:available )?capacity\b", _ROW_23),
    ErrorPattern("gemini", r"no capacity available", "https://ai.google.dev/gemini-api/docs/troubleshooting"),
    ErrorPattern("cerebras any", r"queue (?:is )?(?:full|exceeded)|queue_exceeded", _ROW_23),
    ErrorPattern(
        "cloudflare", r"no more data centers", "https://developers.cloudflare.com/workers-ai/platform/errors/"
    ),
    ErrorPattern(
        "ollama siliconflow deepinfra any",
        r"\b(?:server|model|service|engine|system|workers?|too|currently) (?:is |are )?(?:too )?busy\b",
        _ROW_23,
    ),
    ErrorPattern("ollama", r"maximum pending requests", "ollama server/sched.go"),
    ErrorPattern("deepseek", r"insufficient_system_resource", "https://api-docs.deepseek.com"),
    ErrorPattern("one-api zai", r"负载已饱和|繁忙|访问量过大|过载", "one-api controller/relay.go"),
)
# Gemini says so of every limit, so it counts where the status is none of a limit's.
EXHAUSTED_ROWS = (ErrorPattern("nvidia", r"resources?[ _]?exhausted", "NVIDIA/nvcf"),)
COLD_ROWS = (
    ErrorPattern("chutes", r"no (?:available )?instances?\b", "https://docs.chutes.ai"),
    ErrorPattern(
        "sglang any",
        r"scaled (?:down )?to zero|no workers? available|no available workers?",
        "provider facts 4, row 26; sglang sgl-router",
    ),
)
LOADING_ROWS = (
    ErrorPattern("llama.cpp litellm", r"\bloading model", "llama.cpp tools/server"),
    ErrorPattern("localai", r"model_loading", "LocalAI core/http/app.go"),
    ErrorPattern(
        "huggingface localai any",
        r"\b(?:model|this)\b.{0,80}(?:is |still |currently |being )+(?:loading|loaded|warming up|starting)\b",
        "https://huggingface.co/docs/api-inference",
    ),
    ErrorPattern("any", r"\b(?:model|this)\b.{0,40}not (?:yet )?(?:ready|loaded)\b", "provider facts 3"),
    ErrorPattern(
        "any", r"\bspinning up\b|\bstarting up\b|\bwarm(?:ing)?[ -]up\b|\bcold[ -]start", "provider facts 3"
    ),
    ErrorPattern(
        "any",
        r"\b(?:is|being) (?:initiali[sz]ed|initiali[sz]ing|provisioned|provisioning)\b",
        "provider facts 3",
    ),
    ErrorPattern("fireworks", r"\bscaling[ _]up\b", "https://docs.fireworks.ai/guides/ondemand-deployments"),
)

PER_DAY = joined(PER_DAY_ROWS)
PER_MINUTE = joined(PER_MINUTE_ROWS)
TOO_MANY = joined(TOO_MANY_ROWS)
NO_DEPLOYMENT = joined(NO_DEPLOYMENT_ROWS)
BUSY = joined(BUSY_ROWS)
EXHAUSTED = joined(EXHAUSTED_ROWS)
COLD = joined(COLD_ROWS)
LOADING = joined(LOADING_ROWS)
