#!/bin/bash
# A run that is stopped and resumed is the run that was never stopped, bit by bit.
# Alone: it kills runs after a share of the time they take.
. tests/cli/lib.sh

options=(--set train.epochs=60 --set train.save_every=0.01 --set train.log_every=5 --threads 2 -q)
RANDOM=${SEED:-7}

log() # NAME
{
    sed 's/,[^,]*,[^,]*$//' "$T/$1/log.csv" >"$T/$1.log"
}

same_run() # NAME
{
    log "$1"
    same "$T/whole/last.safetensors" "$T/$1/last.safetensors" "$1: last checkpoint"
    same "$T/whole/best.safetensors" "$T/$1/best.safetensors" "$1: best checkpoint"
    same "$T/whole/net.ini" "$T/$1/net.ini" "$1: network file"
    same "$T/whole.log" "$T/$1.log" "$1: log"
}

# Waits until a process of the program catches SIGTERM, at most a second: before, a signal just ends it.
listens() # PID
{
    local tries=100
    until [ "$(cat "/proc/$1/comm")" = diynn ] && grep -qE '^SigCgt:.*[4-7c-f].{3}$' "/proc/$1/status"; do
        [ $((tries -= 1)) -gt 0 ] || break
        sleep 0.01
    done 2>/dev/null
}

# stopped SIGNAL NAME: starts or goes on, and sends the signal after a random time of at most a sixth
# of the whole run ($longest, ms). 0: it was stopped by it, 1: it had ended before.
stopped()
{
    "$DIYNN" train $net -o "$T/$2" --resume "${options[@]}" 2>"$T/err" &
    local pid=$!
    local ms=$((1 + RANDOM % longest))
    [ "$1" = KILL ] || listens $pid
    sleep "$((ms / 1000)).$(printf %03d $((ms % 1000)))"
    kill -s "$1" $pid 2>/dev/null
    wait $pid 2>/dev/null
    status=$?
    [ $status -ne 0 ]
}

# killed_often TIMES LEAST: a run that ends undisturbed, and one that is killed now and then.
killed_often()
{
    local start
    start=$(date +%s%N)
    run "$DIYNN" train $net -o "$T/whole" "${options[@]}" --force
    expect 0 "$net, never stopped"
    longest=$((1 + ($(date +%s%N) - start) / 6000000))
    log whole
    kills=0
    for _ in $(seq "$1"); do
        stopped KILL killed && kills=$((kills + 1))
    done
    check "killed $kills of $1 times" test $kills -ge "$2"
    run "$DIYNN" train $net -o "$T/killed" --resume "${options[@]}"
    expect 0 'resumed after SIGKILL'
    same_run killed
    check 'no temporary file is left' test -z "$(find "$T/killed" -name '.*' -type f)"
}

for net in tests/files/nets/bits_norm.ini tests/files/nets/bits_augment.ini \
    tests/files/nets/bits_conv.ini tests/files/nets/bits_single.ini; do
    killed_often 10 2
    rm -r "$T/killed"
done
net=tests/files/nets/bits.ini
killed_often 20 3

# A signal that asks: the step is finished and saved, exit 130.
interrupts=0
for _ in $(seq 6); do
    if stopped "$([ $((RANDOM % 2)) = 0 ] && echo INT || echo TERM)" asked; then
        interrupts=$((interrupts + 1))
        check 'exit code 130' test $status = 130
    fi
done
check "interrupted $interrupts times" test $interrupts -ge 1
run "$DIYNN" train $net -o "$T/asked" --resume "${options[@]}"
expect 0 'resumed after a signal'
same_run asked

run "$DIYNN" train $net -o "$T/asked" --resume "${options[@]}" -v
expect 0 'a finished run is left alone'
same_run asked

