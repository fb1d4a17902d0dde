#!/usr/bin/env bash
# The simplest monitor there is, to compare with: one model after the other, a curl and a jq for each.
# Usage: one_by_one.sh BASE_URL TIMEOUT_S
# Prints a line for each listed model: what was found, its id, its HTTP status (000: no answer in time).
set -euo pipefail

base_url=$1
timeout_s=$2

ask() {
  curl --silent --noproxy '*' --max-time "$timeout_s" "$@"
}

found_in() { # STATUS BODY
  case $1 in
    200) jq --exit-status '.choices | length > 0' <<<"$2" >/dev/null 2>&1 && echo hosted || echo ambiguous ;;
    429) echo hosted ;;
    401 | 403 | 404 | 500) echo not_available ;;
    *) echo ambiguous ;;
  esac
}

ask "$base_url/models" | jq --raw-output '.data[].id' | while IFS= read -r model; do
  question=$(jq --null-input --compact-output --arg model "$model" \
    '{$model, messages: [{role: "user", content: "hi"}], max_tokens: 16}')
  answer=$(ask --write-out '\n%{http_code}' --header 'Content-Type: application/json' \
    --data "$question" "$base_url/chat/completions") || answer=$'\n000'
  status=${answer##*$'\n'}
  printf '%s\t%s\t%s\n' "$(found_in "$status" "${answer%$'\n'*}")" "$model" "$status"
done
