#!/usr/bin/env bash
# Runs everything: formatting, the .NET tests, the Python client's, the page's unit tests and its browser tests. CI runs the same.
#   ./test.sh          the normal sizes
#   ./test.sh --full   the large ones (seeds, mutated frames, soak, mutants, the program as one file)
# At the end it prints how long each part took, the skipped and the failed tests, and last the sum: N passed, N failed, N skipped.
# The exit code is not 0 when anything failed, or when nothing ran. The runners' reports stay in TestResults/ and frontend/test-results/.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

results="$PWD/TestResults" parts="$PWD/TestResults/parts.jsonl"

main() {
  for argument in "$@"; do
    case "$argument" in
      --full) export CANDLESTREAM_TEST_FULL=1 ;;
      *) echo "usage: ./test.sh [--full]" >&2; exit 2 ;;
    esac
  done
  export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_CLI_UI_LANGUAGE=en
  need_tools
  rm -rf "$results" frontend/test-results
  mkdir -p "$results"

  if step "build" dotnet build CandleStream.slnx -v quiet; then
    # The build has judged style and analyzers already (warnings are errors); this is what it does not look at: blanks and line ends.
    step "formatting" dotnet format whitespace CandleStream.slnx --verify-no-changes --no-restore
    # Without them the tests of the doors for other programs are skipped, and under CI=true they fail.
    step "other people's clients" npm --prefix tests/clients ci --ignore-scripts --silent
    dotnet_tests CandleStream.Tests
    dotnet_tests CandleStream.EndToEndTests
    python_tests
    if [[ -f frontend/package.json ]]; then
      page_tests "page: unit tests" test vitest
      page_tests "page: browser tests" e2e e2e
    fi
    if [[ ${CANDLESTREAM_TEST_FULL:-} == 1 ]]; then
      step "mutants" scripts/mutants.sh
      step "the program as one file" scripts/publish.sh --check linux-x64 linux-arm64 win-x64
    fi
  fi

  echo
  node scripts/count-tests.mjs sum "$parts" "$SECONDS"
}

# Installs what the tests need and the machine has not, where that is possible; else says what to install.
need_tools() {
  command -v dotnet > /dev/null || stop "install the .NET SDK named in global.json (https://dotnet.microsoft.com/download)"
  command -v npm > /dev/null || stop "install Node.js 20.19 or newer with npm (https://nodejs.org)"
  local packages=() extra=()
  # The Python client needs 3.10 or newer; its package is tried in an empty environment.
  python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' 2> /dev/null || packages+=(python3 python3-venv)
  [[ -n "${CHROMIUM:-}" ]] || command -v chromium > /dev/null || packages+=(chromium)
  compgen -G "/usr/lib/postgresql/*/bin/initdb" > /dev/null || command -v initdb > /dev/null || packages+=(postgresql)
  command -v promtool > /dev/null || extra+=(prometheus) # without promtool its tests are skipped
  # without Firefox the page is tested in Chromium only
  [[ -n "${FIREFOX:-}" ]] || command -v firefox-esr > /dev/null || command -v firefox > /dev/null || extra+=(firefox-esr)
  local proxy
  for proxy in nginx caddy haproxy; do # without one its recipe is not tested
    command -v "$proxy" > /dev/null || [[ -x "/usr/sbin/$proxy" ]] || extra+=("$proxy")
  done
  ((${#packages[@]} + ${#extra[@]} == 0)) && return
  if [[ $EUID -eq 0 ]] && command -v apt-get > /dev/null; then
    packages+=("${extra[@]}")
    echo "== installing ${packages[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${packages[@]}"; } > "${TMPDIR:-/tmp}/candlestream-apt.log" 2>&1 && return
    tail -n 5 "${TMPDIR:-/tmp}/candlestream-apt.log" >&2
  fi
  ((${#packages[@]} == 0)) && return
  stop "install ${packages[*]} (Debian: apt-get install ${packages[*]})"
}

stop() {
  echo "test.sh: $1" >&2
  exit 1
}

# step NAME COMMAND…: runs a command that is no test: it counts only when it fails.
step() {
  echo "== $1"
  local began=$SECONDS code
  "${@:2}"
  code=$?
  count "$1" "$code" "$began"
  return "$code"
}

# A test process that takes far too long is ended, and the tests that ran are named: one that runs for two minutes is printed, again and again.
# The longest single test of --full is the soak of an hour.
dotnet_tests() {
  echo "== $1"
  local began=$SECONDS limit=40m
  [[ ${CANDLESTREAM_TEST_FULL:-} == 1 ]] && limit=8h
  timeout --kill-after=1m "$limit" dotnet run --project "tests/$1" --no-build -- --report-trx --report-trx-filename "$1.trx" --results-directory "$results" \
    --ansi off --progress off --long-running 120 --xunit-diagnostics on --show-test-results all --show-stdout Failed --show-stderr Failed 2>&1 |
    tee "$results/$1.log" | grep -v '^passed '
  count "$1" "${PIPESTATUS[0]}" "$began" "$results/$1.trx" "$results/$1.log"
}

# The package of clients/python, with the python3 of this machine and with --full with every other one that is supported.
python_tests() {
  local python began
  for python in python3 $([[ ${CANDLESTREAM_TEST_FULL:-} == 1 ]] && echo python3.{10,11,12,13}); do
    "$python" -c 'import venv, ensurepip' 2> /dev/null || continue
    echo "== clients: $python"
    began=$SECONDS
    "$python" clients/python/tests/run.py --report "$results/$python.json"
    count "clients: $python" "$?" "$began" "$results/$python.json"
  done
}

# page_tests NAME SCRIPT REPORT: runs `npm run SCRIPT`, which leaves its figures in frontend/test-results/REPORT.json.
page_tests() {
  echo "== $1"
  local began=$SECONDS
  npm --prefix frontend run --silent "$2"
  count "$1" "$?" "$began" "frontend/test-results/$3.json"
}

# count NAME EXIT_CODE BEGAN [REPORT [LOG]]
count() {
  node scripts/count-tests.mjs part "$parts" "$1" "$2" "$((SECONDS - $3))" "${@:4}"
}

main "$@"