# More epochs go on behind the old ones; the schedule must not depend on the length.
long=(--set optimizer.type=sgd --set schedule.type=constant --set train.save_every=0.01 -q)
run "$DIYNN" train $net -o "$T/short" "${long[@]}" --set train.epochs=3
expect 0
run "$DIYNN" train $net -o "$T/short" "${long[@]}" --set train.epochs=5 --resume
expect 0 'more epochs'
run "$DIYNN" train $net -o "$T/long" "${long[@]}" --set train.epochs=5
expect 0
same "$T/long/last.safetensors" "$T/short/last.safetensors" 'more epochs: last checkpoint'
run "$DIYNN" train $net -o "$T/short" "${long[@]}" --set train.epochs=2 --resume
expect 4 'fewer epochs are refused'
expect_err 'steps already'
run "$DIYNN" train $net -o "$T/whole" "${options[@]}" --set train.epochs=61 --resume
expect 4 'a one-cycle schedule cannot be made longer'
expect_err 'onecycle'
run "$DIYNN" train $net -o "$T/sam" "${long[@]}" --set optimizer.sam=0.1 --set optimizer.sam_epochs=1 \
    --set train.epochs=2
run "$DIYNN" train $net -o "$T/sam" "${long[@]}" --set optimizer.sam=0.1 --set optimizer.sam_epochs=1 \
    --set train.epochs=3 --resume
expect 4 'the last epochs cannot become others'
expect_err 'sam_epochs'
run "$DIYNN" train $net -o "$T/short" "${long[@]}" --set a.units=38 --resume
expect 4 'another network file is refused'
expect_err "it had 'units = 37', now there is 'units = 38'"

# What must not be overwritten is not.
run "$DIYNN" train $net -o "$T/whole" "${options[@]}"
expect 2 'an existing run is not overwritten'
expect_err '--resume'
run "$DIYNN" train $net -o "$T/killed" "${options[@]}" --force
expect 0 'unless it is forced'
same_run killed

# Two trainings in one folder would spoil each other.
"$DIYNN" train $net -o "$T/locked" -q --set train.epochs=100000 2>"$T/err" &
first=$!
for _ in $(seq 100); do
    [ -e "$T/locked/log.csv" ] && break
    sleep 0.05
done
run "$DIYNN" train $net -o "$T/locked" --force
expect 2 'a folder in use is refused'
expect_err 'another process is training'
kill -KILL $first
wait $first 2>/dev/null

# A damaged checkpoint is refused and stays as it is.
head -c 3000 "$T/asked/last.safetensors" >"$T/cut"
cp "$T/cut" "$T/asked/last.safetensors"
run "$DIYNN" train $net -o "$T/asked" --resume "${options[@]}" --set train.epochs=61
expect 4 'a cut checkpoint is refused'
expect_err 'last.safetensors'
same "$T/cut" "$T/asked/last.safetensors" 'and left as it is'

# A version that knew fewer keys did what their defaults say.
run "$DIYNN" train $net -o "$T/older" "${long[@]}" --set train.epochs=3
LC_ALL=C sed -i 's/\\nsam = 0\\n/\\n;am = 0\\n/' "$T/older/last.safetensors"
check 'the checkpoint has a key less' grep -aq ';am = 0' "$T/older/last.safetensors"
run "$DIYNN" train $net -o "$T/older" "${long[@]}" --set train.epochs=5 --resume
expect 4 'and a checksum'
expect_err 'its checksum is'
read -r was is < <(sed -n 's/.*checksum is \([0-9a-f]*\), its content gives \([0-9a-f]*\).*/\1 \2/p' "$T/err")
LC_ALL=C sed -i "s/$was/$is/" "$T/older/last.safetensors"
run "$DIYNN" train $net -o "$T/older" "${long[@]}" --set train.epochs=5 --resume
expect 0 'a checkpoint of an older version'
same "$T/long/last.safetensors" "$T/older/last.safetensors" 'older version: last checkpoint'

run "$DIYNN" train $net -o "$T/new" --resume -q --set train.epochs=1
expect 0 'resuming what never began begins it'

