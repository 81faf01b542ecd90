#!/bin/sh
# Training takes no more memory than it must: its peak is at most 1.1 times the samples, parameters,
# gradients, optimizer state and activations that `summary` plans, and 8 MiB for the program itself.
. tests/cli/lib.sh

# bound NAME SAMPLES VALUES OPTION..: trains $T/net.ini; SAMPLES of VALUES numbers and a class each
bound()
{
    name=$1 samples=$2 values=$3
    shift 3
    run "$DIYNN" summary --json "$T/net.ini" "$@"
    planned=$(awk -F '[:,]' '/"training_bytes"/ { on = 1 } on && $1 !~ /batch|workspace/ { n += $2 }
        END { print n + 0 }' "$T/out")
    run "$B/tests/usage" "$T/usage" "$DIYNN" train -q --force -o "$T/run" "$T/net.ini" "$@"
    expect 0 "$name: trains"
    kib=$(sed -n 's/^kib //p' "$T/usage")
    most=$(((samples * (values * 4 + 4) + planned) * 11 / 10 / 1024 + 8192))
    printf '%-32s %6d KiB of at most %6d\n' "$name" "$kib" "$most"
    check "$name: $kib KiB are at most $most" test "$kib" -le "$most"
}

net() # LINE.. of [data]
{
    printf '%s\n' '[data]' "$@" '[linear hidden]' 'units = 100' '[tanh]' '[linear]' 'units = 10' \
        '[softmax]' '[optimizer]' 'type = sgd' 'lr = 0.01' '[train]' 'epochs = 2' >"$T/net.ini"
}

net 'generator = digits' 'samples = 7291' 'test_samples = 0' 'shape = 1x16x16' 'classes = 10'
for threads in 1 2; do
    for units in 100 500; do
        for batch in 1 10 100; do
            bound "$units units, batch $batch, $threads threads" 7291 256 --threads $threads \
                --set train.batch=$batch --set hidden.units=$units
        done
    done
done
bound 'a batch of all' 7291 256 --set train.batch=7291
bound 'validation and adamw' 7291 256 --set data.validation=0.2 --set optimizer.type=adamw \
    --set hidden.units=500 --set train.batch=100
bound 'a checkpoint after every step' 7291 256 --set train.save_every=0 --set hidden.units=500 \
    --set train.batch=100

if [ -e datasets/usps/zip.train.gz ] && [ -e datasets/usps/zip.test.gz ]; then
    net 'train = datasets/usps/zip.train.gz' 'test = datasets/usps/zip.test.gz' 'shape = 1x16x16' \
        'classes = 10'
    bound 'USPS files' 9298 256 --set train.batch=100
else
    skip 'USPS files' 'datasets/usps is not here'
fi
