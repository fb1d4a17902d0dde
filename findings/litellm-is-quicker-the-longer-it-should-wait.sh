#!/usr/bin/env bash
# LiteLLM's proxy, 1.108.7, with the settings it has when nobody sets any.
#
# The guess: a provider's 429 is handed to the caller at once, whatever wait it names; or, if the proxy waits
# itself, it is slower the longer the wait.
#
# Really: a wait of up to a minute is waited out by the proxy, while its caller hears nothing, before each of two
# more tries: at `Retry-After: 6` the 429 comes after twelve seconds or more, and three requests. A wait of
# two minutes is not waited for at all: those three requests go out within seconds, and the 429 is here sooner.
#
# Why it matters: a monitor with a time-out of ten seconds sees a short limit as a model that does not answer, and
# a long one as what it is. And each of its requests costs the provider's quota three.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

install 'litellm[proxy]==1.108.7'
behind=$(free_port) proxy=$(free_port)
limit='"status": 429, "body": {"error": {"message": "Rate limit reached", "type": "requests"}}'
backend "$behind" "{\"/chat/completions short\": {\"headers\": {\"Retry-After\": \"6\"}, $limit},
  \"/chat/completions long\": {\"headers\": {\"Retry-After\": \"120\"}, $limit}}"
cat >config.yaml <<YAML
model_list:
  - model_name: short
    litellm_params: {model: openai/short, api_base: "http://127.0.0.1:$behind/v1", api_key: none}
  - model_name: long
    litellm_params: {model: openai/long, api_base: "http://127.0.0.1:$behind/v1", api_key: none}
YAML
litellm "$proxy"

python3 - "$proxy" "$behind" <<'PYTHON'
import sys
from kit import asked, chat, expect

proxy, behind = sys.argv[1:]
chat(proxy, "long")  # the first request of all also pays for what the proxy loads late
tries = len(asked(behind))
long, short = chat(proxy, "long"), chat(proxy, "short")
print(f"Retry-After 6: {short.seconds:.0f} s until the 429; Retry-After 120: {long.seconds:.0f} s")
expect("both are 429 in the end", holds=(long.status, short.status) == (429, 429))
expect("each cost the provider three requests", holds=tries == 3 and len(asked(behind)) == 9)
expect("the short wait was waited out, twice", holds=short.seconds >= 12)
expect("the long wait was not, and its answer came sooner", holds=long.seconds < short.seconds)
PYTHON
