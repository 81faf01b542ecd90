#!/bin/sh
# The library as other programs see it: libdiynn.a, diynn.h, and a program that knows only these.
. tests/cli/lib.sh

run nm -g --defined-only "$B/libdiynn.a"
expect 0 'the library can be listed'
check 'diynn_open is there' grep -q ' T diynn_open$' "$T/out"
check 'no other name can be seen' sh -c "! grep -E '^[0-9a-f]+ ' '$T/out' | grep -v ' T diynn_'"

run "${CC:-cc}" -std=c99 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c src/diynn.h
expect 0 'the header is plain C'
if command -v c++ >/dev/null; then
    run c++ -std=c++11 -pedantic -Wall -Wextra -Werror -fsyntax-only -x c++ src/diynn.h
    expect 0 'the header is plain C++'
fi

printf '%s\n' '[data]' 'generator = gaussians' '[linear]' 'units = 2' '[softmax]' '[train]' \
    'epochs = 2' >"$T/net.ini"
run "$DIYNN" train -q "$T/net.ini" -o "$T/run"
expect 0 'a net is trained'
run "$B/tests/embed" "$T/run"
expect 0 'another program opens it'
expect_out 'inputs 2'
expect_out 'class '
# shellcheck disable=SC2016 # the dollar is awk's
check 'probabilities add up' awk \
    '/^output/ { s += $2; n++ } END { exit !(n == 2 && s > 0.99999 && s < 1.00001) }' "$T/out"

run "$B/tests/embed" "$T/nowhere"
expect 4 'a missing file is an error, not an end of the program'
expect_err 'cannot open'
