#!/usr/bin/env bash
# optillm, 0.4.0, an OpenAI-compatible proxy that asks a model several times and combines what it says; here without
# the gigabytes of packages that these approaches never import.
#
# The guess: where its provider answers 404 for a model, a request through the proxy fails too: with that status,
# or, as without an approach, with a 500 that tells it.
#
# Really: the approaches `moa` and `bon` leave failures out and combine the rest, even where nothing is left. The
# answer is 200, a whole choice that ends in `stop`, whose text is a sentence about an error.
#
# Why it matters: the model was gone before the first sweep and is "available" for ever. Only the count of completion
# tokens, 0, tells that no model spoke.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

install 'flask==3.1.3' 'openai==3.57.0' 'cerebras-cloud-sdk==1.91.0' 'aiohttp==3.14.5' 'networkx==3.6.1' \
  'numpy==2.4.6' 'pyyaml==6.0.4' 'math-verify==0.9.0' 'z3-solver==4.15.4.0'
install_alone 'optillm==0.4.0'
behind=$(free_port) proxy=$(free_port)
backend "$behind" '{"/chat/completions": {"status": 404,
  "body": {"error": {"message": "The model does not exist", "type": "invalid_request_error"}}}}'
OPENAI_API_KEY=none serve "$proxy" venv/bin/optillm --host 127.0.0.1 --port "$proxy" --base-url "http://127.0.0.1:$behind/v1"

python3 - "$proxy" <<'PYTHON'
import sys
from kit import chat, expect

plain = chat(sys.argv[1], "gone")
expect("without an approach the 404 is told in a 500", holds=plain.status == 500 and "404" in plain.text)
for approach in ("moa", "bon"):
    answer = chat(sys.argv[1], f"{approach}-gone")
    expect(f"with {approach} it is answered with 200", holds=answer.status == 200)
    choice = answer.body["choices"][0]
    expect("the choice ends in stop", holds=choice["finish_reason"] == "stop")
    expect("its text speaks of an error", holds="error" in choice["message"]["content"].lower())
    expect("no completion token was counted", holds=answer.body["usage"]["completion_tokens"] == 0)
PYTHON
