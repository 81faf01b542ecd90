#!/bin/sh
# The errors of exp, log, tanh and sigmoid over every 31st float (DIYNN_STRIDE=1: over all of them)
# are those that vmath.h states.
. tests/cli/lib.sh

RUN_TIME=850
run env DIYNN_STRIDE="${DIYNN_STRIDE:-31}" "$B/tests/kernels/test_vmath"
grep ' ulp at ' "$T/out" # the largest ones, for who wants to read them
expect 0 'no error is larger than allowed'

# what the test allows is what the header says: "exp 0.92 (1.21)", or one number where both are equal
grep -oE '\{"(exp|log|tanh|sigmoid)", [a-z_]+, [0-9.]+, [0-9.]+' tests/kernels/test_vmath.c |
    tr -d '{",' | while read -r name _ fused base; do
    [ "$fused" = "$base" ] && echo "$name $fused" || echo "$name $fused ($base)"
done >"$T/bounds"
check 'the test has four bounds' test "$(wc -l <"$T/bounds")" = 4
sed 's/^ \* *//' src/kernels/vmath.h | tr '\n' ' ' >"$T/header"
while read -r bound; do
    check "vmath.h states: $bound" grep -qF "$bound" "$T/header"
done <"$T/bounds"
