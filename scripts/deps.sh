#!/bin/sh
# Installs what diynn needs, and says nothing where nothing is missing.
#
#   scripts/deps.sh [GROUP..]    GROUP: build (the default), run, lint, ci, all
#
# It first looks whether headers and tools are there, so it works offline and with libraries that
# did not come from packages. What is missing is installed with apt, as root or with sudo; where that
# cannot be done, the exact command is printed and the exit code is 1.
set -u

missing=

need() # PACKAGE
{
    case " $missing " in
    *" $1 "*) ;;
    *) missing="${missing:+$missing }$1" ;;
    esac
}

tool() # PROGRAM PACKAGE
{
    command -v "$1" >/dev/null 2>&1 || need "$2"
}

cc=${CC:-gcc}

compiles() # HEADER.. : whether the compiler finds them all
{
    for h; do
        printf '#include <%s>\n' "$h"
    done | $cc -E -x c -o /dev/null - 2>/dev/null
}

# cmocka's header wants these in front of it
cmocka='stdarg.h stddef.h stdint.h setjmp.h cmocka.h'

build_group()
{
    tool gcc gcc
    tool make make
    # shellcheck disable=SC2086 # a list of words
    if ! compiles ini.h zlib.h bzlib.h jansson.h stb/stb_image_write.h $cmocka; then
        compiles stdio.h || need libc6-dev
        compiles stdio.h ini.h || need libinih-dev
        compiles stdio.h zlib.h || need zlib1g-dev
        compiles stdio.h bzlib.h || need libbz2-dev
        compiles stdio.h jansson.h || need libjansson-dev
        compiles stb/stb_image_write.h || need libstb-dev
        compiles $cmocka || need libcmocka-dev
    fi
}

run_group()
{
    tool gnuplot gnuplot-nox
    tool dot graphviz
    tool parallel parallel
    tool curl curl
    [ -e /etc/ssl/certs/ca-certificates.crt ] || need ca-certificates
}

lint_group()
{
    command -v clang-format-14 >/dev/null 2>&1 ||
        clang-format --version 2>/dev/null | grep -q 'version 14\.' || need clang-format-14
    tool clang-tidy clang-tidy
    tool cppcheck cppcheck
    tool shellcheck shellcheck
}

ci_group() # the second compiler, another processor
{
    tool clang clang
    printf '#include <omp.h>\n' | clang -fopenmp -E -x c -o /dev/null - 2>/dev/null ||
        need libomp-dev
    # sanitizers and fuzzing
    [ -e "$(clang -print-runtime-dir 2>/dev/null)/libclang_rt.fuzzer-$(uname -m).a" ] ||
        [ -e "$(clang -print-file-name=libclang_rt.fuzzer-"$(uname -m)".a 2>/dev/null)" ] ||
        need libclang-rt-dev
    [ "$(uname -m)" != x86_64 ] || command -v qemu-x86_64-static >/dev/null 2>&1 ||
        tool qemu-x86_64 qemu-user
}

cd "$(dirname "$0")/.." || exit 1
[ $# -gt 0 ] || set -- build
for group; do
    case $group in
    build | run | lint | ci) "${group}_group" ;;
    all) build_group && run_group && lint_group && ci_group ;;
    *)
        echo "deps: unknown group '$group' (build, run, lint, ci, all)" >&2
        exit 2
        ;;
    esac
done
[ -n "$missing" ] || exit 0

# ---- installing ----------------------------------------------------------------------------------

if ! command -v apt-get >/dev/null 2>&1; then
    echo "deps: missing: $missing (names of Debian packages; there is no apt-get here)" >&2
    exit 1
fi
if [ "$(id -u)" = 0 ]; then
    sudo=
elif command -v sudo >/dev/null 2>&1 && { [ -t 0 ] || sudo -n true 2>/dev/null; }; then
    sudo=sudo # asks for a password only where somebody can type one
else
    echo "deps: missing: $missing" >&2
    echo "deps: install with: sudo apt-get install -y --no-install-recommends $missing" >&2
    exit 1
fi

log=$(mktemp) || exit 1
trap 'rm -f "$log"' EXIT

apt() # ARGUMENT..
{
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=120 "$@" \
        >>"$log" 2>&1 </dev/null
}

install_missing()
{
    # shellcheck disable=SC2086 # a list of words
    apt install -y --no-install-recommends $missing
}

echo "deps: installing $missing" >&2
# package lists may be missing or old: fetched only where the first try fails
if ! install_missing && ! { apt update && install_missing; }; then
    tail -n 20 "$log" >&2
    echo "deps: cannot install; try: apt-get update && apt-get install -y $missing" >&2
    exit 1
fi
