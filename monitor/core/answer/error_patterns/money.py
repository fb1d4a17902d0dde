"""Words about money: none left, a cap on spending, a plan or a card that ran out."""

from monitor.core.answer.error_patterns.pattern import ErrorPatterns

_ALIBABA = "https://www.alibabacloud.com/help/en/model-studio/error-code"
_ANTHROPIC = "https://docs.anthropic.com/en/api/errors"
_CHUTES = "https://github.com/DaWe35/image-router/issues/33"
_LITELLM = "https://docs.litellm.ai/docs/proxy/users"
_OPENAI = "https://platform.openai.com/docs/guides/error-codes"
_POLLINATIONS = "https://github.com/pollinations/pollinations/issues/12136"
_XAI_NONE = "https://github.com/continuedev/continue/issues/12670"
_XAI_USED = "https://github.com/continuedev/continue/issues/10373"
_ROW_9 = "provider facts 4, row 9"

# Words that are about money whatever stands beside them.
NO_MONEY = ErrorPatterns(
    (
        "openai deepseek minimax zai moonshot new-api novita litellm",
        r"(?:insufficient|not[ _]enough)[ _](?:\w+[ _])?(?:quota|credits?|balance|funds)",
        _OPENAI,
    ),
    (
        "nvidia gemini siliconflow any",
        (
            r"\b(?:credits?|balance|funds)\b (?:\w+ ){0,3}?"
            r"(?:expired|exhausted|depleted|insufficient|too low|used up|not enough|negative)"
        ),
        "NVIDIA/nvcf; https://ai.google.dev/gemini-api/docs/billing",
    ),
    ("new-api", r"credit limit is insufficient", "new-api i18n/locales"),
    ("new-api", r"quota is not enough|token_quota_failed|token quota is exhausted", "new-api i18n/locales"),
    ("new-api one-api", r"额度不足|额度已用尽", "one-api model/token.go"),
    ("zai", r"余额不足|欠费|套餐已(?:到期|过期)", "https://docs.bigmodel.cn/cn/api/api-code"),
    ("zai any", r"\b(?:plan|package|subscription) (?:\w+ )?(?:has |is )?expired", _ROW_9),
    ("sambanova cerebras", r"payment[ _]?required|payment[ _]method[ _](?:is[ _])?required", _ROW_9),
    # OpenAI ends a mere limit with the hint that one adding a payment method has a higher one.
    (
        "cohere deepinfra",
        r"\A(?s:(?!.*(?:rate[ _-]?limit|too many)).*\bpayment[ _-](?:method|details|information))",
        _ROW_9,
    ),
    (
        "vercel",
        r"\bcredit card (?:on file|(?:is )?required)|requires? (?:a )?(?:valid )?credit card",
        "https://github.com/arlanrakh/talk-to-girlfriend-ai/issues/6",
    ),
    ("xai", r"(?:not|n't) have (?:any|enough|sufficient) (?:\w+ )?(?:credits?|balance|funds)", _XAI_NONE),
    ("chutes", r"\bbalance (?:is|of) [$¥€]?(?:-|0(?:\.0+)?\b)", _CHUTES),
    ("openrouter", r"requires more credits", "https://github.com/can1357/oh-my-pi/issues/9569"),
    ("openrouter", r"can only afford", "https://github.com/can1357/oh-my-pi/issues/9569"),
    ("openrouter litellm", r"\bkey limit exceeded", "https://openrouter.ai/docs/api-reference/limits"),
    ("xai any", r"used (?:up )?all (?:of )?(?:its |your |the )?(?:available |remaining )?credits", _XAI_USED),
    (
        "xai any",
        (
            r"\bout of (?:credits?|funds|balance)\b|\bno (?:more |remaining )?(?:credits?|balance|funds)\b"
            r"(?! (?:was|were|is|are|will|have been) )"
        ),
        "https://github.com/Wei-Shaw/sub2api/issues/4069",
    ),
    ("xai fireworks openai litellm any", r"\bspend(?:ing)?[ _-](?:limit|cap)", _POLLINATIONS),
    ("openai", r"billing[ _](?:hard[ _])?limit|billing_not_active|check your billing(?! plan)", _OPENAI),
    ("litellm portkey", r"\bbudget[ _](?:has been )?(?:exceeded|exhausted)", _LITELLM),
    ("huggingface", r"included credits", "https://huggingface.co/docs/inference-providers/pricing"),
    ("anthropic", r"billing[ _](?:error|issue)", _ANTHROPIC),
    ("anthropic", r"specified api usage limits|out of extra usage", _ANTHROPIC),
    ("dashscope", r"arrearage|in good standing", _ALIBABA),
    ("moonshot", r"exceeded_current_quota_error", "https://platform.moonshot.ai/docs/api/errors"),
    ("any", r"\bnon-?payment\b|\bpayment failed|\bcard (?:was |has been )?declined", _ROW_9),
    ("any", r"billing (?:to be |is |has )?(?:not )?(?:been )?(?:enabled|disabled)|enable billing", _ROW_9),
    ("any", r"\bin arrears\b|\busage cap of [$¥€]", _ROW_9),
    ("any", r"\btrial (?:period )?(?:has )?(?:ended|expired)", _ROW_9),
    ("any", r"\b(?:cost|budget)[ _-](?:cap|limit)|exceeded .{0,20}budget\b|\bover budget\b", _ROW_9),
    ("any", r"(?:past|unpaid|overdue|outstanding)[ -](?:due|invoices?|payments?|balance)", _ROW_9),
)
# Words of money that some say of a mere limit, too: they count where nothing speaks of an amount.
PLAN = ErrorPatterns(
    ("openai litellm moonshot", r"plan and billing|exceeded (?:your )?current quota", _OPENAI),
    ("zai any", r"\b(?:please )?(?:recharge|top[ -]up)\b", "https://github.com/zai-org/GLM-5/issues/148"),
    ("any", r"\badd (?:more )?credits\b|\b(?:purchase|buy) (?:more )?credits\b", _ROW_9),
)
