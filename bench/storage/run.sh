#!/usr/bin/env bash
# The storage bench on SQLite and on a throw-away PostgreSQL (defaults of the server, fsync on), side by side with sqlite3 and psql.
#   bench/storage/run.sh [rows] [repeats] [series] [sqlite|postgres]        1 000 000, 3, 1 and both; BIN=DIR keeps the built program
# bench/storage/run.sh 1000000,10000000,50000000 0 250 lets the table grow and measures at each size.
# Needs sqlite3, psql and PostgreSQL's server programs. All files lie in folders made below $TMPDIR, and are removed.
set -euo pipefail
cd "$(dirname "$0")/../.."
. bench/lib.sh
build CandleStream.Benchmarks benchmarks bench/CandleStream.Benchmarks

server=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
database=$(mktemp -d)
# PostgreSQL refuses to run as root.
as_owner=()
if [ "$(id -u)" = 0 ]; then chown postgres "$database"; as_owner=(runuser -u postgres --); fi
pg() { local program=$1; shift; (cd / && "${as_owner[@]}" "${server:+$server/}$program" "$@"); }
stop_database() { pg pg_ctl -D "$database/data" -m fast stop >/dev/null || true; rm -rf "$database"; }
trap 'stop_database; finish' EXIT

port=$(free_port)
pg initdb -D "$database/data" -A trust -U postgres --no-sync -E UTF8 --locale=C >/dev/null
pg pg_ctl -D "$database/data" -w -l "$database/log" -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$database -c max_wal_size=4GB" start >/dev/null
DATABASE_URL="postgresql://postgres@127.0.0.1:$port/postgres" "$bin/benchmarks/CandleStream.Benchmarks" storage "$@"
