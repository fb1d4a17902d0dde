# Sourced by the scripts beside it: a temporary folder, pinned packages, servers on loopback, bounded waits.
# Everything is removed and every process that was started is stopped, by its id, when the script ends.

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
place=$(mktemp -d)
started=()

finish() {
  for pid in "${started[@]}"; do kill "$pid" 2>/dev/null || true; done
  for pid in "${started[@]}"; do
    for _ in $(seq 50); do kill -0 "$pid" 2>/dev/null || break; sleep 0.1; done
    kill -KILL "$pid" 2>/dev/null || true
  done
  rm -rf "$place"
}
trap finish EXIT
cd "$place"
export PYTHONPATH=$here

# install NAME==VERSION ...: into a virtual environment of its own; prints what was asked for
install() {
  python3 -m venv venv
  venv/bin/pip install --quiet --disable-pip-version-check "$@" 2>/dev/null
  echo "installed: $*"
}

# install_alone NAME==VERSION ...: into the same environment, without what it asks for
install_alone() {
  venv/bin/pip install --quiet --disable-pip-version-check --no-deps "$@" 2>/dev/null
  echo "installed: $*"
}

# install_npm NAME@VERSION ...: from npm, into node_modules; no package runs a script of its own
install_npm() {
  npm install --silent --no-audit --no-fund --ignore-scripts "$@"
  echo "installed: $*"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# serve PORT COMMAND ...: in the background; waits up to four minutes until something answers on the port
serve() {
  local port=$1
  shift
  HOME=$place "$@" >"server-$port.log" 2>&1 &
  started+=($!)
  python3 "$here/kit.py" wait "$port" $! || { tail -n 20 "server-$port.log"; exit 1; }
}

# litellm PORT: LiteLLM's proxy with config.yaml, behind a key of this run that kit.py sends
litellm() {
  serve "$1" venv/bin/litellm --config config.yaml --host 127.0.0.1 --port "$1" --telemetry False
}
export LITELLM_LOCAL_MODEL_COST_MAP=True
LITELLM_MASTER_KEY=sk-$(python3 -c 'import secrets; print(secrets.token_hex(16))')
export LITELLM_MASTER_KEY

# backend PORT ANSWERS: a provider of our own; what it is asked is written to asked-PORT.jsonl
backend() {
  serve "$1" python3 "$here/kit.py" serve "$1" "$2" "asked-$1.jsonl"
}
