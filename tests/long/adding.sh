#!/bin/sh
# The examples of docs/ADDING.md, put into a copy of the tree as they stand, build and work.
# Alone: it builds on all processors.
. tests/cli/lib.sh

copy=$T/tree
copy_tree "$copy"

# a fence under a line "`path`:" is that file
awk -v root="$copy" '
    /^`[^`]+`:$/ { path = substr($0, 2, length($0) - 3) }
    /^```$/ { open = 0; path = ""; next }
    /^```/ {
        open = path != ""
        if (open) {
            print path
            system("mkdir -p \"$(dirname \"" root "/" path "\")\"")
        }
        next
    }
    open { print > (root "/" path) }' docs/ADDING.md >"$T/files"
check 'all files are found' test "$(wc -l <"$T/files")" = 11
chmod +x "$copy"/tests/cli/*.sh

# one of each: beside tests, no file but these has changed
for file in src/layers/softsign.c src/losses/log_cosh.c src/optim/lion.c \
    src/data/formats/drawing.c src/data/generators/stripes.c cli/cmd_tensors.c; do
    check "$file is shown" grep -qxF "$file" "$T/files"
done

cd "$copy" || exit 1
DIYNN=$copy/diynn
RUN_TIME=600
run make -s WERROR=1 all tests
expect 0 'the tree builds without warnings'
run scripts/lint_rules.sh
expect 0 'no rule is broken'
if command -v clang-format-14 >/dev/null 2>&1; then
    run sh -c 'grep "\.c$" "$1" | xargs clang-format-14 --dry-run -Werror' sh "$T/files"
    expect 0 'the examples are formatted'
fi
while read -r file; do
    case $file in
    tests/*.sh) run sh "$file" ;;
    tests/*.c) run "$(dirname "$(readlink diynn)")/${file%.c}" ;;
    *) continue ;;
    esac
    expect 0 "$file passes"
done <"$T/files"

cat >"$T/net.ini" <<'END'
[data]
generator = gaussians
[linear]
units = 8
[softsign]
softness = 0.5
[linear]
units = 2
[loss]
type = log_cosh
[optimizer]
type = lion
[train]
epochs = 3
END
run ./diynn check "$T/net.ini"
expect 0 'the gradients of the layer and the loss are right'
run ./diynn train -q "$T/net.ini" -o "$T/run"
expect 0 'a net of all of them trains'
run ./diynn train "$T/net.ini" -o "$T/other" --set loss.type=log_cos
expect 3 'a misspelt name'
expect_err 'log_cosh' 'is put right by the registry'
for topic in softsign log_cosh lion drawing stripes tensors; do
    run ./diynn help $topic
    expect 0 "help knows $topic"
done
printf '0\n.#.\n.#.\n.#.\n\n1\n...\n###\n...\n' >"$T/drawings"
run ./diynn data "$T/drawings"
expect 0 'the program reads drawings'
