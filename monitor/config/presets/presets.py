"""What is known of providers, as data: where they are, how they want their key, how and how fast to ask them.

Addresses, headers and routes are the vendors' documented ones. Limits are what the smallest account may do;
a comment says where one is our own cautious guess.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

from monitor.config.values.auth import Auth
from monitor.core.planning.inputs import ProviderTraits
from monitor.core.request.forms import Route


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """One provider's facts.

    `base_url` is the address before its paths, None where only the user knows it. `catalog` and the paths of
    `traits` are paths under it or whole addresses. `requests_per_minute` None is no limit; `same_model_gap`
    is the least time between two requests for one model.
    """

    base_url: str | None = None
    api_key_env: str | None = None
    auth: Auth = Auth.BEARER
    headers: Mapping[str, str] = field(default_factory=dict)
    catalog: str = "/models"
    requests_per_minute: int | None = None
    concurrency: int = 4
    same_model_gap: timedelta = timedelta()
    traits: ProviderTraits = field(default_factory=ProviderTraits)


_ANTHROPIC = Preset(
    base_url="https://api.anthropic.com/v1",
    api_key_env="ANTHROPIC_API_KEY",
    auth=Auth.X_API_KEY,
    headers={"anthropic-version": "2023-06-01"},  # without it every request is refused
    catalog="/models?limit=1000",  # the longest page; by default there are 20 rows on one
    requests_per_minute=50,  # of the first usage tier
    traits=ProviderTraits(routes=(Route.MESSAGES,), metadata=True, cursor_parameter="after_id"),
)
_CEREBRAS = Preset(
    base_url="https://api.cerebras.ai/v1",
    api_key_env="CEREBRAS_API_KEY",
    requests_per_minute=30,  # of the free tier
    traits=ProviderTraits(routes=(Route.CHAT, Route.COMPLETIONS)),
)
_DEEPINFRA = Preset(
    base_url="https://api.deepinfra.com/v1/openai",
    api_key_env="DEEPINFRA_API_KEY",
    requests_per_minute=60,  # a guess: only requests under way are limited there
    traits=ProviderTraits(routes=(Route.CHAT, Route.EMBEDDINGS, Route.COMPLETIONS)),
)
_FIREWORKS = Preset(
    base_url="https://api.fireworks.ai/inference/v1",
    api_key_env="FIREWORKS_API_KEY",
    # What may be called without a deployment of one's own; 200 rows are the longest page.
    catalog="https://api.fireworks.ai/v1/accounts/fireworks/models"
    "?filter=supports_serverless=true&pageSize=200",
    requests_per_minute=60,  # a guess: accounts that pay may do more
    traits=ProviderTraits(routes=(Route.CHAT, Route.COMPLETIONS, Route.EMBEDDINGS, Route.RERANK)),
)
_GEMINI = Preset(
    base_url="https://generativelanguage.googleapis.com/v1beta/openai",
    api_key_env="GEMINI_API_KEY",
    requests_per_minute=15,  # a guess: the free tier's limits differ by model
    traits=ProviderTraits(routes=(Route.CHAT, Route.EMBEDDINGS), metadata=True, id_prefix="models/"),
)
_GROQ = Preset(
    base_url="https://api.groq.com/openai/v1",
    api_key_env="GROQ_API_KEY",
    requests_per_minute=30,  # of most models on the free tier
    traits=ProviderTraits(routes=(Route.CHAT,), metadata=True),
)
_HUGGING_FACE = Preset(
    base_url="https://router.huggingface.co/v1",
    api_key_env="HF_TOKEN",
    requests_per_minute=60,  # a guess
    traits=ProviderTraits(routes=(Route.CHAT,)),
)
_MISTRAL = Preset(
    base_url="https://api.mistral.ai/v1",
    api_key_env="MISTRAL_API_KEY",
    requests_per_minute=60,  # one a second on the free tier
    traits=ProviderTraits(routes=(Route.CHAT, Route.EMBEDDINGS, Route.MODERATIONS), metadata=True),
)
_NVIDIA = Preset(
    base_url="https://integrate.api.nvidia.com/v1",
    api_key_env="NVIDIA_API_KEY",
    requests_per_minute=30,  # 40 is the figure that many confirm
    same_model_gap=timedelta(seconds=20),  # a model that is asked more often answers 429
    traits=ProviderTraits(
        paths={Route.RERANK: "https://ai.api.nvidia.com/v1/retrieval/nvidia/{name_}/reranking"},
        metadata=True,
        poll_header="NVCF-POLL-SECONDS",
        status_path="/status/{id}",
        wants_input_type=True,
    ),
)
_OPENAI = Preset(
    base_url="https://api.openai.com/v1",
    api_key_env="OPENAI_API_KEY",
    requests_per_minute=60,  # a guess: far below what the lowest tier may do
    traits=ProviderTraits(
        routes=(Route.CHAT, Route.RESPONSES, Route.EMBEDDINGS, Route.COMPLETIONS, Route.MODERATIONS),
        metadata=True,
        cursor_parameter="after",
    ),
)
_OPENROUTER = Preset(
    base_url="https://openrouter.ai/api/v1",
    api_key_env="OPENROUTER_API_KEY",
    requests_per_minute=20,  # of free models
    traits=ProviderTraits(routes=(Route.CHAT, Route.EMBEDDINGS)),
)
_TOGETHER = Preset(
    base_url="https://api.together.xyz/v1",
    api_key_env="TOGETHER_API_KEY",
    requests_per_minute=60,  # of the first usage tier
    traits=ProviderTraits(
        routes=(Route.CHAT, Route.COMPLETIONS, Route.EMBEDDINGS, Route.RERANK, Route.MODERATIONS),
        kind_words={"language": Route.COMPLETIONS, "code": Route.COMPLETIONS},  # beside "chat": base models
    ),
)

# Servers of one's own: a key is sent if one is named.
_LITELLM = Preset(
    base_url="http://127.0.0.1:4000/v1",
    api_key_env="LITELLM_API_KEY",
    traits=ProviderTraits(routes=(*ProviderTraits().routes, Route.MODERATIONS), has_model_info=True),
)
_OLLAMA = Preset(
    base_url="http://127.0.0.1:11434/v1",
    concurrency=1,  # each model that is asked is first loaded into one memory
    traits=ProviderTraits(routes=(Route.CHAT, Route.EMBEDDINGS, Route.COMPLETIONS)),
)
_VLLM = Preset(base_url="http://127.0.0.1:8000/v1")

PRESETS: Mapping[str, Preset] = MappingProxyType(
    {
        "nvidia": _NVIDIA,
        "openai": _OPENAI,
        "anthropic": _ANTHROPIC,
        "openrouter": _OPENROUTER,
        "groq": _GROQ,
        "together": _TOGETHER,
        "mistral": _MISTRAL,
        "gemini": _GEMINI,
        "fireworks": _FIREWORKS,
        "cerebras": _CEREBRAS,
        "deepinfra": _DEEPINFRA,
        "huggingface": _HUGGING_FACE,
        "ollama": _OLLAMA,
        "vllm": _VLLM,
        "litellm": _LITELLM,
        "generic": Preset(),
    }
)
