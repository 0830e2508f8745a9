#!/usr/bin/env bash
# Measures the real server, fed by the simulator's load market, and nchan beside it, turn by turn in one run. See bench/README.md.
#   bench/run.sh CONNECTIONS SERIES RATE [ROUNDS] [SECONDS]        e.g. bench/run.sh 2000 1 10 5 8
# One line of JSON per measurement goes to $OUT (default: standard output). SERVERS="product single stalled nchan" says what is measured (default: product nchan); stalled is the product with a tenth of the readers stalled. BODYWRITER=1 measures the path through the web server's writer.
set -euo pipefail
cd "$(dirname "$0")/.."
. bench/lib.sh
connections=$1 series=$2 rate=$3 rounds=${4:-5} seconds=${5:-8}
ulimit -n "$(ulimit -Hn)"
build CandleStream.Server server src/CandleStream.Server
build CandleStream.Simulator simulator src/CandleStream.Simulator
build CandleStream.Load load bench/CandleStream.Load

label() { sed "s/^{/{\"server\":\"$1\",\"rate\":$rate,/" | if [ -n "${OUT:-}" ]; then cat >>"$OUT"; else cat; fi; }

# ours BATCHED LABEL
ours() {
    local exchange port
    exchange=$(free_port); port=$(free_port)
    "$bin/simulator/CandleStream.Simulator" --port "$exchange" --market load --series "$series" --rate "$rate" --channel-limit 0 --connect-limit 0 --rest-limit 0 >"$work/simulator.log" 2>&1 &
    local simulator=$!; wait_for "$exchange"
    "$bin/server/CandleStream.Server" --Urls="http://127.0.0.1:$port" --Bitfinex:WebSocketUrl="ws://127.0.0.1:$exchange/ws/2" --Bitfinex:RestUrl="http://127.0.0.1:$exchange/v2" \
        --Storage:SqlitePath="$work/$port.db" --Streaming:MaxOpenSeries=1000 --Streaming:MaxStreams=20000 --Streaming:DirectSockets="$([ "${BODYWRITER:-0}" = 1 ] && echo false || echo true)" \
        --Streaming:BatchedSends="$1" --Logging:LogLevel:Default=Warning >"$work/server.log" 2>&1 &
    local server=$!; wait_for "$port"
    "$bin/load/CandleStream.Load" stream --url "http://127.0.0.1:$port" --connections "$connections" --series "$series" --duration "$seconds" --warmup "${WARMUP:-6}" --pid "$server" ${LOAD_ARGS:-} | label "$2"
    stop "$server" "$simulator"
}

nchan() {
    local port folder
    port=$(free_port); folder=$work/nchan-$port; mkdir -p "$folder"
    sed "s#@MODULES@#$(nginx -V 2>&1 | grep -o 'modules-path=[^ ]*' | cut -d= -f2)#;s#@FOLDER@#$folder#g;s/@PORT@/$port/" bench/peers/nchan.conf >"$folder/nginx.conf"
    nginx -p "$folder" -c "$folder/nginx.conf" >"$folder/out" 2>&1 &
    local master=$!; wait_for "$port"; sleep 0.3
    local worker; worker=$(tr -d ' ' <"/proc/$master/task/$master/children")
    local total; total=$(python3 -c "print(${WARMUP:-6} + $seconds + $connections / 500 + 10)")
    "$bin/load/CandleStream.Load" publish --url "http://127.0.0.1:$port" --series "$series" --rate "$rate" --duration "$total" >/dev/null 2>"$work/publish.log" &
    local publisher=$!
    "$bin/load/CandleStream.Load" stream --url "http://127.0.0.1:$port" --path '/sub/{0}' --connections "$connections" --series "$series" --duration "$seconds" --warmup "${WARMUP:-6}" --pid "$worker" ${LOAD_ARGS:-} | label nchan
    stop "$publisher" "$master"
}

for _ in $(seq "$rounds"); do
    for server in ${SERVERS:-product nchan}; do
        case $server in
            product) ours auto product ;;
            single) ours false single ;;
            stalled) LOAD_ARGS="${LOAD_ARGS:-} --stalled 0.1" ours auto stalled ;;
            nchan) nchan ;;
        esac
    done
done
