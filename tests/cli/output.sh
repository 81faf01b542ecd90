#!/bin/sh
# Where the output goes: full disks, closed streams, pipes, colours, JSON.
. tests/cli/lib.sh

cat >"$T/net.ini" <<'END'
[data]
generator = gaussians
samples = 200
validation = 0.2
[linear hidden]
units = 6
[tanh a]
[linear]
units = 6
[add]
from = linear_2, a
[linear]
units = 4
[softmax]
[train]
epochs = 2
END
classes=$("$DIYNN" data --json "$T/net.ini" | sed -n 's/^  "classes": \([0-9]*\),$/\1/p')
sed -i "s/^units = 4\$/units = ${classes:-4}/" "$T/net.ini"

run "$DIYNN" train "$T/net.ini" -o "$T/run"
expect 0 'train'
expect_no_out '' 'train writes nothing to standard output'
expect_err 'epoch 2/2: loss '
expect_err "next        diynn eval $T/run"
run "$DIYNN" train -q --force "$T/net.ini" -o "$T/run"
expect 0 'train -q'
expect_no_err '' 'train -q is silent'
run "$DIYNN" train "$T/net.ini" -o "$T/run"
expect 2 'an existing run is kept'

# numbers of the training part are of one kind: evaluated, or none
run "$DIYNN" train "$T/net.ini" -o "$T/evaluated" --set train.eval_train=yes --set train.eval_every=2
expect 0 'the training part is evaluated every other epoch'
expect_no_err nan
# shellcheck disable=SC2016 # the dollars are awk's
check 'its columns are empty in between, as those of other parts' awk -F, '
    NR == 2 { bad = $4 $5 $6 $7 != "" }
    NR == 3 { bad += $4 == "" || $5 == "" || $6 == "" }
    END { exit bad || NR != 3 }' "$T/evaluated/log.csv"

run "$DIYNN" eval "$T/run"
expect 0 'eval'
check 'loss on a line of its own' grep -qE '^loss [0-9.e-]+$' "$T/out"
check 'accuracy on a line of its own' grep -qE '^accuracy [01]\.[0-9]{4}$' "$T/out"
expect_out 'precision'
run "$DIYNN" eval --split tset "$T/run"
expect 2 'eval --split with a typo'
expect_err "did you mean 'test'?"
run "$DIYNN" eval --split validation "$T/run/last.safetensors"
expect 0 'eval of a checkpoint on validation'
expect_err 'on validation (40 samples)'
run "$DIYNN" eval "$T"
expect 4 'eval of a folder that is no run'

# ---- disks and streams ----

if [ -e /dev/full ]; then
    for command in help 'help --markdown' "summary $T/net.ini" "data --json $T/net.ini" \
        "eval $T/run" "features $T/run" "time $T/net.ini"; do
        run sh -c '"$DIYNN" '"$command"' >/dev/full'
        expect 1 "${command%% *} on a full disk"
        expect_err 'diynn: cannot write standard output: No space left on device'
    done
else
    skip 'a full disk' 'there is no /dev/full'
fi
run sh -c '"$DIYNN" help >&-'
expect 1 'standard output is closed'
run sh -c '"$DIYNN" train --force "$1" -o "$2" >&- 2>&- <&-' sh "$T/net.ini" "$T/run"
expect 0 'train with all streams closed'
run "$DIYNN" eval "$T/run"
expect 0 '... leaves a good run'
run sh -c '"$DIYNN" help | head -n 1'
expect 0 'a pipe that is closed early'
expect_no_err ''
run sh -c '"$DIYNN" train --force "$1" -o "$2" 2>&1 | head -n 1; test -s "$2/last.safetensors"' \
    sh "$T/net.ini" "$T/run"
expect 0 'train outlives the reader of its words'

# ---- colours ----

escape=$(printf '\033')
run env TERM=xterm "$DIYNN" help
expect_no_out "$escape" 'no colours into a pipe'
run env TERM=xterm "$DIYNN" train --force "$T/net.ini" -o "$T/run"
expect_no_err "$escape" 'no colours and no bar into a pipe'
if command -v script >/dev/null && script -qec true /dev/null >/dev/null 2>&1; then
    run env TERM=xterm script -qec "$DIYNN help" /dev/null
    expect_out "$escape" 'colours on a terminal'
    run env TERM=xterm NO_COLOR=1 script -qec "$DIYNN help" /dev/null
    expect_no_out "$escape" 'none with NO_COLOR'
    run env TERM=dumb script -qec "$DIYNN help" /dev/null
    expect_no_out "$escape" 'none with TERM=dumb'
    run env TERM=xterm script -qec "$DIYNN help --no-color" /dev/null
    expect_no_out "$escape" 'none with --no-color'
    run env TERM=xterm script -qec "$DIYNN help > $T/piped" /dev/null
    check_not 'each stream has its own' grep -qF "$escape" "$T/piped"
    run env TERM=xterm script -qec \
        "$DIYNN train --force $T/net.ini -o $T/run --set train.epochs=40" /dev/null
    expect_out 'epoch 1/40  loss' 'a bar on a terminal'
    expect_no_out 'epoch 1/40: ' '... instead of lines'
    run env TERM=dumb script -qec "$DIYNN train --force $T/net.ini -o $T/run" /dev/null
    expect_out 'epoch 2/2: ' 'lines on a dumb terminal'
else
    skip 'a terminal' 'the program script is missing'
fi

# ---- JSON ----

for command in "summary $T/net.ini" "data $T/net.ini" "eval $T/run" "summary $T/run" \
    "check $T/net.ini"; do
    # shellcheck disable=SC2086 # words
    run "$DIYNN" --json $command
    expect 0 "${command%% *} --json"
    expect_json "${command%% *} --json is JSON"
done
cp "$T/net.ini" "$T/$(printf 'a"\\\377.ini')"
run "$DIYNN" data --json "$T/$(printf 'a"\\\377.ini')"
expect_json 'JSON with a wild file name'
