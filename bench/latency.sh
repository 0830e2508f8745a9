#!/usr/bin/env bash
# Time from the receipt of a frame of the exchange to the bytes in the socket of one subscriber, as the server's own histogram has it (candlestream_write_duration_seconds).
#   bench/latency.sh [UPDATES_PER_SECOND] [SECONDS] [ROUNDS]        BIN=DIR keeps the built programs
# One line of JSON per round: the share of updates written within each bucket's bound, µs.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/lib.sh
rate=${1:-50} seconds=${2:-20} rounds=${3:-5}
build CandleStream.Server server src/CandleStream.Server
build CandleStream.Simulator simulator src/CandleStream.Simulator
build CandleStream.Load load bench/CandleStream.Load

for _ in $(seq "$rounds"); do
    exchange=$(free_port); port=$(free_port)
    "$bin/simulator/CandleStream.Simulator" --port "$exchange" --market load --series 1 --rate "$rate" --connect-limit 0 --rest-limit 0 >"$work/simulator.log" 2>&1 &
    simulator=$!; wait_for "$exchange"
    "$bin/server/CandleStream.Server" --Urls="http://127.0.0.1:$port" --Bitfinex:WebSocketUrl="ws://127.0.0.1:$exchange/ws/2" --Bitfinex:RestUrl="http://127.0.0.1:$exchange/v2" \
        --Storage:SqlitePath="$work/$port.db" --Logging:LogLevel:Default=Warning >"$work/server.log" 2>&1 &
    server=$!; wait_for "$port"
    "$bin/load/CandleStream.Load" stream --url "http://127.0.0.1:$port" --connections 1 --warmup 20 --duration "$((seconds + 5))" --pid "$server" >"$work/load.json" &
    reader=$!
    sleep 21 # the runtime compiles hot code anew during the first seconds
    curl -sS "http://127.0.0.1:$port/metrics" >"$work/before"
    sleep "$seconds"
    curl -sS "http://127.0.0.1:$port/metrics" >"$work/after"
    wait "$reader"
    python3 - "$work/before" "$work/after" <<'PY'
import json, re, sys

def buckets(file):
    text = open(file).read()
    return {float(m[1]): float(m[2]) for m in re.finditer(r'candlestream_write_duration_seconds_bucket\{[^}]*le="([^"]+)"[^}]*\} (\S+)', text)}

before, after = buckets(sys.argv[1]), buckets(sys.argv[2])
grown = {bound: after[bound] - before.get(bound, 0) for bound in sorted(after)}
total = grown.pop(float("inf"))
print(json.dumps({"updates": int(total), "within_us": {f"{bound * 1e6:.0f}": round(count / total, 4) for bound, count in grown.items() if bound <= 0.01}}))
PY
    stop "$server" "$simulator"
done
