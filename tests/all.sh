#!/bin/bash
# Runs the tests in every kind of build; `make test-all` and .ci/run call it.
#
#   [WERROR=1] tests/all.sh [STEP..]
#
# Steps: lint, long (the release build with tests/long), sanitizers, serial (no OpenMP), double,
# clang, quickstart (twice). All but lint unless named. The last line is the sum.
set -u
cd "$(dirname "$0")/.." || exit 1
jobs=$(nproc)
passed=0 failed=0 skipped=0
log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT
trap 'exit 130' INT TERM

# Runs a command, and adds the last line of the form `N passed, N failed` to the sum; a command that
# prints none is one test itself.
step() # NAME COMMAND ARGUMENT..
{
    echo "==== $1: ${*:2}"
    "${@:2}" 2>&1 | tee "$log"
    local code=${PIPESTATUS[0]} p f s
    read -r p f s < <(awk '
        /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { p = $1; f = $3; s = $5; n++ }
        END { if (n) print p + 0, f + 0, s + 0 }' "$log")
    if [ -z "$p" ]; then
        p=$((code == 0)) f=0 s=0
    fi
    if [ "$code" != 0 ] && [ "$f" = 0 ]; then
        echo "==== $1: exit code $code"
        f=1
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

build() # NAME TARGET VARIABLE..
{
    step "$1" make --no-print-directory -j "$jobs" WERROR="${WERROR:-}" "${@:2}"
}

[ $# -gt 0 ] || set -- long sanitizers serial double clang quickstart
for name; do
    case $name in
    lint) build lint lint ;;
    long) build release test-long ;;
    sanitizers) build sanitizers test SAN=address,undefined ;;
    serial) build 'no OpenMP' test OMP=0 ;;
    double) build double test REAL=double ;;
    clang) build clang test CC=clang ;;
    quickstart)
        build quickstart quickstart
        build 'quickstart again' quickstart
        ;;
    *)
        echo "all.sh: unknown step '$name'" >&2
        exit 2
        ;;
    esac
done
make -s -j "$jobs" all # ./diynn is the release build again

printf '%d passed, %d failed' $passed $failed
[ $skipped = 0 ] || printf ', %d skipped' $skipped
printf '\n'
[ $failed = 0 ]
