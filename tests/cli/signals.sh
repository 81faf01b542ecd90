#!/bin/sh
# Ctrl-C, SIGTERM and a hangup: the step is finished, the run saved, the exit code 130.
# Alone: it waits for what others would delay.
. tests/cli/lib.sh

cat >"$T/net.ini" <<'END'
[data]
generator = gaussians
samples = 100
[linear]
units = 2
[softmax]
[train]
epochs = 100000000
save_every = 0.05
eval_every = 0
END

# start: trains in the background until there is a checkpoint; $pid
start() # ARGUMENT..
{
    rm -rf "$T/run"
    "$DIYNN" train "$T/net.ini" --threads 1 -o "$T/run" "$@" >"$T/out" 2>"$T/err" &
    pid=$!
    tries=0
    while [ ! -e "$T/run/last.safetensors" ] && [ $tries -lt 300 ]; do
        tries=$((tries + 1))
        sleep 0.1
    done
}

for signal in INT TERM HUP; do
    start
    kill -$signal $pid
    status=0
    wait $pid || status=$?
    command_line="train, then SIG$signal"
    expect 130
    expect_err 'diynn: interrupted'
    expect_err "to go on: diynn train $T/net.ini -o $T/run --resume"
done
start --set optimizer.lr=0.5
kill -TERM $pid
wait $pid
expect_err "net.ini --set optimizer.lr=0.5 -o $T/run --resume" 'how to go on, with what was set'
# the log has a row an epoch, of four steps
steps=$(sed -n '$s/^[0-9]*,\([0-9]*\),.*/\1/p' "$T/run/log.csv")
run "$DIYNN" train "$T/net.ini" --set optimizer.lr=0.5 -o "$T/run" --resume \
    --set train.steps=$((${steps:-0} + 100))
expect 0 'and it does go on'

# a run under nohup outlives the terminal
trap '' HUP
start
trap 'exit 129' HUP
kill -HUP $pid
sleep 0.2
check 'an ignored hangup is ignored' kill -0 $pid
kill -TERM $pid
wait $pid || true
