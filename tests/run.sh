#!/bin/bash
# Runs the tests and counts them.
#
#   B=build/HASH tests/run.sh [--long | --programs] [SUITE..]
#
# A suite is a test program of $B/tests (all of them unless named) or a script of tests/cli; --long
# adds the scripts of tests/long; --programs leaves all scripts out: the double build is for them
# alone, its command line is only for `check`. One line each, the output of those that fail, and at the end
# `N passed, N failed`. As many suites run at a time as there are processors (or JOBS); a script with
# a line `# Alone: why` runs by itself, behind the others. TEST_TIME is the most seconds a suite may
# take (default 600, of tests/long 900).
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

outputs=$(mktemp -d) || exit 1
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$outputs"' EXIT
trap 'exit 130' INT TERM

passed=0 failed=0 skipped=0

# Sets p, f, s and planned from what a suite printed: TAP, or the last line of lib.sh.
count() # OUTPUT
{
    read -r p f s planned < <(awk '
        /^(not )?ok [0-9]+ # SKIP/ { s++; next }
        /^ok [0-9]+/ { p++ }
        /^not ok [0-9]+/ { f++ }
        /^1\.\.[0-9]+$/ { planned += substr($0, 4) }
        /^[0-9]+ passed, [0-9]+ failed(, [0-9]+ skipped)?$/ { p = $1; f = $3; s = $5; planned = -1 }
        END { print p + 0, f + 0, s + 0, planned + 0 }' "$1")
}

# The suites that run: by process, their number and when they began.
declare -A number=() began=()

start() # NUMBER
{
    local suite=${suites[$1]} limit=600 shell=
    case $suite in
    tests/long/*) limit=900 ;;
    esac
    case $suite in
    *.sh) shell=$(sed -n '1s/^#!.*[/ ]//p;q' "$suite") ;;
    esac
    # shellcheck disable=SC2086 # nothing or one word
    timeout -k 10 "${TEST_TIME:-$limit}" $shell "$suite" >"$outputs/$1" 2>&1 </dev/null &
    number[$!]=$1
    began[$!]=$(date +%s%N)
}

# Waits for any suite and counts it.
finish()
{
    local pid code=0 why=
    wait -n -p pid 2>/dev/null || code=$?
    local i=${number[$pid]} ms=$((($(date +%s%N) - began[$pid]) / 1000000))
    local name=${suites[i]#"$B"/}
    unset "number[$pid]"
    count "$outputs/$i"
    if [ $code = 124 ] || [ $code = 137 ]; then
        why="stopped after $((ms / 1000)) s"
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
    printf '%-32s %4d passed %4d failed%s %6d.%02d s%s\n' "${name#tests/}" "$p" "$f" \
        "$([ "$s" = 0 ] || printf ' %d skipped' "$s")" $((ms / 1000)) $((ms % 1000 / 10)) \
        "${why:+  ($why)}"
    if [ "$f" != 0 ]; then
        grep -v '^ok ' "$outputs/$i" | sed 's/^/    /'
    elif [ "$s" != 0 ]; then
        grep -h '^skip  ' "$outputs/$i" | sed 's/^/    /'
    fi
    passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
}

run() # JOBS NUMBER..: so many at a time
{
    local jobs=$1 i
    shift
    for i; do
        [ ${#number[@]} -lt "$jobs" ] || finish
        start "$i"
    done
    while [ ${#number[@]} -gt 0 ]; do
        finish
    done
}

together=() alone=()
for i in "${!suites[@]}"; do
    case ${suites[i]} in
    *.sh)
        if grep -q '^# Alone: ' "${suites[i]}"; then
            alone+=("$i")
            continue
        fi
        ;;
    esac
    together+=("$i")
done
run "${JOBS:-$(nproc)}" "${together[@]}"
run 1 "${alone[@]}"

if [ $((passed + failed)) = 0 ]; then
    echo 'run.sh: no test ran' >&2
    failed=1
fi
printf '%d passed, %d failed' $passed $failed
[ $skipped = 0 ] || printf ', %d skipped' $skipped
printf '\n'
[ $failed = 0 ]
