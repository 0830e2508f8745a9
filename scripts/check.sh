#!/usr/bin/env bash
# Checks a running server from outside: stream, status, history, errors. Prints what passed; the exit code is not 0 when something did not.
#   scripts/check.sh [URL] [SYMBOL] [TIMEFRAME]     default: http://127.0.0.1:8000 BTCUSD 1m
# Needs bash and curl only. API_KEY in the environment is sent as X-API-Key.
set -uo pipefail

url=${1:-http://127.0.0.1:8000} symbol=${2:-BTCUSD} timeframe=${3:-1m}
url=${url%/}
series="symbol=$symbol&timeframe=$timeframe"
passed=0 failed=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# get PATH [CURL OPTIONS]: leaves the answer in $status, $head and $body.
get() {
  status=$(curl -sS --max-time 15 ${API_KEY:+-H "X-API-Key: $API_KEY"} -D "$work/head" -o "$work/body" -w '%{http_code}' "${@:2}" "$url$1" 2> "$work/error") || status="none ($(cat "$work/error"))"
  head=$(cat "$work/head" 2> /dev/null) body=$(cat "$work/body" 2> /dev/null)
  : > "$work/head"; : > "$work/body"
}

# check NAME CONDITION…: the condition is a command.
check() {
  if "${@:2}"; then
    echo "ok    $1"
    ((passed++))
  else
    echo "FAIL  $1 (status $status: ${body:0:200})"
    ((failed++))
  fi
}

has() { [[ $body == *"$1"* ]]; }
is() { [[ $status == "$1" ]]; }
head_has() { grep -qi "^$1" <<< "$head"; }
refused() { is "$1" && head_has "content-type: application/problem+json" && has "\"status\":$1" && { [[ -z ${2:-} ]] || has "\"field\":\"$2\""; }; }

echo "checking $url, $symbol $timeframe"

get /health/live;  check "lives" is 200
get /health/ready; check "is ready" is 200
get /timeframes;   check "lists timeframes" has '{"timeframe":"1m","ms":60000}'
get /symbols;      check "lists symbols" has '"symbols":['

# Six seconds of the stream: the time-out ends it, so curl's exit code says nothing.
curl -sS -N --max-time 6 ${API_KEY:+-H "X-API-Key: $API_KEY"} -D "$work/head" -o "$work/body" "$url/candles/stream?$series&snapshot=3" 2> /dev/null
head=$(cat "$work/head" 2> /dev/null) body=$(cat "$work/body" 2> /dev/null) status=$(sed -n '1s/^[^ ]* \([0-9]*\).*/\1/p' "$work/head" 2> /dev/null)
check "stream: is an event stream that nothing holds back" eval 'is 200 && head_has "content-type: text/event-stream" && head_has "x-accel-buffering: no" && head_has "cache-control: no-cache"'
for event in hello status snapshot synced; do check "stream: event $event" has "event: $event"; done
check "stream: says the state of the series" has "\"series\":\"$symbol:$timeframe\",\"state\":\""
seam=$(sed -n 's/^data: {"asof":\([0-9]*\).*/\1/p' <<< "$body" | head -n 1)
check "stream: the seam has a number" test -n "$seam"

# The linger keeps the series open for half a minute after its last reader.
get /candles/stream/status
check "status: lists the series" has "\"key\":\"$symbol:$timeframe\""
check "status: has its sums" eval 'has "\"active_streams\":" && has "\"total_subscribers\":"'

get "/candles?$series&limit=5"
check "history: candles and the seam" eval 'is 200 && has "\"candles\":[{\"time\":" && has "\"asof\":" && has "\"gaps\":"'
get "/candles?$series&limit=5&sort=desc"; check "history: newest first" is 200
get "/candles?$series&since=${seam:-0}"; check "history: changes since the stream's seam" eval 'is 200 && ! has "\"reset\":true"'
get "/candles?$series&limit=5" -H 'Accept: text/csv'; check "history: as CSV" has 'time,open,high,low,close,volume,closed,rev'
get "/candles?$series&limit=1&end=1"; etag=$(sed -n 's/^[Ee][Tt][Aa][Gg]: //p' <<< "$head" | tr -d '\r')
get "/candles?$series&limit=1&end=1" -H "If-None-Match: $etag"; check "history: 304 while nothing changed" is 304

get "/candles?timeframe=$timeframe";             check "error: symbol missing" refused 400 symbol
get "/candles?symbol=NOSUCHUSD&timeframe=1m";    check "error: unknown symbol" refused 404 symbol
get "/candles?symbol=$symbol&timeframe=1x";      check "error: unknown timeframe" refused 400 timeframe
get "/candles?$series&limit=0";                  check "error: limit 0" refused 400 limit
get "/candles?$series&limit=10001";              check "error: limit 10001" refused 400 limit
get "/candles?$series&start=yesterday";          check "error: start is no time" refused 400 start
get "/candles?$series&start=2&end=1";            check "error: end before start" refused 400 end
get "/candles/stream?symbol=$symbol&timeframe=7m"; check "error: unknown timeframe on the stream" refused 400
get /candles/nothing;                            check "error: unknown path" refused 404
get "/candles?$series" -X POST;                  check "error: wrong method" refused 405

get /openapi/v1.json; check "describes itself" has '"openapi":'

echo
echo "$passed passed, $failed failed"
((failed == 0))
