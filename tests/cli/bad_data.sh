#!/bin/sh
# Data files: each of tests/files/bad_data that has a .message beside it is refused with exactly these
# words and exit code 4. A network file there trains on files that do not fit each other.
. tests/cli/lib.sh

cd tests/files/bad_data || exit 1
for want in *.message; do
    file=${want%.message}
    case $file in
    *.ini) run "$DIYNN" train "$file" -o "$T/run" ;;
    *) run "$DIYNN" data "$file" ;;
    esac
    sed "s|(in $PWD)|(in HERE)|" "$T/err" >"$T/said"
    if [ "$status" = 4 ] && [ ! -s "$T/out" ] && cmp -s "$T/said" "$want"; then
        lib_passed "$file"
    else
        lib_failed "$file (exit code $status)"
        diff "$want" "$T/said" | head -n 40 | sed 's/^/      /'
    fi
    [ ! -e "$T/run" ] || lib_failed "$file: a run was begun"
    rm -rf "$T/run"
done
set -- *.message
check "there are at least 100 wrong files ($#)" test $# -ge 100
for file in *.ini *_*.csv *_*.libsvm *_*.idx *_*.npy *.gz *.bz2; do
    case $file in
    train_* | test_* | good_* | labels_*) ;;
    *) [ -e "$file.message" ] || lib_failed "$file has its .message" ;;
    esac
done
