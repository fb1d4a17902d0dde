"""Who published a model: what its catalog says of the owner where that says more than the id does.

Most servers fill `owned_by` with a word of their own (docs/provider-facts.md), or repeat the part of the id
before the slash.
"""

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

# Words of servers, and of accounts, that name no publisher: OpenAI's for models of its own and of customers,
# Ollama's library, and what servers of open weights say of every model they serve.
_WORDS: Final = """
n/a none null unknown default custom public private local self proxy gateway provider server models
system user users admin root me owner organization organization-owner organization_owner
openai-dev openai-internal library litellm openrouter one-api new-api
vllm sglang ollama llamacpp llama.cpp llama-cpp llama-cpp-python llama-server llama-swap llamafile lmdeploy
lm-studio lmstudio localai fastchat xinference infinity tabbyapi tgi text-generation-inference tensorrt_llm
triton mlx gpustack transformers aphrodite
"""
_NO_PUBLISHER: Final = frozenset(_WORDS.split())
_HOST: Final = "openai"  # also what many a proxy says of all that it relays
_MANY: Final = 3  # publishers in the ids of one owner: that owner is who serves them


def publishers(owners: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the publisher of each model of a catalog, None where nothing names one.

    `owners` is what the catalog said of the owner of each id. It counts unless it names no publisher, repeats
    the part of the id before the first slash, or owns ids of many publishers: then that part counts.
    """
    prefixes_of = defaultdict[str, set[str]](set)
    for model, owner in owners.items():
        if owner is not None and (prefix := _prefix(model)):
            prefixes_of[_bare(owner)].add(_bare(prefix))
    hosts = {_HOST, *(owner for owner, prefixes in prefixes_of.items() if len(prefixes) >= _MANY)}
    return {model: _publisher(model, owner, hosts) for model, owner in owners.items()}


def _publisher(model: str, owner: str | None, hosts: set[str]) -> str | None:
    prefix = _prefix(model)
    if owner is None or not _bare(owner) or owner.strip().casefold() in _NO_PUBLISHER or "@" in owner:
        return prefix
    if prefix and (_bare(owner) == _bare(prefix) or _bare(owner) in hosts):
        return prefix
    return owner.strip()


def _prefix(model: str) -> str | None:
    prefix, slash, _ = model.partition("/")
    return prefix if slash and prefix else None


def _bare(name: str) -> str:
    """Return a name as it compares: `Moonshot AI` is `moonshotai`."""
    return "".join(filter(str.isalnum, name.casefold()))
