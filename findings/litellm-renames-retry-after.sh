#!/usr/bin/env bash
# LiteLLM's proxy, 1.108.7.
#
# The guess: where a provider's 429 says how long to wait, the proxy's 429 says it in the same header, or not at
# all. And a `Retry-After` in an answer of the proxy is the provider's.
#
# Really: the provider's `Retry-After: 3600` arrives as `llm_provider-retry-after: 3600`, and there is no
# `Retry-After` beside it. The proxy does send a `Retry-After` of its own, but only while it lets a model rest.
#
# Why it matters: who reads the standard header alone asks again at once, and spends a quota of which it was told
# that it is empty for an hour.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

install 'litellm[proxy]==1.108.7'
behind=$(free_port) proxy=$(free_port)
backend "$behind" '{"/chat/completions": {"status": 429, "headers": {"Retry-After": "3600"},
  "body": {"error": {"message": "Rate limit reached", "type": "requests", "code": "rate_limit_exceeded"}}}}'
cat >config.yaml <<YAML
model_list:
  - model_name: tiny
    litellm_params: {model: openai/tiny, api_base: "http://127.0.0.1:$behind/v1", api_key: none}
router_settings: {num_retries: 0}
YAML
litellm "$proxy"

python3 - "$proxy" <<'PYTHON'
import sys
from kit import chat, expect

answer = chat(sys.argv[1], "tiny")
expect("the limit is passed on as 429", holds=answer.status == 429)
expect("there is no Retry-After", holds="retry-after" not in answer.headers)
renamed = answer.headers.get("llm_provider-retry-after")
expect("llm_provider-retry-after has the provider's 3600", holds=renamed == "3600")
PYTHON
