#!/usr/bin/env bash
# The storage bench on SQLite and on a throw-away PostgreSQL (defaults of the server, fsync on), side by side with sqlite3 and psql.
# usage: bench/storage/run.sh [rows] [repeats] [series]      (1 000 000, 3 and 1; needs sqlite3, psql and PostgreSQL's server programs)
set -euo pipefail
cd "$(dirname "$0")/../.."

bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1 || true)
folder=$(mktemp -d /tmp/candlestream-bench-pg-XXXXXX)
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
# PostgreSQL refuses to run as root.
as_server=()
if [ "$(id -u)" = 0 ]; then chown postgres "$folder"; as_server=(runuser -u postgres --); fi
pg() { local program=$1; shift; (cd / && "${as_server[@]}" "${bin:+$bin/}$program" "$@"); }

stop() { pg pg_ctl -D "$folder/data" -m fast stop >/dev/null || true; rm -rf "$folder"; }
trap stop EXIT
pg initdb -D "$folder/data" -A trust -U postgres --no-sync -E UTF8 --locale=C >/dev/null
pg pg_ctl -D "$folder/data" -w -l "$folder/log" -o "-p $port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$folder -c max_wal_size=4GB" start >/dev/null

dotnet build bench/CandleStream.Benchmarks -c Release -m:1 -v q
DATABASE_URL="postgresql://postgres@127.0.0.1:$port/postgres" dotnet run --project bench/CandleStream.Benchmarks -c Release --no-build -- storage "$@"
