#!/bin/sh
# Everything a machine can say about the sources without running them; `make lint` calls it.
#
#   B=build/HASH FLAGS='compiler flags' scripts/lint.sh [STEP..]
#
# Steps: format rules reference cppcheck tidy shell (all unless named). The last line counts them.
set -u
cd "$(dirname "$0")/.." || exit 2
: "${B:?the folder of the build (use make lint)}" "${FLAGS:?the compiler flags (use make lint)}"
passed=0
failed=0
log=$(mktemp) || exit 2
trap 'rm -f "$log"' EXIT

format()
{
    tool=clang-format-14
    command -v $tool >/dev/null 2>&1 || tool=clang-format
    find src cli bench tests '(' -name '*.[ch]' -o -name '*.cpp' ')' -print0 | xargs -0 $tool --dry-run -Werror
}

rules()
{
    scripts/lint_rules.sh
}

reference()
{
    ./diynn help --markdown | diff -u docs/REFERENCE.md - ||
        { echo 'docs/REFERENCE.md is not what the program says: make reference' && false; }
}

# What is suppressed is wrong: slabs are bytes, what lies in them is reals (invalidPointerCast);
# arrays are filled by element or by a callee (uninitvar); registries end with NULL, however long
# they are (arrayIndexOutOfBounds); j < c need not be a limit check (arrayIndexThenCheck).
check_cpp()
{
    for id in missingIncludeSystem invalidPointerCast uninitvar:*.isa.c uninitvar:src/kernels/*.h legacyUninitvar \
        arrayIndexOutOfBounds:cli/* arrayIndexOutOfBoundsCond:cli/* arrayIndexThenCheck; do
        set -- "$@" --suppress="$id"
    done
    cppcheck --quiet --template=gcc --std=c11 --error-exitcode=1 --inline-suppr -j "$(nproc)" \
        --enable=warning,performance,portability "$@" -D_GNU_SOURCE -DISA=base -I src -I "$B" \
        src cli bench/*.c
}

tidy()
{
    # shellcheck disable=SC2016 # the dollars are the inner shell's
    find src cli bench -name '*.c' ! -path 'bench/peers/*' -print0 | LC_ALL=C sort -z | xargs -0 -P "$(nproc)" -n 1 sh -c '
        set -- "$1" -DISA=base -DDIYNN_VERSION="\"lint\""
        [ "$1" = src/base/err.c ] || set -- "$@" -include scripts/lint_tidy.h
        file=$1
        shift
        out=$(clang-tidy --quiet "$file" -- $0 "$@" 2>/dev/null) && exit
        echo "$out" | grep -aE "(error|warning): " | sed "s|^$PWD/||"
        exit 1' "$FLAGS"
}

shell()
{
    # shellcheck disable=SC2046 # a list of names without blanks
    shellcheck -x .ci/run $(find scripts bench tests -name '*.sh')
}

step() # NAME FUNCTION
{
    if "$2" >"$log" 2>&1; then
        passed=$((passed + 1))
        echo "ok    $1"
    else
        failed=$((failed + 1))
        echo "FAIL  $1"
        head -n 60 "$log" | sed 's/^/      /'
    fi
}

[ $# -gt 0 ] || set -- format rules reference cppcheck tidy shell
for name; do
    case $name in
    format | rules | reference | tidy | shell) step "$name" "$name" ;;
    cppcheck) step cppcheck check_cpp ;;
    *)
        echo "lint: unknown step '$name'" >&2
        exit 2
        ;;
    esac
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]
