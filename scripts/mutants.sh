#!/usr/bin/env bash
# Breaks one rule of the core at a time, as scripts/mutants.txt lists them, and runs the tests that should notice. Prints who survives.
#   scripts/mutants.sh             all of them
#   scripts/mutants.sh NAME…       some; NAME may end in *
#   scripts/mutants.sh --list      their names
#   scripts/mutants.sh --check     whether the text of each is found exactly once; nothing is built
# The tree is copied first, with what is not committed, so nothing here is changed. The exit code is not 0 when a mutant survives, when its
# text is not found exactly once, or when its tests fail without it.
# The copy is built once. Each mutant is then one call of the compiler, which stays warm, straight into the folder of the tests.
#   MUTANT_WORK=DIR    keeps the copy there, so that the next run builds only what changed
#   MUTANT_LIMIT=120   seconds for the tests of one mutant; where they do not end by then, it is not judged
#   MUTANT_TRUST=1     leaves out the run without a mutant, where the tests have just passed
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

names=() types=() projects=() tests=() olds=() news=()
survivors=() broken=()
tree=$root work='' limit=${MUTANT_LIMIT:-120}

main() {
  read_list "$root/scripts/mutants.txt"
  case ${1:-} in
    --list) printf '%s\n' "${names[@]}"; return ;;
    --check) check; return ;;
  esac
  local chosen=() i name before
  for name in "${@:-*}"; do
    before=${#chosen[@]}
    # shellcheck disable=SC2053
    for i in "${!names[@]}"; do [[ ${names[i]} == $name ]] && chosen+=("$i"); done
    ((${#chosen[@]} > before)) && continue
    echo "mutants.sh: there is no mutant $name" >&2
    return 2
  done

  work=${MUTANT_WORK:-$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX")}
  [[ -n ${MUTANT_WORK:-} ]] || trap 'rm -rf "$work"' EXIT
  tree=$work/tree
  prepare "${chosen[@]}" || return 1
  for i in "${chosen[@]}"; do mutate "$i"; done
  report "${#chosen[@]}"
}

check() {
  local i file
  for i in "${!names[@]}"; do file=$(file_with "${types[i]}" "${olds[i]}") || spoiled "$i" "$file"; done
  echo "${#names[@]} mutants, ${#broken[@]} broken"
  ((${#broken[@]} == 0))
}

# Blocks of three lines: "NAME | TYPE | FILTERS", "- TEXT", "+ REPLACEMENT" (which may be empty).
read_list() {
  local line name type filters
  while IFS= read -r line; do
    case "$line" in
      '' | '#'*) ;;
      '- '*) olds+=("${line#- }") ;;
      '+' | '+ '*) line=${line#+}; news+=("${line# }") ;;
      *)
        IFS='|' read -r name type filters <<< "$line"
        names+=("${name// /}") types+=("${type// /}") tests+=("${filters//e2e:/}")
        [[ $filters == *e2e:* ]] && projects+=(CandleStream.EndToEndTests) || projects+=(CandleStream.Tests)
        ;;
    esac
  done < "$1"
  ((${#names[@]} == ${#olds[@]} && ${#names[@]} == ${#news[@]})) && return
  echo "mutants.sh: $1 is not made of blocks of three lines" >&2
  exit 2
}

# Copies and builds the tree, and shows that the tests pass without a mutant.
prepare() {
  local i project
  declare -A filters=()
  for i in "$@"; do filters[${projects[i]}]+=" ${tests[i]}"; done
  echo "== copying and building"
  mkdir -p "$tree"
  rm -rf "$work"/*.rsp
  find "$tree" -type f -not -path '*/obj/*' -not -path '*/bin/*' -delete
  (
    cd "$root" || exit
    git ls-files -coz --exclude-standard -- . ':!frontend' ':!docs/images' | tar --null --ignore-failed-read -cf - -T - 2> /dev/null
  ) | tar -xf - -C "$tree"
  for project in "${!filters[@]}"; do
    build "$project" || { tail -n 20 "$work/build.log" >&2; return 1; }
    [[ -z ${MUTANT_TRUST:-} ]] || continue
    echo "== without a mutant: $project"
    # shellcheck disable=SC2086
    run_tests $((limit * 5)) "$project" $(printf '%s\n' ${filters[$project]} | sort -u) && continue
    tail -n 40 "$work/tests.log" >&2
    echo "mutants.sh: the tests fail without a mutant" >&2
    return 1
  done
}

mutate() {
  local i=$1 file project assembly output began=$SECONDS
  file=$(file_with "${types[i]}" "${olds[i]}") || { spoiled "$i" "$file"; return; }
  project=${projects[i]}
  assembly=$(cd "$(dirname "$file")" && while ! compgen -G '*.csproj' > /dev/null; do cd ..; done; pwd)
  output=$tree/tests/$project/bin/Debug/net10.0/${assembly##*/}.dll
  cp -p "$file" "$work/original"
  cp -p "$output" "$work/original.dll"
  replace "$file" "${olds[i]}" "${news[i]}"
  if compile "$assembly" "$output"; then
    # shellcheck disable=SC2086
    run_tests "$limit" "$project" ${tests[i]}
    judge "$i" $? "$((SECONDS - began))"
  else
    spoiled "$i" "does not compile: $(grep -om1 'error .*' "$work/build.log")"
  fi
  cp -p "$work/original" "$file"
  cp -p "$work/original.dll" "$output"
}

# The one file that declares the type and holds the text, once; else says what is wrong.
file_with() {
  local file content without found='' count=0 times
  while IFS= read -r file; do
    content=$(< "$file")
    without=${content//"$2"/}
    times=$(((${#content} - ${#without}) / ${#2}))
    ((times > 0)) && found=$file
    ((count += times))
  done < <(grep -rlE --include='*.cs' --exclude-dir=obj --exclude-dir=bin "\b(class|struct|record|interface) $1\b" "$tree/src")
  ((count == 1)) && echo "$found" && return
  echo "its text is there $count times in $1"
  return 1
}

replace() {
  local content
  content=$(< "$1")
  printf '%s\n' "${content%%"$2"*}$3${content#*"$2"}" > "$1"
}

# A mutant may leave something unused: that is not what is tested.
without_analyzers=(-nologo -v:quiet -p:SkipUi=true -p:TreatWarningsAsErrors=false -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false)

build() { (cd "$tree" && dotnet build "tests/$1" "${without_analyzers[@]}") > "$work/build.log" 2>&1; }

# compile PROJECT OUTPUT: as the build would, with the arguments that it would give to the compiler.
compile() {
  local arguments=$work/${1##*/}.rsp
  [[ -s $arguments ]] || arguments_of "$1" > "$arguments" || return
  [[ -n ${compiler:-} ]] || compiler=$(dotnet msbuild "$1" -getProperty:RoslynTargetsPath)/bincore/csc.dll
  (cd "$1" && dotnet "$compiler" /noconfig /shared "@$arguments" "/out:$2") > "$work/build.log" 2>&1
}

arguments_of() {
  local line
  # A file that is never there makes the build think that it must compile.
  dotnet msbuild "$1" "${without_analyzers[@]}" -t:Compile -p:BuildProjectReferences=false -p:NonExistentFile=none \
    -p:ProvideCommandLineArgs=true -p:SkipCompilerExecution=true -getItem:CscCommandLineArgs |
    sed -nE 's/^ *"Identity": "(.*)",$/\1/p' | grep -vE '^/(noconfig|out:|refout:|doc:)' |
    while IFS= read -r line; do
      printf -v line '%b' "$line"
      [[ $line == *' '* && $line != *'"'* ]] && line="\"$line\""
      printf '%s\n' "$line"
    done
}

# run_tests SECONDS PROJECT CLASS[.METHOD]…: stops at the first failure, or when the seconds are over.
run_tests() {
  local arguments=() test
  for test in "${@:3}"; do
    [[ $test == *.* ]] || test+=.*
    arguments+=(--filter-method "*$test")
  done
  timeout -k 10 "$1" dotnet "$tree/tests/$2/bin/Debug/net10.0/$2.dll" "${arguments[@]}" \
    --stop-on-fail on --progress off --results-directory "$work/results" > "$work/tests.log" 2>&1
}

judge() {
  case "$2" in
    0)
      survivors+=("${names[$1]}")
      echo "SURVIVED ${names[$1]} ($3 s)"
      ;;
    5 | 8) spoiled "$1" "no test ran" ;;
    # On a busy machine slow tests look like hanging ones: no verdict, and so no success.
    124 | 137) spoiled "$1" "not judged, the tests did not end within $3 s" ;;
    *) echo "killed   ${names[$1]} ($3 s): $(sed -nE 's/^failed (\([a-z]+\) )?(.*) \([^()]*\)$/\2/p' "$work/tests.log" | head -n 1)" ;;
  esac
}

spoiled() {
  broken+=("${names[$1]}: $2")
  echo "BROKEN   ${names[$1]}: $2"
}

report() {
  echo
  ((${#survivors[@]} > 0)) && printf 'survived: %s\n' "${survivors[@]}"
  ((${#broken[@]} > 0)) && printf 'broken: %s\n' "${broken[@]}"
  echo "$(($1 - ${#survivors[@]} - ${#broken[@]})) of $1 mutants killed, ${#survivors[@]} survived, ${#broken[@]} broken"
  ((${#survivors[@]} + ${#broken[@]} == 0))
}

main "$@"
