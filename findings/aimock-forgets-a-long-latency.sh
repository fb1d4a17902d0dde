#!/usr/bin/env bash
# @copilotkit/aimock, 1.43.0, a server of made-up models for tests; one fixture can ask for a latency in milliseconds.
#
# The guess: a latency that is too long for the server is refused when the fixtures are read, or cut to the longest
# that it can do.
#
# Really: up to 30,000 ms it waits. Of anything above, it says nothing, and answers at once.
#
# Why it matters: a model that is made to hang longer than a probe's second time-out (90 s as a rule) is the quickest
# of all, so that a test of hanging models passes without one.
set -euo pipefail
source "$(dirname "$0")/kit.sh"

install_npm '@copilotkit/aimock@1.43.0'
cat >fixtures.json <<'JSON'
{"fixtures": [
  {"match": {"model": "short"}, "response": {"content": "Hello"}, "chaos": {"latencyMs": 4000}},
  {"match": {"model": "long"}, "response": {"content": "Hello"}, "chaos": {"latencyMs": 90000}}
]}
JSON
echo '{"llm": {"fixtures": "fixtures.json"}}' >aimock.json
port=$(free_port)
serve "$port" node node_modules/@copilotkit/aimock/dist/aimock-cli.js --config aimock.json --host 127.0.0.1 --port "$port"

python3 - "$port" <<'PYTHON'
import sys
from kit import chat, expect

short, long = chat(sys.argv[1], "short"), chat(sys.argv[1], "long")
expect(f"4 s are waited for ({short.seconds:.1f} s)", holds=short.status == 200 and short.seconds >= 4)
expect(f"90 s are not ({long.seconds:.1f} s)", holds=long.status == 200 and long.seconds < 45)
PYTHON
grep -ciE 'latency|30,?000' "server-$port.log" >/dev/null && { echo 'it says something of it by now'; exit 1; }
echo 'as expected: its log says nothing of it'
