#!/bin/sh
# tests/run.sh counts right: what passes, fails, crashes, hangs, skips, or tests nothing.
. tests/cli/lib.sh

suite() # NAME SCRIPT: a suite that behaves so
{
    printf '#!/bin/sh\n%s\n' "$2" >"$T/$1"
    chmod +x "$T/$1"
}

tests_run() # SUITE..
{
    for lib_suite; do
        shift
        set -- "$@" "$T/$lib_suite"
    done
    run env B="$T" TEST_TIME=1 tests/run.sh "$@"
}

last_line() # LINE
{
    check "the last line is: $1" test "$(tail -n 1 "$T/out")" = "$1"
}

suite good 'echo 1..2; echo "ok 1 - a"; echo "ok 2 - b"'
suite bad 'echo 1..2; echo "ok 1 - a"; echo "not ok 2 - b"; echo "# why"; exit 1'
suite skips 'echo 1..2; echo "ok 1 - a"; echo "not ok 2 # SKIP b"'
suite crashes 'echo 1..3; echo "ok 1 - a"; kill -ABRT $$'
suite leaks 'echo 1..1; echo "ok 1 - a"; exit 23'
suite stops 'echo 1..3; echo "ok 1 - a"'
suite hangs 'echo 1..1; echo "ok 1 - a"; exec sleep 30'
suite empty ':'
suite script.sh 'echo "5 passed, 1 failed, 2 skipped"; exit 1'
suite two_groups 'echo 1..1; echo "ok 1 - a"; echo 1..1; echo "ok 1 - a"'

tests_run good two_groups
expect 0 'good tests pass'
last_line '4 passed, 0 failed'
tests_run good bad
expect 1 'a failed test fails'
expect_out '# why' 'and its output is shown'
last_line '3 passed, 1 failed'
tests_run skips
expect 0 'skipping is no failure'
last_line '1 passed, 0 failed, 1 skipped'
tests_run crashes
expect 1 'a crash fails'
expect_out 'killed by signal 6'
last_line '1 passed, 1 failed'
tests_run leaks
expect 1 'a bad exit code fails'
last_line '1 passed, 1 failed'
tests_run stops
expect 1 'a suite that stops half-way fails'
expect_out 'only 1 of 3 tests ran'
tests_run hangs
expect 1 'a suite that hangs fails'
expect_out 'stopped after 1 s'
tests_run empty good
expect 1 'a suite without tests fails'
last_line '2 passed, 1 failed'
suite slow 'sleep 0.5; echo 1..1; echo "ok 1 - a"'
suite alone.sh '# Alone: to be last.
echo "3 passed, 0 failed"'
run env B="$T" JOBS=3 tests/run.sh "$T/alone.sh" "$T/slow" "$T/good" "$T/slow"
expect 0 'three at a time'
last_line '7 passed, 0 failed'
check 'the quick one is first, the lonely one last' test "$(cut -d ' ' -f 1 "$T/out" | tr '\n' ' ')" = \
    'good slow slow alone.sh 7 '
tests_run script.sh good
expect 1 'scripts are counted by their last line'
last_line '7 passed, 1 failed, 2 skipped'
