#!/usr/bin/env bash
# Breaks one rule of the core at a time, as scripts/mutants.txt lists them, and runs the tests that should notice. Prints who survives.
#   scripts/mutants.sh             all of them
#   scripts/mutants.sh NAME…       some
#   scripts/mutants.sh --list      their names
# The tree is copied first, with what is not committed, so nothing here is changed. The exit code is not 0 when a mutant survives, when its
# text is not found exactly once, or when its tests fail without it.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)

names=() types=() tests=() olds=() news=()
survivors=() broken=()
work='' limit=${MUTANT_LIMIT:-300}

main() {
  read_list "$root/scripts/mutants.txt"
  if [[ ${1:-} == --list ]]; then
    printf '%s\n' "${names[@]}"
    return
  fi
  local chosen=() i name
  for name in "${@:-}"; do
    [[ -z $name ]] && chosen=("${!names[@]}") && break
    i=$(index_of "$name") || { echo "mutants.sh: there is no mutant $name" >&2; return 2; }
    chosen+=("$i")
  done

  work=$(mktemp -d "${TMPDIR:-/tmp}/mutants.XXXXXX")
  trap 'rm -rf "$work"' EXIT
  prepare "${chosen[@]}" || return 1
  for i in "${chosen[@]}"; do mutate "$i"; done
  report "${#chosen[@]}"
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
        names+=("${name// /}") types+=("${type// /}") tests+=("$filters")
        ;;
    esac
  done < "$1"
  ((${#names[@]} == ${#olds[@]} && ${#names[@]} == ${#news[@]})) && return
  echo "mutants.sh: $1 is not made of blocks of three lines" >&2
  exit 2
}

index_of() {
  local i
  for i in "${!names[@]}"; do [[ ${names[i]} == "$1" ]] && echo "$i" && return; done
  return 1
}

# Copies and builds the tree, and shows that the tests pass without a mutant.
prepare() {
  local i project
  declare -A filters=()
  for i in "$@"; do filters[$(project_of "$i")]+=" $(filters_of "$i")"; done
  echo "== copying and building"
  (
    cd "$root" || exit
    git ls-files -coz --exclude-standard -- . ':!frontend' ':!docs/images' | tar --null --ignore-failed-read -cf - -T - 2> /dev/null
  ) | tar -xf - -C "$work"
  for project in "${!filters[@]}"; do
    build "$work/tests/$project" || { tail -n 20 "$work/build.log" >&2; return 1; }
    echo "== without a mutant: $project"
    # shellcheck disable=SC2086
    run_tests "$project" $(printf '%s\n' ${filters[$project]} | sort -u) && continue
    tail -n 40 "$work/tests.log" >&2
    echo "mutants.sh: the tests fail without a mutant" >&2
    return 1
  done
}

mutate() {
  local i=$1 file project code began=$SECONDS
  file=$(file_with "${types[i]}" "${olds[i]}") || { spoiled "$i" "$file"; return; }
  project=$(project_of "$i")
  cp "$file" "$work/original"
  replace "$file" "${olds[i]}" "${news[i]}"
  local assembly
  assembly=$(cd "$(dirname "$file")" && while ! compgen -G '*.csproj' > /dev/null; do cd ..; done; pwd)
  cp "$work/tests/$project/bin/Debug/net10.0/${assembly##*/}.dll" "$work/original.dll"
  if build "$assembly" --no-restore -p:BuildProjectReferences=false; then
    cp "$assembly/bin/Debug/net10.0/${assembly##*/}.dll" "$work/tests/$project/bin/Debug/net10.0/"
    # shellcheck disable=SC2046
    run_tests "$project" $(filters_of "$i")
    code=$?
    judge "$i" "$code" "$((SECONDS - began))"
  else
    spoiled "$i" "does not compile: $(grep -om1 'error .*' "$work/build.log")"
  fi
  cp "$work/original" "$file"
  cp "$work/original.dll" "$work/tests/$project/bin/Debug/net10.0/${assembly##*/}.dll"
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
  done < <(grep -rlE --include='*.cs' --exclude-dir=obj --exclude-dir=bin "\b(class|struct|record|interface) $1\b" "$work/src")
  ((count == 1)) && echo "$found" && return
  echo "its text is there $count times in $1"
  return 1
}

replace() {
  local content
  content=$(< "$1")
  printf '%s\n' "${content%%"$2"*}$3${content#*"$2"}" > "$1"
}

project_of() { [[ ${tests[$1]} == *e2e:* ]] && echo CandleStream.EndToEndTests || echo CandleStream.Tests; }

filters_of() { sed 's/e2e://g' <<< "${tests[$1]}"; }

build() {
  # A mutant may leave something unused: that is not what is tested.
  dotnet build "$1" -v quiet -p:SkipUi=true -p:TreatWarningsAsErrors=false -p:RunAnalyzers=false -p:EnforceCodeStyleInBuild=false \
    "${@:2}" > "$work/build.log" 2>&1
}

# run_tests PROJECT CLASS…: stops at the first failure; a test that hangs is one too.
run_tests() {
  local arguments=() class
  for class in "${@:2}"; do arguments+=(--filter-class "*$class"); done
  timeout -k 10 "$limit" dotnet "$work/tests/$1/bin/Debug/net10.0/$1.dll" "${arguments[@]}" \
    --stop-on-fail on --progress off --results-directory "$work/results" > "$work/tests.log" 2>&1
}

judge() {
  case "$2" in
    0)
      survivors+=("${names[$1]}")
      echo "SURVIVED ${names[$1]} ($3 s)"
      ;;
    5 | 8) spoiled "$1" "no test ran" ;;
    124 | 137) echo "killed   ${names[$1]} ($3 s; the tests hung)" ;;
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
