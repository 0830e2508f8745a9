#!/usr/bin/env bash
# Shows how candles flow: the architecture, then, unless skipped, a server in demo mode and its stream.
#   scripts/demo.sh               starts the server with the built-in simulator on a free port; Ctrl-C ends both
#   scripts/demo.sh --skip-live   shows the architecture only
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 1

cat << 'PICTURE'

  CandleStream: live candles from the exchange to any number of charts and bots

    Bitfinex WebSocket v2          (here: the built-in simulator, prices are not real)
            │  one subscription per series, however many watch it
            ▼
    BitfinexWebSocketCandleProvider ◄── REST: backfill, repair, polling
            │  candles, exchange time, states
            ▼
    CandleStreamService            one hub per series: numbers every change (rev)
            │                  └──► CandleWriter ──► SQLite | PostgreSQL
            ▼
    server-sent events             /candles/stream?symbol=BTCUSD&timeframe=1m
            │
            ▼
    EventSource ──► chart

PICTURE

case "${1:-}" in
  --skip-live) exit 0 ;;
  "") ;;
  *) echo "usage: scripts/demo.sh [--skip-live]" >&2; exit 2 ;;
esac

work=$(mktemp -d)
log=$work/log
cleanup() {
  [[ -n ${server:-} ]] && kill "$server" 2> /dev/null && wait "$server" 2> /dev/null
  rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 0' INT TERM

echo "Building and starting the server…"
dotnet build src/CandleStream.Server -v quiet -p:SkipUi=true > "$log" 2>&1 || { cat "$log" >&2; exit 1; }
dotnet src/CandleStream.Server/bin/Debug/net10.0/CandleStream.Server.dll --demo --port 0 --Storage:SqlitePath="$work/demo.db" > "$log" 2>&1 &
server=$!
for _ in {1..300}; do
  url=$(sed -n 's/.*Now listening on: \(http[^ ]*\).*/\1/p' "$log")
  [[ -n $url ]] && break
  kill -0 "$server" 2> /dev/null || { cat "$log" >&2; exit 1; }
  sleep 0.1
done
[[ -n $url ]] || { echo "the server did not start:" >&2; cat "$log" >&2; exit 1; }

echo "Listening on $url. Candles of BTCUSD and ETHUSD as they change (Ctrl-C ends):"
echo
curl -sSN "$url/candles/stream?series=BTCUSD:1m,ETHUSD:1m" | while IFS= read -r line; do
  case "$line" in
    "event: "* | "data: "*) printf '%s\n' "${line:0:200}" ;;
  esac
done
