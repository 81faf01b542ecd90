#!/bin/sh
# eval of several nets as one.
# shellcheck disable=SC2016 # the dollars are those of awk
. tests/cli/lib.sh

net=nets/digits_mlp.ini
for seed in 1 2 3; do
    run "$DIYNN" train $net -o "$T/$seed" -q --seed $seed --set train.epochs=4
    expect 0 "training with seed $seed"
    run "$DIYNN" eval "$T/$seed"
    expect 0
    cp "$T/out" "$T/$seed.txt"
done
run "$DIYNN" eval "$T/1" "$T/2" "$T/3"
expect 0 'eval of three nets'
expect_err '3 nets as one, on test (600 samples)'
cp "$T/out" "$T/all.txt"
# cross-entropy is convex in what the nets say: the loss of their mean is below the mean of theirs
check 'together they have less loss than on the average' awk '
    $1 == "loss" { if (FILENAME ~ /all/) all = $2; else sum += $2 }
    END { exit !(all > 0 && all < sum / 3 * 0.98) }' "$T/1.txt" "$T/2.txt" "$T/3.txt" "$T/all.txt"
for threads in 1 3; do
    run "$DIYNN" eval "$T/1" "$T/2" "$T/3" --threads $threads
    same "$T/out" "$T/all.txt" "the same with $threads threads"
done
run "$DIYNN" eval "$T/1" "$T/1"
same "$T/out" "$T/1.txt" 'a net with itself is itself'

run "$DIYNN" eval --json "$T/1" "$T/2"
expect 0 'eval --json of two nets'
expect_json 'eval --json of two nets'
expect_out '"nets": ['

# on a file, with nets that see several views of a sample
for seed in 4 5; do
    run "$DIYNN" train tests/files/nets/bits_augment.ini -o "$T/$seed" -q --seed $seed \
        --set train.epochs=1 --set augment.test_views=flip
done
run "$DIYNN" data tests/files/nets/bits_augment.ini --export csv -o "$T/data" \
    --set data.normalize=none
expect 0 'export of data'
file=$(find "$T/data" -name '*test*')
run "$DIYNN" eval "$T/4" "$T/4"
mv "$T/out" "$T/twice"
run "$DIYNN" eval "$T/4"
same "$T/out" "$T/twice" 'with views: a net with itself is itself'
run "$DIYNN" eval "$T/4" "$T/5" --data "$file"
expect 0 'eval of two nets on a file'
mv "$T/out" "$T/file"
run "$DIYNN" eval "$T/4" "$T/5" --split test
same "$T/out" "$T/file" 'says what it says of the part itself'

# values
for seed in 6 7; do
    run "$DIYNN" train nets/regression/line.ini -o "$T/$seed" -q --seed $seed
done
run "$DIYNN" eval "$T/6" "$T/7"
expect 0 'eval of two nets that give values'
expect_out 'rmse '

# what does not go together
run "$DIYNN" eval "$T/1" "$T/6"
expect 4 'nets of other outputs'
expect_err "safetensors: gives 1 numbers a sample, the nets before it 10"
run "$DIYNN" train $net -o "$T/8" -q --set train.epochs=1 --set data.seed=9
run "$DIYNN" eval "$T/1" "$T/8"
expect 4 'nets of other data'
expect_err "$T/8/best.safetensors: its data is not that of the nets before it"
run "$DIYNN" eval "$T/1" "$T/none"
expect 4 'a net that is not there'
run "$DIYNN" eval "$T/1" "$T/2" --data -
expect 2 'two nets on standard input'
expect_err 'standard input can be read once'
