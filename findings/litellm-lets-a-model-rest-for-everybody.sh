#!/usr/bin/env bash
# LiteLLM's proxy, 1.108.7.
#
# The guess: a request to the wrong endpoint is the caller's mistake. It is refused, and nobody else notices.
#
# Really: one chat request to a model that only embeds (its server answers 404, as it has no such path) makes the
# proxy give the model a rest of five seconds, for all callers and on every endpoint. A right request to
# /v1/embeddings, which answered just before, is then refused with 429 and never reaches the model's server.
#
# Why it matters: a monitor that tries endpoints until one answers takes a healthy model away from its users, and
# then reads the 429 as a rate limit, or as a model that is down.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

install 'litellm[proxy]==1.108.7'
behind=$(free_port) proxy=$(free_port)
backend "$behind" '{"/embeddings": {"body": {"object": "list", "model": "tiny", "usage": {"prompt_tokens": 1,
  "total_tokens": 1}, "data": [{"object": "embedding", "index": 0, "embedding": [0.5]}]}}}'
cat >config.yaml <<YAML
model_list:
  - model_name: tiny
    litellm_params: {model: openai/tiny, api_base: "http://127.0.0.1:$behind/v1", api_key: none}
YAML
litellm "$proxy"

python3 - "$proxy" "$behind" <<'PYTHON'
import sys, time
from kit import asked, chat, embed, expect

proxy, behind = sys.argv[1:]
expect("an embedding is answered", holds=embed(proxy, "tiny").status == 200)
expect("a chat request to the same model is refused with 404", holds=chat(proxy, "tiny").status == 404)
reached = len(asked(behind))
refused = embed(proxy, "tiny")
expect("the embedding that was answered before is now a 429", holds=refused.status == 429)
expect("its error type is all_deployments_in_cooldown", holds="all_deployments_in_cooldown" in refused.text)
expect("it never reached the model's server", holds=len(asked(behind)) == reached)
expect("it asks to wait 5 seconds", holds=refused.headers.get("retry-after") == "5")
time.sleep(6)
expect("after that wait it is answered again", holds=embed(proxy, "tiny").status == 200)
PYTHON
