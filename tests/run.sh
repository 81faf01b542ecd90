#!/bin/bash
# Runs the tests and counts them.
#
#   B=build/HASH tests/run.sh [--long | --programs] [SUITE..]
#
# A suite is a test program of $B/tests (all of them unless named) or a script of tests/cli; --long
# adds the scripts of tests/long; --programs leaves all scripts out: the double build is for them
# alone, its command line is only for `check`. One line each, the output of those that fail, and at the end
# `N passed, N failed`. TEST_TIME is the most seconds a suite may take (default 300, of tests/long
# 900).
set -u
cd "$(dirname "$0")/.." || exit 1

: "${B:?the folder of the build}"
export DIYNN=$PWD/diynn B
export CMOCKA_MESSAGE_OUTPUT=TAP LC_ALL=C
# a training of a test is small: more threads than processors only make it slow
export OMP_WAIT_POLICY=${OMP_WAIT_POLICY:-passive}

long=
scripts=1
case ${1:-} in
--long) long=1 && shift ;;
--programs) scripts= && shift ;;
esac
suites=("$@")
if [ ${#suites[@]} = 0 ]; then
    for source in tests/*/test_*.c; do
        [ -e "$source" ] && suites+=("$B/${source%.c}")
    done
    for script in ${scripts:+tests/cli/*.sh} ${long:+tests/long/*.sh}; do
        [ -e "$script" ] && [ "$script" != tests/cli/lib.sh ] && suites+=("$script")
    done
fi

output=$(mktemp) || exit 1
trap 'rm -f "$output"' EXIT
trap 'exit 130' INT TERM

passed=0 failed=0 skipped=0

# Sets p, f, s and planned from what a suite printed: TAP, or the last line of lib.sh.
count()
{
    read -r p f s planned < <(awk '
        /^(not )?ok [0-9]+ # SKIP/ { s++; next }
        /^ok [0-9]+/ { p++ }
        /^not ok [0-9]+/ { f++ }
        /^1\.\.[0-9]+$/ { planned += substr($0, 4) }
        /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { p = $1; f = $3; s = $5; planned = -1 }
        END { print p + 0, f + 0, s + 0, planned + 0 }' "$output")
}

for suite in "${suites[@]}"; do
    name=${suite#"$B"/}
    name=${name#tests/}
    start=$(date +%s%N)
    code=0
    shell=
    limit=300
    case $suite in
    tests/long/*) limit=900 ;;
    esac
    limit=${TEST_TIME:-$limit}
    case $suite in
    *.sh) shell=$(sed -n '1s/^#!.*[/ ]//p;q' "$suite") ;;
    esac
    # shellcheck disable=SC2086 # nothing or one word
    { timeout -k 10 "$limit" $shell "$suite" >"$output" 2>&1 </dev/null || code=$?; } 2>/dev/null
    ms=$((($(date +%s%N) - start) / 1000000))
    count
    why=
    if [ $code = 124 ] || [ $code = 137 ]; then
        why="stopped after $limit s"
    elif [ $code -gt 128 ]; then
        why="killed by signal $((code - 128))"
    elif [ $code != 0 ] && [ "$f" = 0 ]; then
        why="exit code $code"
    elif [ $((p + f + s)) = 0 ]; then
        why="no test ran"
    elif [ "$planned" -gt $((p + f + s)) ]; then
        why="only $((p + f + s)) of $planned tests ran"
    fi
    [ -z "$why" ] || f=$((f + 1))
    printf '%-32s %4d passed %4d failed%s %6d.%02d s%s\n' "$name" "$p" "$f" \
        "$([ "$s" = 0 ] || printf ' %d skipped' "$s")" $((ms / 1000)) $((ms % 1000 / 10)) \
        "${why:+  ($why)}"
    if [ "$f" != 0 ]; then
        grep -v '^ok ' "$output" | sed 's/^/    /'
    elif [ "$s" != 0 ]; then
        grep -h '^skip  ' "$output" | sed 's/^/    /'
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
done

if [ $((passed + failed)) = 0 ]; then
    echo 'run.sh: no test ran' >&2
    failed=1
fi
printf '%d passed, %d failed' $passed $failed
[ $skipped = 0 ] || printf ', %d skipped' $skipped
printf '\n'
[ $failed = 0 ]
