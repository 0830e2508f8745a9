#!/usr/bin/env bash
# CPU per connect: visitors come, join, stay a second and leave, while one subscriber is served; the same against a bare endpoint of the web server.
#   bench/churn.sh [CONNECTS_PER_SECOND] [ROUNDS] [SECONDS]        BIN=DIR keeps the built programs
# One line of JSON per measurement; cpu_us_per_connect has the CPU of the same server without visitors taken off.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/lib.sh
churn=${1:-1000} rounds=${2:-5} seconds=${3:-20}
ulimit -n "$(ulimit -Hn)"
build CandleStream.Server server src/CandleStream.Server
build CandleStream.Simulator simulator src/CandleStream.Simulator
build CandleStream.Load load bench/CandleStream.Load

# measure NAME PORT PID: with visitors and without
measure() {
    local with without
    with=$("$bin/load/CandleStream.Load" stream --url "http://127.0.0.1:$2" --connections 1 --churn "$churn" --sources 20 --warmup 10 --duration "$seconds" --pid "$3")
    without=$("$bin/load/CandleStream.Load" stream --url "http://127.0.0.1:$2" --connections 1 --warmup 3 --duration 10 --pid "$3")
    python3 - "$1" "$with" "$without" <<'PY'
import json, sys
name, busy, calm = sys.argv[1], json.loads(sys.argv[2]), json.loads(sys.argv[3])
cpu = busy["cpu_seconds"] - calm["cpu_seconds"] * busy["seconds"] / calm["seconds"]
print(json.dumps({"server": name, "connects": busy["churned"], "failed": busy["churn_failed"], "missing": busy["missing"],
                  "descriptors_grown": busy["descriptors_grown"], "threads_grown": busy["threads_grown"], "kb_grown": busy["kb_per_connection"], "cpu_us_per_connect": round(cpu * 1e6 / busy["churned"], 1)}))
PY
}

for _ in $(seq "$rounds"); do
    exchange=$(free_port); port=$(free_port)
    "$bin/simulator/CandleStream.Simulator" --port "$exchange" --market load --series 1 --rate 1 --connect-limit 0 --rest-limit 0 >"$work/simulator.log" 2>&1 &
    simulator=$!; wait_for "$exchange"
    "$bin/server/CandleStream.Server" --Urls="http://127.0.0.1:$port" --Bitfinex:WebSocketUrl="ws://127.0.0.1:$exchange/ws/2" --Bitfinex:RestUrl="http://127.0.0.1:$exchange/v2" \
        --Storage:SqlitePath="$work/$port.db" --Streaming:MaxStreams=20000 --Logging:LogLevel:Default=Warning >"$work/server.log" 2>&1 &
    server=$!; wait_for "$port"
    measure product "$port" "$server"
    stop "$server" "$simulator"

    port=$(free_port)
    "$bin/load/CandleStream.Load" bare --port "$port" >"$work/bare.log" 2>&1 &
    bare=$!; wait_for "$port"
    measure bare "$port" "$bare"
    stop "$bare"
done