# Early stop: the same end, whether it was killed before or not, and no going on behind it.
early=(--set train.epochs=500 --set train.early_stop=4 --set schedule.type=constant
       --set train.eval_steps=10 --set train.save_every=0.01 --threads 2)
run "$DIYNN" train $net -o "$T/early" "${early[@]}"
expect 0 'a run with early_stop'
expect_err 'stopped early'
options=("${early[@]}" -q)
for _ in 1 2 3 4; do
    stopped KILL early-killed
done
run "$DIYNN" train $net -o "$T/early-killed" --resume "${options[@]}"
expect 0 'early_stop, killed and resumed'
same "$T/early/last.safetensors" "$T/early-killed/last.safetensors" 'early_stop: last checkpoint'
same "$T/early/best.safetensors" "$T/early-killed/best.safetensors" 'early_stop: best checkpoint'
run "$DIYNN" train $net -o "$T/early" --resume "${early[@]}"
expect_err 'is finished'

# What else the state of a run has: averaged weights, what a plateau has seen, a warm-up, a second look
# at each batch, other optimizers. One of them is made longer when it has ended.
state=(--set train.epochs=30 --set train.save_every=0.01 --threads 2 -q --set optimizer.ema=0.9
       --set optimizer.clip_norm=0.5 --set optimizer.l1=1e-4)
for kind in plateau cosine; do
    options=("${state[@]}" --set "schedule.type=$kind")
    if [ $kind = plateau ]; then
        options+=(--set optimizer.type=rmsprop --set optimizer.centered=yes --set optimizer.lr=0.01
                  --set optimizer.momentum=0.5 --set schedule.patience=0 --set schedule.gamma=0.7
                  --set schedule.warmup=1.5)
    else
        net=tests/files/nets/bits_norm.ini # running statistics are averaged too
        options+=(--set optimizer.type=nadam --set schedule.min_lr=1e-5 --set schedule.warmup=3
                  --set optimizer.sam=0.05 --set optimizer.sam_epochs=10)
    fi
    run "$DIYNN" train $net -o "$T/$kind" "${options[@]}"
    expect 0 "a run with $kind"
    log $kind
    check "$kind: the rate changes" \
        test "$(cut -d , -f 3 "$T/$kind.log" | sort -u | wc -l)" -gt 5
    for _ in 1 2 3 4 5; do
        stopped KILL $kind-killed
    done
    run "$DIYNN" train $net -o "$T/$kind-killed" --resume "${options[@]}"
    expect 0 "$kind, killed and resumed"
    log $kind-killed
    same "$T/$kind.log" "$T/$kind-killed.log" "$kind: log"
    for file in last best; do
        same "$T/$kind/$file.safetensors" "$T/$kind-killed/$file.safetensors" "$kind: $file"
    done
    run "$DIYNN" train $net -o "$T/$kind-short" "${options[@]}" --set train.epochs=12
    run "$DIYNN" train $net -o "$T/$kind-short" "${options[@]}" --resume
    if [ $kind = plateau ]; then
        expect 0 'plateau: more epochs'
        same "$T/$kind/last.safetensors" "$T/$kind-short/last.safetensors" 'plateau: more epochs'
    else
        expect 4 'cosine cannot be made longer'
        expect_err 'cosine'
    fi
done

net=tests/files/nets/bits.ini

# A warm start takes what has the same name and shape and lists the rest.
run "$DIYNN" train $net -o "$T/warm" --init "$T/whole/best.safetensors" --set b.units=11 \
    --set t.from=b --set side.units=11 --set train.epochs=1
expect 0 'warm start'
expect_err 'init: b.weight is F32 [11, 37] here, F32 [29, 37] in the file'
expect_err 'init: 3 of 8 tensors from'
run "$DIYNN" train nets/gaussians.ini -o "$T/misfit" --init "$T/whole/best.safetensors"
expect 4 'a file of which nothing fits is refused'
run "$DIYNN" train $net -o "$T/misfit" --init "$T/nowhere.safetensors"
expect 4 'a missing file is refused'
expect_err 'nowhere.safetensors'
