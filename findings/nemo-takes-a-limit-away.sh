#!/usr/bin/env bash
# NeMo Guardrails' server, 0.24.1, passing requests through to a provider that speaks OpenAI's API.
#
# The guess: `max_completion_tokens`, OpenAI's successor of `max_tokens`, is passed on or refused. Either way
# nobody generates more than was asked for.
#
# Really: it is dropped without a word. The provider is asked without any limit; `max_tokens` is passed on.
#
# Why it matters: a probe that should cost 16 tokens costs whatever the model likes to write, for every model and
# in every sweep, and its answer gives no hint: the server drops the token counts too.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

install 'nemoguardrails[server]==0.24.1'
behind=$(free_port) guarded=$(free_port)
backend "$behind" '{"/chat/completions": {"body": {"id": "1", "object": "chat.completion", "created": 1, "model": "tiny",
  "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Hello"}}],
  "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}}}}'
mkdir -p rails/plain
printf 'models: []\npassthrough: true\n' >rails/plain/config.yml
# Its own command would listen on every address of the machine.
cat >start.py <<'PYTHON'
import sys
import uvicorn
from nemoguardrails.server import api

api.app.rails_config_path = "rails"
api.set_default_config_id("plain")
uvicorn.run(api.app, host="127.0.0.1", port=int(sys.argv[1]))
PYTHON
OPENAI_API_KEY=none MAIN_MODEL_ENGINE=openai MAIN_MODEL_BASE_URL="http://127.0.0.1:$behind/v1" \
  serve "$guarded" venv/bin/python start.py "$guarded"

python3 - "$guarded" "$behind" <<'PYTHON'
import sys
from kit import asked, chat, expect

guarded, behind = sys.argv[1:]
both = chat(guarded, "tiny"), chat(guarded, "tiny", max_tokens=None, max_completion_tokens=16)
old, new = (each["body"] for each in asked(behind))
expect("both requests are answered with 200", holds=[each.status for each in both] == [200, 200])
expect("max_tokens reaches the provider", holds=old.get("max_tokens") == 16)
limits = {"max_tokens", "max_completion_tokens", "max_output_tokens"}
expect("of max_completion_tokens nothing reaches it, under no name", holds=not limits & set(new))
expect("the answer has no usage to see it by", holds="usage" not in both[1].body)
PYTHON
