#!/bin/sh
# summary, check and data: what they show, and what they say about wrong files.
. tests/cli/lib.sh

cat >"$T/net.ini" <<'END'
[data]
train = nowhere.gz
shape = 1x4x4
classes = 3
[linear hidden]
units = 5
[tanh]
[dropout]
rate = 0.5
[linear]
units = 3
[softmax]
END

run "$DIYNN" summary "$T/net.ini"
expect 0 'summary without the data'
expect_out 'input'
check 'a layer with its parameters' grep -qE '^  hidden +linear +5 +85 +160 ' "$T/out"
expect_out 'parameters 103'
run "$DIYNN" summary "$T/net.ini" --set hidden.units=50
expect_out 'parameters 1003' '--set after the operand'
run "$DIYNN" summary --set train.epohcs=5 "$T/net.ini"
expect 3 '--set with a typo'
expect_err 'command line: [train] epohcs'
run "$DIYNN" --json summary --set optimizer.sam=0.1 "$T/net.ini"
expect_out '"optimizer": 1320' 'sam: the weights to come back to, by 64, and 5 sums of squares'
run "$DIYNN" summary --dot "$T/net.ini"
expect 0 'summary --dot'
expect_out 'digraph'
if command -v dot >/dev/null; then
    mv "$T/out" "$T/net.dot"
    run dot -Tsvg "$T/net.dot"
    expect 0 'Graphviz reads it'
    expect_out 'hidden'
fi

run "$DIYNN" check "$T/net.ini"
expect 0 'check without the data'
expect_out 'hidden.weight'
expect_out ' 0 wrong'
run "$DIYNN" check --seed 7 --set hidden.units=9 "$T/net.ini"
expect 0 'check with options'
expect_out ' of 144 ' 'options reach the check'
cp "$T/net.ini" "$T/-q.ini"
run sh -c 'cd "$1" && "$DIYNN" check -- -q.ini' sh "$T"
expect 0 'check of a file that looks like an option'
if "$DIYNN" --isa base help >/dev/null 2>&1; then
    mkdir "$T/alone"
    cp "$(readlink -f "$DIYNN")" "$T/alone/diynn"
    run env PATH="$T/alone" "$T/alone/diynn" check "$T/net.ini"
    expect 1 'check without its program'
    expect_err 'cannot find diynn-check'
else
    skip 'check without its program' 'this is the program in double precision'
fi

for command in train summary check data; do
    run "$DIYNN" $command nowhere.ini
    expect 3 "$command of a missing file"
    expect_err "cannot open nowhere.ini (in $PWD)"
    mkdir -p "$T/folder.ini"
    run "$DIYNN" $command "$T/folder.ini"
    case $command in summary) expect 4 ;; *) expect 3 ;; esac
done
run "$DIYNN" train "$T/net.ini" -o "$T/run"
expect 4 'train without the data'
expect_err "nowhere.gz"
check_not 'and no run is begun' test -e "$T/run"

# more problems than are kept: the first ones, and their number
{
    cat "$T/net.ini"
    for i in $(seq 30); do echo "[linear l$i]"; echo "unitz = $i"; done
} >"$T/bad.ini"
run "$DIYNN" check "$T/bad.ini"
expect 3 'a file with many errors'
expect_err "$T/bad.ini:14: "
expect_err "unitz: unknown key; did you mean 'units'?"
expect_err ' problems, of which the first 20 found are shown'
check '20 messages and their number' test "$(wc -l <"$T/err")" = 21

run "$DIYNN" data --set data.generator=digits --set data.train= "$T/net.ini"
expect 3 'data that do not fit'
printf '[data]\ngenerator = digits\nsamples = 50\nvalidation = 0.2\n' >"$T/data.ini"
run "$DIYNN" data "$T/data.ini"
expect 0 'data of a file that has no net'
expect_out '1x16x16 (256 values)'
check 'counts per class and part' grep -qE '^  9 +4 +1 +1$' "$T/out"
run "$DIYNN" data "$T/net.ini.missing"
expect 4 'data of a missing data file'
