"""Ready-made worlds and scripts: the blog's day, the story of `monitor demo`, a steady catalog."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path
from zlib import crc32

from monitor.demo.script import Behave, Change, Delist, Everywhere, Script, Show
from monitor.demo.world import World

_LATER_IDS = ("google/gemma-4-31b-it", "moonshotai/kimi-k2.6", "z-ai/glm-5.1")
_TWICE_ON_BLOG_DAY = ("nvidia/nemotron-3-super-120b-a12b", "openai/gpt-oss-120b")

_HANGING = (
    "deepseek-ai/deepseek-v3.2",
    "google/gemma-4-31b-it",
    "minimaxai/minimax-m2.5",
    "mistralai/mistral-large-3-675b-instruct-2512",
    "mistralai/mistral-medium-3-instruct",
    "moonshotai/kimi-k2.6",
    "nvidia/llama-3.1-nemotron-ultra-253b-v1",
    "qwen/qwen3-coder-480b-a35b-instruct",
    "qwen/qwen3.5-397b-a17b",
    "z-ai/glm-5.1",
)
_UNEXPLAINED = (
    "google/deplot",
    "google/paligemma",
    "microsoft/kosmos-2",
    "nvidia/cosmos-reason2-8b",
    "nvidia/nemoretriever-parse",
    "nvidia/nemotron-parse",
    "nvidia/neva-22b",
    "nvidia/nvclip",
    "nvidia/streampetr",
    "nvidia/vila",
)
_BROKEN = (
    "microsoft/phi-3-vision-128k-instruct",
    "nvidia/gliner-pii",
    "nvidia/llama-3.1-nemoguard-8b-topic-control",
    "nvidia/nemotron-content-safety-reasoning-4b",
    "nvidia/usdcode-llama-3.1-70b-instruct",
    "sarvamai/sarvam-m",
)
_NAMED_GONE = (
    "adept/fuyu-8b",
    "baai/bge-m3",
    "databricks/dbrx-instruct",
    "meta/llama2-70b",
    "nvidia/nv-embed-v1",
)
_GONE_ON_BLOG_DAY, _BUSY_ON_BLOG_DAY, _REASONING_ON_BLOG_DAY = 62, 10, 12  # provider facts 2.2

RETIRING = "mistralai/mistral-nemotron"
FAILING = ("meta/llama-3.3-70b-instruct", "qwen/qwq-32b")
FLAPPING = "microsoft/phi-4-mini-instruct"
NEWCOMERS = ("google/gemma-4-31b-it", "z-ai/glm-5.1")
DELISTED = "meta/llama-3.1-405b-instruct"
ENDED = "z-ai/glm4.7"
MOVED, SWAPPED_FOR = "bigcode/starcoder2-15b", "bigcode/starcoder2-7b"
_CAST = frozenset({RETIRING, *FAILING, FLAPPING, DELISTED, ENDED, MOVED})
_DEMO_MODELS = 80
_DEMO_MIX = (
    ("not_for_account", 14),
    ("too_many_requests", 3),
    ("ok_reasoning", 3),
    ("degraded", 2),
    ("server_error", 2),
    ("saturated", 1),
    ("no_capacity", 1),
    ("switched_off", 1),
    ("needs_image", 1),
    ("wants_completion_tokens", 1),
    ("wants_image", 1),
    ("responses_only", 1),
)


@cache
def nim_ids() -> tuple[str, ...]:
    """Return the ids of a real list (NVIDIA, 2026-03-15) in its order: 188 rows, 186 different."""
    return tuple(Path(__file__).with_name("nim_ids.txt").read_text("utf-8").split())


def steady(models: int) -> World:
    """Return a world of models that all answer: real ids first, made-up ones after them."""
    real = tuple(dict.fromkeys(nim_ids()))[:models]
    return World(listed=real + tuple(f"demo/model-{number:04}" for number in range(len(real), models)))


def blog_day() -> World:
    """Return 2026-04-06: 189 ids in 191 rows; 101 answer or are busy, 62 gone, 6 broken, 20 unclear."""
    models = sorted({*nim_ids(), *_LATER_IDS})
    unclear = dict.fromkeys(_HANGING, "hang") | dict.fromkeys(_UNEXPLAINED, "bad_request")
    behaviours = unclear | dict.fromkeys(_BROKEN, "server_error")
    gone = [*_NAMED_GONE, *(model for model in models if "embed" in model), *_shuffled(models)]
    taken = {*behaviours, *_TWICE_ON_BLOG_DAY}
    free = [model for model in dict.fromkeys(gone) if model not in taken]
    behaviours |= dict.fromkeys(free[:_GONE_ON_BLOG_DAY], "not_for_account")
    hosted = free[_GONE_ON_BLOG_DAY:]
    behaviours |= dict.fromkeys(hosted[:_BUSY_ON_BLOG_DAY], "too_many_requests")
    behaviours |= dict.fromkeys(hosted[_BUSY_ON_BLOG_DAY:][:_REASONING_ON_BLOG_DAY], "ok_reasoning")
    # repeated ids, as in the real list (provider facts 2.1)
    return World(listed=tuple(sorted([*models, *_TWICE_ON_BLOG_DAY])), behaviours=behaviours)


def demo_story() -> Script:
    """Return 13 steps, one a sweep, in which every kind of event happens."""
    first = _demo_world()
    # two thirds: more than half of the list must go before it counts as shrunken (rules.md 8)
    most = tuple(model for model in first.listed if model not in _CAST)[: _DEMO_MODELS * 2 // 3]
    changes: list[tuple[int, Change]] = [
        (1, Behave((RETIRING,), "retiring:2027-01-15T00:00:00Z")),
        (1, Behave(FAILING[:1], "server_error")),
        (1, Behave(FAILING[1:], "degraded")),
        (3, Behave(FAILING, "ok")),
        (3, Show(NEWCOMERS)),
        (4, Behave((ENDED,), "end_of_life:2026-05-14T00:00:00Z")),
        (4, Delist((DELISTED,))),
        (5, Behave((MOVED,), "ok")),
        (6, Behave((MOVED,), f"served_as:{SWAPPED_FOR}")),
        # changes at every step, until the share reaches `flap_high` (rules.md 22)
        *((step, Behave((FLAPPING,), "server_error" if step % 2 else "ok")) for step in range(1, 7)),
        (7, Everywhere("key_rejected")),
        (8, Everywhere(None)),
        (8, Show((DELISTED,))),
        (9, Everywhere("server_error")),
        (10, Everywhere(None)),
        (11, Delist(most)),
        (12, Show(most)),
    ]
    return Script(first, tuple(changes))


def _demo_world() -> World:
    """Eighty ids, as the list had in September 2026, of which about fifty answer."""
    others = [model for model in _shuffled(dict.fromkeys(nim_ids())) if model not in _CAST]
    listed = sorted([*_CAST, *others[: _DEMO_MODELS - len(_CAST)]])
    behaviours = {model: kind for model in listed if (kind := _kind_hint(model))}
    plain = [model for model in _shuffled(listed) if model not in behaviours and model not in _CAST]
    for behaviour, count in _DEMO_MIX:
        behaviours |= dict.fromkeys(plain[:count], behaviour)
        plain = plain[count:]
    return World(listed=tuple(listed), behaviours=behaviours)


def _kind_hint(model: str) -> str | None:
    if "embed" in model or "bge" in model:
        return "embedding"
    return "completions_only" if "starcoder2" in model else None


def _shuffled(models: Iterable[str]) -> list[str]:
    """Return the same disorder every time."""
    return sorted(models, key=lambda model: crc32(model.encode()))
