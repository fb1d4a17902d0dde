#!/usr/bin/env bash
# LiteLLM's proxy, 1.108.7.
#
# The guess: `finish_reason` is passed on, so a generation that broke off (some providers end it with
# `network_error`) can be told from one that is complete; or the proxy makes an error of it.
#
# Really: a word that it does not know becomes `stop`, under 200. The provider's own word is still there, but in
# `provider_specific_fields.native_finish_reason` of the choice, which no other server has.
#
# Why it matters: an empty choice that ends in `stop` looks like a model that had nothing to say. The failed one
# counts as available.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

install 'litellm[proxy]==1.108.7'
behind=$(free_port) proxy=$(free_port)
backend "$behind" '{"/chat/completions": {"body": {"id": "1", "object": "chat.completion", "created": 1, "model": "tiny",
  "choices": [{"index": 0, "finish_reason": "network_error", "message": {"role": "assistant", "content": ""}}],
  "usage": {"prompt_tokens": 1, "completion_tokens": 0, "total_tokens": 1}}}}'
cat >config.yaml <<YAML
model_list:
  - model_name: tiny
    litellm_params: {model: openai/tiny, api_base: "http://127.0.0.1:$behind/v1", api_key: none}
YAML
litellm "$proxy"

python3 - "$proxy" <<'PYTHON'
import sys
from kit import chat, expect

answer = chat(sys.argv[1], "tiny")
expect("the broken generation is passed on as 200", holds=answer.status == 200)
choice = answer.body["choices"][0]
expect("its finish_reason is now stop", holds=choice["finish_reason"] == "stop")
native = choice.get("provider_specific_fields", {}).get("native_finish_reason")
expect("native_finish_reason says network_error", holds=native == "network_error")
PYTHON
