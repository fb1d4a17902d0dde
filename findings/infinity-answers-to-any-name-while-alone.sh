#!/usr/bin/env bash
# infinity-emb's server, 0.0.78. Its debugging engine embeds without weights; what names a model is the same code.
#
# The guess: a model that is not loaded is refused, as it is where several are loaded.
#
# Really: while exactly one model is loaded, every name is answered, by that one. With a second model beside it the
# same request is a 400 that lists the names.
#
# Why it matters: a model that was replaced on its server goes on being "available" under its old name, with
# vectors of another model. And on the day a second one is loaded, every old name fails at once.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

install 'infinity-emb[server]==0.0.78'
alone=$(free_port) beside=$(free_port)
export HF_HUB_OFFLINE=1 DO_NOT_TRACK=1
serve "$alone" venv/bin/infinity_emb v2 --engine debugengine --model-id team/one --host 127.0.0.1 --port "$alone"
serve "$beside" venv/bin/infinity_emb v2 --engine debugengine --model-id team/one --model-id team/two \
  --host 127.0.0.1 --port "$beside"

python3 - "$alone" "$beside" <<'PYTHON'
import sys
from kit import embed, expect

alone, beside = (embed(port, "never-loaded", "/embeddings") for port in sys.argv[1:])
expect("alone, it answers to a name that was never loaded", holds=alone.status == 200)
expect("the answer names the model that did", holds=alone.body["model"] == "team/one")
expect("beside another model, the same name is refused with 400", holds=beside.status == 400)
expect("and the names that are loaded are told", holds="team/one" in beside.text and "team/two" in beside.text)
PYTHON
