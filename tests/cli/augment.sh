#!/bin/sh
# shellcheck disable=SC2016 # the dollars are those of awk
# [augment] on the command line: who is touched by it, and what a user can look at.
. tests/cli/lib.sh

net=tests/files/nets/bits_augment.ini

# ---- the picture and the tables -------------------------------------------------------------------

run "$DIYNN" data $net --augmented --export png -o "$T/a"
expect 0 'a picture of changed samples'
check 'it is a PNG' test "$(head -c 4 "$T/a/bits_augment_augmented.png" | tail -c 3)" = PNG
check 'it is the only file' test "$(ls "$T/a")" = bits_augment_augmented.png
run "$DIYNN" data $net --augmented --export png -o "$T/a"
expect 2 'a file that is there is kept'
expect_err 'exists; --force'
run "$DIYNN" data $net --augmented --export csv -o "$T/a"
expect 0 'changed samples as csv'
check 'a line for each of the training part' test "$(wc -l <"$T/a/bits_augment_augmented.csv")" = 341
check 'as large as the crop' test \
    "$(head -n 1 "$T/a/bits_augment_augmented.csv" | tr ',' '\n' | wc -l)" = 211
run "$DIYNN" data $net --augmented --export csv -o "$T/b"
same "$T/a/bits_augment_augmented.csv" "$T/b/bits_augment_augmented.csv" 'the same bits again'
run "$DIYNN" data $net --augmented --export csv -o "$T/c" --set train.seed=2
check_not 'another seed changes them otherwise' \
    cmp "$T/a/bits_augment_augmented.csv" "$T/c/bits_augment_augmented.csv"
run "$DIYNN" data $net --augmented
expect 2
expect_err '--augmented is for --export'
run "$DIYNN" data nets/digits_mlp.ini --augmented --export png -o "$T/a"
expect 2
expect_err 'has no [augment] that changes samples'
run "$DIYNN" data tests/files/bad/augment_grey.ini --augmented --export png -o "$T/a"
expect 4 'data come before their changes'
run "$DIYNN" data "$T/a/bits_augment_augmented.csv" --augmented --export png
expect 2
expect_err '--augmented is for a network file'

# ---- training alone is touched --------------------------------------------------------------------

run "$DIYNN" train $net -o "$T/run" -q --set train.epochs=2 --set augment.test_views=none
expect 0 'a run'
check 'the resolved file has the section' grep -q '^rotate = 15$' "$T/run/net.ini"
run "$DIYNN" eval "$T/run/last.safetensors" --split test
expect 0
cp "$T/out" "$T/eval"
logged=$(tail -n 1 "$T/run/log.csv" | cut -d , -f 9 | xargs printf %.4f)
check 'the log and eval agree' grep -q "^accuracy $logged" "$T/eval"
run "$DIYNN" eval "$T/run/last.safetensors" --split test
same "$T/out" "$T/eval" 'eval says the same again'

# features and predict see the middle of the image: what the samples' csv holds there
run "$DIYNN" data $net --export csv -o "$T/plain"
expect 0
run "$DIYNN" features "$T/run" --layer input --split test -o "$T/input.csv"
expect 0 'the input of the net'
middle='NR > 1 {
    line = ""
    for (y = 1; y < 15; y++)
        for (x = 0; x < 15; x++)
            line = line (line == "" ? "" : ",") $(16 * y + x + 1)
    print line
}'
awk -F , "$middle" "$T/plain/bits_augment_test.csv" >"$T/want"
tail -n +2 "$T/input.csv" | cut -d , -f 1-210 >"$T/got"
same "$T/want" "$T/got" 'is the middle of each sample'

# with views, evaluation says something else, and eval the same as training
run "$DIYNN" train $net -o "$T/views" -q --set train.epochs=2
expect 0 'a run with views'
for column in 4 5; do
    cut -d , -f $column "$T/run/log.csv" >"$T/one"
    cut -d , -f $column "$T/views/log.csv" >"$T/two"
    same "$T/one" "$T/two" "training is the same: column $column"
done
cut -d , -f 8 "$T/run/log.csv" >"$T/one"
cut -d , -f 8 "$T/views/log.csv" >"$T/two"
check_not 'test losses are others' cmp "$T/one" "$T/two"
run "$DIYNN" eval "$T/views/last.safetensors" --split test
expect 0
logged=$(tail -n 1 "$T/views/log.csv" | cut -d , -f 9 | xargs printf %.4f)
check 'the log and eval agree on views' grep -q "^accuracy $logged" "$T/out"

# ---- values and auto-encoders -----------------------------------------------------------------------

cat >"$T/auto.ini" <<'END'
[data]
generator = digits
samples = 300
shape = 1x16x16
target = input
normalize = unit
[augment]
crop = 12
rotate = 10
mixup = 0.5
[linear]
units = 20
[tanh]
[linear]
units = 144
[loss]
type = mse
[optimizer]
type = adam
lr = 0.01
END
run "$DIYNN" train "$T/auto.ini" -o "$T/auto" -q --threads 2
expect 0 'an auto-encoder of crops'
run "$DIYNN" train "$T/auto.ini" -o "$T/auto3" -q --threads 3
same "$T/auto/last.safetensors" "$T/auto3/last.safetensors" 'of the same bits with 3 threads'
run "$DIYNN" train "$T/auto.ini" -o "$T/wrong" -q --set linear_2.units=256
expect 3
expect_err 'gives 256 numbers, but a target has 144'

cat >"$T/line.ini" <<'END'
[data]
generator = line
target = value
[augment]
noise = 0.05
mixup = 0.3
[linear]
units = 1
[loss]
type = mse
END
run "$DIYNN" train "$T/line.ini" -o "$T/line" -q
expect 0 'values with noise and mixup'
check 'are learnt' awk -F , 'END { exit !($8 < 1e6) }' "$T/line/log.csv"

for off in 0 1 2; do
    run "$DIYNN" train "$T/line.ini" -o "$T/off$off" -q --set train.epochs=2 \
        --set augment.mixup_off_epoch=$off
done
run "$DIYNN" train "$T/line.ini" -o "$T/never" -q --set train.epochs=2 --set augment.mixup=0
loss() { awk -F , -v epoch="$2" '$1 == epoch { print $4 }' "$T/$1/log.csv"; }
check 'mixup_off_epoch leaves the epochs before it' [ "$(loss off1 1)" = "$(loss off0 1)" ]
check 'changes those behind it' [ "$(loss off1 2)" != "$(loss off0 2)" ]
check 'and changes nothing where it is the last' [ "$(loss off2 2)" = "$(loss off0 2)" ]
check 'mixup changes what is learnt' [ "$(loss never 1)" != "$(loss off0 1)" ]

run "$DIYNN" time $net --json
expect 0 'time covers changed samples'
run "$DIYNN" check $net --set augment.mixup=0
expect 0 'check takes the cropped shape'
run "$DIYNN" summary $net
expect 0
expect_out '14x15'
