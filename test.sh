#!/usr/bin/env bash
# Runs everything: formatting, the .NET tests, the page's unit tests and its browser tests. CI runs the same.
#   ./test.sh          the normal sizes
#   ./test.sh --full   the large ones (seeds, mutated frames, soak, the program as one file)
# The last line sums all up: N passed, N failed, N skipped. The exit code is not 0 when anything failed, or when nothing ran.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")" || exit 1

passed=0 failed=0 skipped=0
failures=()
results="$PWD/TestResults"

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
    dotnet_tests CandleStream.Tests
    dotnet_tests CandleStream.EndToEndTests
    if [[ -f frontend/package.json ]]; then
      page_tests "page: unit tests" test vitest
      page_tests "page: browser tests" e2e e2e
    fi
    [[ ${CANDLESTREAM_TEST_FULL:-} == 1 ]] && step "the program as one file" scripts/publish.sh --check linux-x64 linux-arm64 win-x64
  fi

  if ((passed + failed == 0)); then
    echo "no test ran" >&2
    failed=1
  fi
  echo
  ((${#failures[@]} > 0)) && printf 'failed: %s\n' "${failures[@]}"
  ((skipped > 0)) && echo "$passed passed, $failed failed, $skipped skipped" || echo "$passed passed, $failed failed"
  ((failed == 0))
}

# Installs what the tests need and the machine has not, where that is possible; else says what to install.
need_tools() {
  command -v dotnet > /dev/null || stop "install the .NET SDK named in global.json (https://dotnet.microsoft.com/download)"
  command -v npm > /dev/null || stop "install Node.js 20.19 or newer with npm (https://nodejs.org)"
  local packages=() extra=()
  [[ -n "${CHROMIUM:-}" ]] || command -v chromium > /dev/null || packages+=(chromium)
  compgen -G "/usr/lib/postgresql/*/bin/initdb" > /dev/null || command -v initdb > /dev/null || packages+=(postgresql)
  command -v promtool > /dev/null || extra+=(prometheus) # without promtool its tests are skipped
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

# Runs a command that is no test: it counts only when it fails.
step() {
  echo "== $1"
  "${@:2}" && return
  failures+=("$1")
  ((failed++))
  return 1
}

dotnet_tests() {
  echo "== $1"
  dotnet run --project "tests/$1" --no-build -- --report-trx --report-trx-filename "$1.trx" --results-directory "$results" --progress off
  # Microsoft.Testing.Platform: 0 all passed, 2 some failed, 8 none ran, which is no failure by itself.
  local code=$? counters
  counters=$(grep -o '<Counters [^>]*>' "$results/$1.trx" 2> /dev/null)
  mapfile -t -O "${#failures[@]}" failures < <(grep -o '<UnitTestResult [^>]*outcome="Failed"' "$results/$1.trx" 2> /dev/null | sed 's/.* testName="\([^"]*\)".*/\1/')
  add "$1" "$code" "$(counter passed)" "$(counter failed)" "$(counter notExecuted)"
}

counter() { sed -n "s/.* $1=\"\([0-9]*\)\".*/\1/p" <<< "$counters"; }

# page_tests NAME SCRIPT REPORT: runs `npm run SCRIPT`, which leaves its figures in frontend/test-results/REPORT.json.
page_tests() {
  echo "== $1"
  npm --prefix frontend run --silent "$2"
  local code=$? figures
  # Vitest and Playwright name the same three figures differently.
  figures=$(node -p '
    const r = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
    r.stats ? [r.stats.expected + r.stats.flaky, r.stats.unexpected, r.stats.skipped].join(" ")
            : [r.numPassedTests, r.numFailedTests, r.numPendingTests + r.numTodoTests].join(" ")' "frontend/test-results/$3.json" 2> /dev/null)
  # shellcheck disable=SC2086
  add "$1" "$code" $figures
}

# add NAME EXIT_CODE PASSED FAILED SKIPPED: a run that failed without a failed test (a crash, a time-out, a linter) counts as one failure.
add() {
  local code=$2 good=${3:-0} bad=${4:-0} left_out=${5:-0}
  if ((code != 0 && code != 8 && bad == 0)); then
    failures+=("$1 (exit code $code)")
    bad=1
  fi
  ((passed += good, failed += bad, skipped += left_out))
  echo "-- $1: $good passed, $bad failed, $left_out skipped"
}

main "$@"
