#!/bin/sh
# Every command of README.md, word for word and in order, in a copy of the tree.
# Alone: it builds on all processors.
. tests/cli/lib.sh

copy_tree "$T/tree"
export MAKEFLAGS=WERROR=1 # as what is compiled there
# a backslash at the end joins lines
awk '/^```sh/ { open = 1; next } /^```/ { open = 0 }
    open { joined = sub(/\\$/, ""); printf "%s%s", $0, joined ? "" : "\n" }' README.md >"$T/commands"
awk '/^```ini/ { open = ++i == 2; next } /^```/ { open = 0 } open' README.md >"$T/tree/my.ini"
awk '/^```ini/ { open = ++i == 3; next } /^```/ { open = 0 } open' README.md >"$T/tree/flowers.ini"
awk '/^```ini/ { open = ++i == 4; next } /^```/ { open = 0 } open' README.md >"$T/tree/stripes.ini"
cd "$T/tree" || exit 1

RUN_TIME=600
no_usps=
exec 3<"$T/commands"
while read -r line <&3; do
    case $line in
    'make test'*) continue ;; # this is it
    *get_data.sh*)
        run sh -c "$line"
        if [ "$status" = 0 ]; then
            expect 0 "$line"
        else
            no_usps=1
            skip "$line" 'USPS cannot be had here (DIYNN_MIRROR names a local copy)'
        fi
        ;;
    *usps* | *runs/wide* | *runs/seed7*)
        [ -z "$no_usps" ] || continue
        run sh -c "$line"
        expect 0 "$line"
        ;;
    *)
        run sh -c "$line"
        expect 0 "$line"
        ;;
    esac
done
