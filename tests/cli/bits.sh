#!/bin/sh
# The same bits whatever the threads, the fusion and the chunks.
. tests/cli/lib.sh

net=tests/files/nets/bits.ini

# train NAME OPTION..: a run in $T/NAME
train()
{
    name=$1
    shift
    run "$DIYNN" train $net -o "$T/$name" -q "$@"
    expect 0 "train: $name"
}

# The log but for its last two columns, which are times.
log()
{
    sed 's/,[^,]*,[^,]*$//' "$T/$1/log.csv" >"$T/$1.log"
}

same_run() # NAME
{
    log "$1"
    same "$T/one/last.safetensors" "$T/$1/last.safetensors" "$1: last checkpoint"
    same "$T/one/best.safetensors" "$T/$1/best.safetensors" "$1: best checkpoint"
    same "$T/one.log" "$T/$1.log" "$1: log"
}

train one --threads 1
log one
check 'the log has its rows' test "$(wc -l <"$T/one.log")" -gt 30

for n in 2 3 4 7; do
    train threads-$n --threads $n
    same_run threads-$n
done

export DIYNN_FUSE=0
train unfused --threads 2
unset DIYNN_FUSE
same_run unfused

# the chunk stands in the network file inside a checkpoint, so only the rows are compared
train chunks --threads 2 --set train.chunk=10
log chunks
same "$T/one.log" "$T/chunks.log" 'chunks: log'

# another seed gives another net: the comparison above can fail
train seed --threads 2 --seed 2
check_not 'another seed gives another net' cmp "$T/one/last.safetensors" "$T/seed/last.safetensors"

# AVX2 and AVX-512 give the same bits, where this machine has both
if grep -q avx512f /proc/cpuinfo 2>/dev/null; then
    train avx2 --isa avx2
    train avx512 --isa avx512 --threads 2
    same "$T/avx2/last.safetensors" "$T/avx512/last.safetensors" 'AVX2 and AVX-512: last checkpoint'
else
    skip 'AVX2 against AVX-512' 'this machine has no AVX-512'
fi
for isa in ref base; do
    train $isa-1 --isa $isa --threads 1
    train $isa-3 --isa $isa --threads 3
    same "$T/$isa-1/last.safetensors" "$T/$isa-3/last.safetensors" "$isa: 1 and 3 threads"
done
