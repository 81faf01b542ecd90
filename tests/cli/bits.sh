#!/bin/sh
# The same bits whatever the threads, the fusion and the chunks.
. tests/cli/lib.sh

# train NAME OPTION..: a run of $net in $R/NAME
train()
{
    name=$1
    shift
    run "$DIYNN" train "$net" -o "$R/$name" -q "$@"
    expect 0 "$kind: train $name"
}

# The log but for its last two columns, which are times.
log()
{
    sed 's/,[^,]*,[^,]*$//' "$R/$1/log.csv" >"$R/$1.log"
}

same_run() # NAME
{
    log "$1"
    same "$R/one/last.safetensors" "$R/$1/last.safetensors" "$kind: $1: last checkpoint"
    same "$R/one/best.safetensors" "$R/$1/best.safetensors" "$kind: $1: best checkpoint"
    same "$R/one.log" "$R/$1.log" "$kind: $1: log"
}

# all threads in every step, however small
export DIYNN_ADAPT=0

for kind in bits bits_norm bits_augment bits_conv bits_single; do
    net=tests/files/nets/$kind.ini
    R=$T/$kind
    mkdir "$R"
    train one --threads 1
    log one
    check "$kind: the log has its rows" test "$(wc -l <"$R/one.log")" -gt 30

    for n in 2 3 4 7; do
        train threads-$n --threads $n
        same_run threads-$n
    done

    unset DIYNN_ADAPT
    train adapting --threads 4
    export DIYNN_ADAPT=0
    same_run adapting

    export DIYNN_FUSE=0
    train unfused --threads 2
    unset DIYNN_FUSE
    same_run unfused

    # the chunk stands in the network file inside a checkpoint, so only the rows are compared;
    # batchnorm learns from each chunk alone, but threads do not matter there either
    train chunks --threads 2 --set train.chunk=10
    if [ $kind != bits ]; then
        train chunks-5 --threads 5 --set train.chunk=10
        same "$R/chunks/last.safetensors" "$R/chunks-5/last.safetensors" \
            "$kind: chunks by 2 and 5 threads"
    else
        log chunks
        same "$R/one.log" "$R/chunks.log" "$kind: chunks: log"
    fi

    # a batch of all is cut by itself, or not at all
    if [ $kind != bits_norm ]; then
        set -- --set train.batch=all --set train.epochs=5 --set train.log_every=1
        train all --threads 2 "$@"
        train whole --threads 1 "$@" --set train.chunk=100000
        log all
        log whole
        same "$R/all.log" "$R/whole.log" "$kind: a batch of all: log"
    fi

    # another seed gives another net: the comparison above can fail
    train seed --threads 2 --seed 2
    check_not "$kind: another seed gives another net" \
        cmp "$R/one/last.safetensors" "$R/seed/last.safetensors"

    # each instruction set by 1 to 4 threads; those with fused multiply-add give the same bits
    fused=
    for isa in ref base avx2 avx512; do
        if ! "$DIYNN" --isa $isa help >/dev/null 2>&1; then
            skip "$kind: $isa" 'this machine has none'
            continue
        fi
        set --
        [ $isa != ref ] || set -- --set train.epochs=2 # it is slow
        for n in 1 2 3 4; do
            train $isa-$n --isa $isa --threads $n "$@"
            same "$R/$isa-1/last.safetensors" "$R/$isa-$n/last.safetensors" \
                "$kind: $isa: $n threads"
        done
        case $isa in
        avx*)
            same "$R/${fused:=$isa}-1/last.safetensors" "$R/$isa-1/last.safetensors" \
                "$kind: $fused and $isa: last checkpoint"
            same "$R/$fused-1/best.safetensors" "$R/$isa-1/best.safetensors" \
                "$kind: $fused and $isa: best checkpoint"
            ;;
        esac
    done
    [ -z "$fused" ] || same "$R/one/last.safetensors" "$R/$fused-1/last.safetensors" \
        "$kind: the set that is taken by itself"
done

# a last chunk of one sample, whose gradient is added to those of the others
kind=chunk
R=$T/chunk
mkdir "$R"
net=tests/files/nets/bits_single.ini
for chunk in 1 2; do
    for n in 1 2; do
        train $chunk-$n --threads $n --set train.batch=5 --set train.chunk=$chunk
    done
    same "$R/$chunk-1/last.safetensors" "$R/$chunk-2/last.safetensors" \
        "chunks of $chunk of 5 samples by 1 and 2 threads"
done

# a last batch of one sample, which is not updated by a stored gradient
train tail-1 --threads 1 --set train.batch=109
train tail-2 --threads 2 --set train.batch=109
export DIYNN_FUSE=0
train tail-unfused --threads 2 --set train.batch=109
unset DIYNN_FUSE
same "$R/tail-1/last.safetensors" "$R/tail-2/last.safetensors" "a batch of one by 2 threads"
same "$R/tail-1/last.safetensors" "$R/tail-unfused/last.safetensors" "a batch of one: unfused"

# every optimizer, with all that is done to gradients and weights around it
R=$T
run "$DIYNN" help optimizers
types=$(sed -n 's/^  \([a-z]\)/\1/p' "$T/out" | cut -d ' ' -f 1)
for type in $types; do
    set -- --set optimizer.type="$type" --set optimizer.clip_norm=0.5 --set optimizer.l1=1e-4 \
        --set optimizer.clip_value=0.2 --set optimizer.ema=0.9 --set train.epochs=3 \
        --set schedule.type=plateau --set schedule.patience=0 --set schedule.warmup=0.5
    train "$type-1" --threads 1 "$@"
    train "$type-3" --threads 3 "$@"
    same "$T/$type-1/last.safetensors" "$T/$type-3/last.safetensors" "$type: 1 and 3 threads"
done
check 'all optimizers were tried' test -d "$T/rprop-3" -a -d "$T/adadelta-3"

# a second look at each batch: dropout and augmentation do the same again, in chunks as well
for kind in bits_norm bits_augment; do
    net=tests/files/nets/$kind.ini
    set -- --set optimizer.sam=0.1 --set optimizer.sam_epochs=1 --set train.epochs=2 --set train.chunk=10
    train $kind-sam-1 --threads 1 "$@"
    train $kind-sam-3 --threads 3 "$@"
    same "$T/$kind-sam-1/last.safetensors" "$T/$kind-sam-3/last.safetensors" \
        "$kind: sam: 1 and 3 threads"
    train $kind-plain --threads 1 "$@" --set optimizer.sam=0
    check_not "$kind: sam changes the weights" \
        cmp "$T/$kind-plain/last.safetensors" "$T/$kind-sam-1/last.safetensors"
done

# muon, where there are matrices between the first and the last: of convolutions
R=$T
net=tests/files/nets/bits_conv.ini
set -- --set optimizer.type=muon --set optimizer.normalize=yes --set train.epochs=2
train hidden-1 --threads 1 "$@"
for n in 2 3; do
    train "hidden-$n" --threads $n "$@"
    same "$T/hidden-1/last.safetensors" "$T/hidden-$n/last.safetensors" "muon: 1 and $n threads"
done
