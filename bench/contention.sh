#!/bin/sh
# How training fares beside another busy process: samples/s of two threads while a loop holds one
# processor, over samples/s of one thread on an idle machine.
#
#   bench/contention.sh [CASE..]       CASE as `make bench` names it (default: =A/100 =C/128)
#
# THREADS=2, ROUNDS=5, SECONDS_EACH=0.3 (of a measurement). Figures are medians of rounds, in each of
# which idle and busy take turns. On a machine that is not idle they mean nothing.
set -u
cd "$(dirname "$0")/.." || exit 1
threads=${THREADS:-2} rounds=${ROUNDS:-5} seconds=${SECONDS_EACH:-0.3}
[ $# -gt 0 ] || set -- =A/100 =C/128
[ "$(nproc)" -ge "$threads" ] || echo "contention: only $(nproc) processors for $threads threads" >&2

bench=$(make --no-print-directory -s where)/bench/bench
make --no-print-directory -s "$bench" || exit 1
hog=
results=$(mktemp) || exit 1
trap 'rm -f "$results"; [ -z "$hog" ] || kill "$hog" 2>/dev/null' EXIT
trap 'exit 130' INT TERM

# The rates of all cases, a line each: NAME WHAT RATE.
measure() # WHAT THREADS CASE..
{
    what=$1 n=$2
    shift 2
    "$bench" --train --csv --reps 1 --seconds "$seconds" --threads "$n" "$@" |
        awk -F, -v what="$what" '$1 == "train" { print $2, what, $5 }' >>"$results"
}

for _ in $(seq "$rounds"); do
    measure one 1 "$@"
    measure idle "$threads" "$@"
    # the last processor is the one that is busy
    taskset -c $(($(nproc) - 1)) sh -c 'while :; do :; done' &
    hog=$!
    measure busy "$threads" "$@"
    kill $hog
    wait $hog 2>/dev/null
    hog=
done

sort -k 1,2 -k 3n "$results" | awk -v threads="$threads" '
    function close_group()
    {
        if (n)
            rate[name, what] = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
        n = 0
    }
    $1 != name || $2 != what {
        close_group()
        if (!($1 in seen)) {
            seen[$1] = 1
            order[++cases] = $1
        }
        name = $1
        what = $2
    }
    { v[++n] = $3 }
    END {
        close_group()
        printf "%-8s %14s %14s %14s %12s\n", "case", "1 thread", threads " threads", "beside a loop",
            "over 1"
        for (i = 1; i <= cases; i++) {
            c = order[i]
            printf "%-8s %14.0f %14.0f %14.0f %12.2f\n", c, rate[c, "one"], rate[c, "idle"],
                rate[c, "busy"], rate[c, "busy"] / rate[c, "one"]
        }
    }'
