#!/usr/bin/env bash
# Measures what following quiet series costs: the real server records 0, 25 and 250 series of which none is traded (heartbeats only), on 0, 1 and 10
# connections to the simulator. Prints resident memory, managed heap after a full collection's worth of time, and CPU per minute of each.
#   bench/quiet.sh [SECONDS]        BIN=DIR keeps the built programs
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/lib.sh
seconds=${1:-60}
build CandleStream.Server server src/CandleStream.Server
build CandleStream.Simulator simulator src/CandleStream.Simulator

ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }
live() { curl -s "http://127.0.0.1:$1/candles/stream/status" | python3 -c 'import json, sys; print(sum(s["state"] == "live" for s in json.load(sys.stdin)["streams"]))'; }
private_kb() { awk '/^Private_Dirty/ { sum += $2 } END { print sum }' "/proc/$1/smaps_rollup"; }

exchange=$(free_port)
"$bin/simulator/CandleStream.Simulator" --port "$exchange" --market load --series 250 --rate 0.0001 --connect-limit 0 --rest-limit 0 >"$work/simulator.log" 2>&1 &
wait_for "$exchange"

for count in 0 25 250; do
    port=$(free_port)
    names=$(for ((n = 0; n < count; n++)); do printf 'LOAD%03dUSD:1m,' "$n"; done)
    "$bin/server/CandleStream.Server" --Urls="http://127.0.0.1:$port" --Bitfinex:WebSocketUrl="ws://127.0.0.1:$exchange/ws/2" --Bitfinex:RestUrl="http://127.0.0.1:$exchange/v2" \
        --Storage:SqlitePath="$work/$port.db" --Record="${names%,}" --Logging:LogLevel:Default=Warning >"$work/server-$count.log" 2>&1 &
    server=$!; wait_for "$port"
    for _ in $(seq 600); do [ "$(live "$port")" = "$count" ] && break; sleep 0.5; done
    sleep 30 # REST checks of what the snapshots covered are due after a minute, and are not what is measured
    before=$(ticks "$server"); sleep "$seconds"; after=$(ticks "$server")
    echo "{\"series\":$count,\"live\":$(live "$port"),\"private_kb\":$(private_kb "$server"),\"cpu_ms_per_minute\":$(python3 -c "print(round(($after - $before) * 10 * 60 / $seconds))")}"
    stop "$server"
done
