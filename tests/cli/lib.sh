# shellcheck shell=sh
# Helpers of the command-line tests. A test is a script that is run from the root of the tree:
#
#   #!/bin/sh
#   . tests/cli/lib.sh
#   run "$DIYNN" --version        # status, $T/out, $T/err; never stops the script
#   expect 0 'version is told'    # the exit code: one passed or failed check
#   expect_out 'diynn 0'          # stdout has this text
#   expect_err 'unknown'          # stderr has it
#   check 'file is there' test -f "$T/x"
#
# $DIYNN is the program, $T a folder of the test's own that is removed at its end. When the script
# ends, lib.sh prints `N passed, N failed` and sets the exit code. A script that stops half-way
# (exit, an unset variable) counts as failed unless it ends with a call of `skip_all`.

set -u
DIYNN=${DIYNN:-$PWD/diynn}
export DIYNN
T=$(mktemp -d) || exit 1
passed=0
failed=0
skipped=0
status=0
command_line=
trap 'lib_end $?' EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

lib_end() # exit code of the script
{
    [ "$1" = 0 ] || lib_failed "the script stopped with exit code $1"
    rm -rf "$T"
    printf '%d passed, %d failed' "$passed" "$failed"
    [ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
    printf '\n'
    trap - EXIT
    [ "$failed" = 0 ] || exit 1
    exit 0
}

lib_passed() # NAME
{
    passed=$((passed + 1))
    printf 'ok    %s\n' "$1"
}

lib_failed() # NAME
{
    failed=$((failed + 1))
    printf 'FAIL  %s\n' "$1"
}

# What the last command was and said.
lib_show()
{
    printf '      $ %s\n' "$command_line"
    printf '      exit code %s\n' "$status"
    [ ! -s "$T/out" ] || head -n 40 "$T/out" | sed 's/^/      out: /'
    [ ! -s "$T/err" ] || head -n 40 "$T/err" | sed 's/^/      err: /'
}

# run COMMAND ARGUMENT..: fills status, $T/out and $T/err. At most RUN_TIME (60) seconds: exit
# code 124. Standard input is empty unless redirected: run cat <file.
run()
{
    command_line=$*
    status=0
    if [ -t 0 ]; then
        timeout -k 5 "${RUN_TIME:-60}" "$@" >"$T/out" 2>"$T/err" </dev/null || status=$?
    else
        timeout -k 5 "${RUN_TIME:-60}" "$@" >"$T/out" 2>"$T/err" || status=$?
    fi
}

# copy_tree DIR: a new folder with a copy of the tree, and with what is compiled with WERROR=1, which is
# how CI compiles it, so that it need not be again.
copy_tree()
{
    mkdir "$1"
    find . -path ./build -prune -o -path ./.git -prune -o -path ./runs -prune -o -type f -print |
        tar -cf - -T - | tar -xf - -C "$1"
    for lib_real in float double; do
        lib_build=$(make --no-print-directory -s WERROR=1 REAL=$lib_real where)
        [ ! -e "$lib_build" ] || find "$lib_build" -name '*.[od]' -o -path '*/gen/*' -type f |
            tar -cf - -T - | tar -xf - -C "$1"
    done
}

# expect CODE [NAME]: the exit code of the last run.
expect()
{
    if [ "$status" = "$1" ]; then
        lib_passed "${2:-$command_line}"
    else
        lib_failed "${2:-$command_line} (exit code $status, expected $1)"
        lib_show
    fi
}

lib_has() # FILE WORD TEXT NAME
{
    if grep -qF -e "$3" "$1"; then
        lib_passed "${4:-$2 has: $3}"
    else
        lib_failed "${4:-$2 has: $3} (expected on $2: $3)"
        lib_show
    fi
}

lib_lacks() # FILE WORD TEXT NAME
{
    if grep -qF -e "$3" "$1"; then
        lib_failed "${4:-$2 lacks: $3} (not expected on $2: $3)"
        lib_show
    else
        lib_passed "${4:-$2 lacks: $3}"
    fi
}

# expect_out TEXT [NAME], expect_err: stdout, stderr of the last run has a line with this text.
# expect_no_out, expect_no_err: it has none; with '' as the text: it is empty.
expect_out()
{
    lib_has "$T/out" stdout "$1" "${2:-}"
}
expect_err()
{
    lib_has "$T/err" stderr "$1" "${2:-}"
}
expect_no_out()
{
    lib_lacks "$T/out" stdout "$1" "${2:-}"
}
expect_no_err()
{
    lib_lacks "$T/err" stderr "$1" "${2:-}"
}

# expect_json [NAME]: stdout of the last run is one JSON value.
expect_json()
{
    if command -v python3 >/dev/null && python3 -c 'import json' 2>/dev/null; then
        check "${1:-stdout is JSON}" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' \
            "$T/out"
    elif command -v jq >/dev/null; then
        check "${1:-stdout is JSON}" jq -e . "$T/out"
    else
        skip "${1:-stdout is JSON}" 'neither python3 nor jq'
    fi
}

# expect_narrow [NAME]: no line of stdout is over 80 columns.
expect_narrow()
{
    check_not "${1:-stdout is 80 columns wide}" awk 'length > 80 { found = 1 } END { exit !found }' \
        "$T/out"
}

# check NAME COMMAND ARGUMENT..: passes if the command does.
check()
{
    lib_name=$1
    shift
    if "$@" >"$T/check" 2>&1; then
        lib_passed "$lib_name"
    else
        lib_failed "$lib_name (failed: $*)"
        head -n 40 "$T/check" | sed 's/^/      /'
    fi
}

# check_not NAME COMMAND ARGUMENT..: passes if the command fails.
check_not()
{
    lib_name=$1
    shift
    if "$@" >"$T/check" 2>&1; then
        lib_failed "$lib_name (did not fail: $*)"
        head -n 40 "$T/check" | sed 's/^/      /'
    else
        lib_passed "$lib_name"
    fi
}

same() # A B [NAME]: two files with the same bytes
{
    check "${3:-$1 and $2 are the same}" cmp "$1" "$2"
}

skip() # NAME WHY
{
    skipped=$((skipped + 1))
    printf 'skip  %s: %s\n' "$1" "$2"
}

skip_all() # NAME WHY: and the script ends here
{
    skip "$1" "$2"
    exit 0
}
