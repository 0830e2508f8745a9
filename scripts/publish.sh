#!/usr/bin/env bash
# Makes the server one file with the runtime and the page inside: artifacts/RID/candlestream (candlestream.exe for Windows).
#   scripts/publish.sh [RID]...        default: linux-x64; linux-arm64 and win-x64 are built as well, on any machine
#   scripts/publish.sh --check         linux-x64, then runs it with --demo from an empty folder and asks it for the page and for candles
# Needs the .NET SDK and Node.js (docs/install.md). What is built elsewhere in the repository is left as it is.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

main() {
  local check=false rids=()
  for argument in "$@"; do
    case "$argument" in
      --check) check=true ;;
      linux-x64 | linux-arm64 | win-x64) rids+=("$argument") ;;
      *) echo "usage: scripts/publish.sh [--check] [linux-x64|linux-arm64|win-x64]..." >&2; exit 2 ;;
    esac
  done
  ((${#rids[@]} > 0)) || rids=(linux-x64)
  for rid in "${rids[@]}"; do publish "$rid"; done
  if $check; then run_from_empty_folder artifacts/linux-x64/candlestream; fi
}

# A runtime adds packages, which the committed lock files do not know: this restore has lock files, and an output, of its own.
publish() {
  local rid=$1 target=artifacts/$1 extension=""
  [[ $rid == win-* ]] && extension=.exe
  rm -rf "$target"
  dotnet publish src/CandleStream.Server -c Release -r "$rid" --self-contained --artifacts-path artifacts/build -o "$target" -v quiet --nologo \
    -p:RestoreLockedMode=false -p:NuGetLockFilePath=obj/single-file.lock.json \
    -p:PublishSingleFile=true -p:IncludeAllContentForSelfExtract=true -p:EnableCompressionInSingleFile=true -p:DebugType=none -p:IsTransformWebConfigDisabled=true -p:PublishDocumentationFiles=false
  mv "$target/CandleStream.Server$extension" "$target/candlestream$extension"
  [[ $(ls "$target") == "candlestream$extension" ]] || { echo "publish.sh: more than one file in $target:" $(ls "$target") >&2; exit 1; }
  cp LICENSE THIRD-PARTY-NOTICES.md "$target"
  echo "$target/candlestream$extension ($(du -m "$target/candlestream$extension" | cut -f1) MB)"
}

run_from_empty_folder() {
  local program url
  program=$(realpath "$1")
  work=$(mktemp -d)
  trap 'stop; rm -rf "$work"' EXIT
  mkdir "$work/empty" "$work/extracted"
  (cd "$work/empty" && DOTNET_BUNDLE_EXTRACT_BASE_DIR="$work/extracted" exec "$program" --demo --port 0) > "$work/log" 2>&1 &
  server=$!
  for _ in {1..300}; do
    url=$(sed -n 's/.*Now listening on: \(http[^ ]*\).*/\1/p' "$work/log")
    [[ -n $url ]] && break
    kill -0 "$server" 2> /dev/null || break
    sleep 0.1
  done
  [[ -n ${url:-} ]] || fail "does not start"
  curl -fsS "$url/" | grep -q '<div id="root">' || fail "does not serve the page"
  local script
  script=$(curl -fsS "$url/" | sed -n 's/.*src="\(\/assets\/[^"]*\.js\)".*/\1/p')
  curl -fsS -o "$work/script" "$url$script" && [[ -s $work/script ]] || fail "does not serve the page's script"
  curl -fsS "$url/candles?symbol=BTCUSD&timeframe=1m&limit=3" | grep -q '"candles":\[{' || fail "has no candles"
  stop || fail "does not end with 0 after SIGTERM"
  echo "runs from an empty folder and serves the page"
}

stop() {
  [[ -n ${server:-} ]] || return 0
  local pid=$server
  server=""
  kill -TERM "$pid" 2> /dev/null
  wait "$pid"
}

fail() {
  echo "publish.sh: the program $1:" >&2
  cat "$work/log" >&2
  exit 1
}

main "$@"
