#!/usr/bin/env bash
# MLflow's gateway, 3.17.2, on its OpenAI-compatible paths.
#
# The guess: a model that the gateway does not serve is a 404, or a 400 that names it; it does explain, with a 400,
# that an embedding endpoint is none for chat.
#
# Really: an unknown name is a bare `500 Internal Server Error` in plain text, to the letter what a provider that
# cannot be reached gives.
#
# Why it matters: after a model was taken from the gateway's configuration, a monitor sees a server that is broken
# and waits for its repair; nothing in the answer tells the two apart.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

# The small package does not ask for NumPy, which its gateway imports.
install 'mlflow-skinny[gateway]==3.17.2' 'numpy==2.4.6'
gateway=$(free_port) nobody=$(free_port)
cat >gateway.yaml <<YAML
endpoints:
  - name: away
    endpoint_type: llm/v1/chat
    model: {provider: openai, name: tiny, config: {openai_api_key: none, openai_api_base: "http://127.0.0.1:$nobody/v1"}}
  - name: vectors
    endpoint_type: llm/v1/embeddings
    model: {provider: openai, name: tiny, config: {openai_api_key: none, openai_api_base: "http://127.0.0.1:$nobody/v1"}}
YAML
MLFLOW_GATEWAY_CONFIG=gateway.yaml serve "$gateway" venv/bin/python -m uvicorn --factory \
  mlflow.gateway.app:create_app_from_env --host 127.0.0.1 --port "$gateway"

python3 - "$gateway" <<'PYTHON'
import sys
from kit import chat, expect

unknown, away, other = (chat(sys.argv[1], name) for name in ("never-configured", "away", "vectors"))
expect("another kind of endpoint is explained with 400", holds=other.status == 400 and "vectors" in other.text)
expect("an unknown name is a 500", holds=unknown.status == 500)
expect("its text names nothing", holds=unknown.text == "Internal Server Error")
expect("a provider that is away looks the same", holds=(away.status, away.text) == (500, unknown.text))
PYTHON
