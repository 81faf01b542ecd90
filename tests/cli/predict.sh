#!/bin/sh
# predict, features and eval on files: with and without targets, through pipes, and what is refused.
# shellcheck disable=SC2016,SC2119 # the dollars are those of awk; a name may be left out
. tests/cli/lib.sh

# Fifteen kinds on a grid, in a table with names that csv must quote.
awk 'BEGIN {
    print "width,height,\"the kind, of it\""
    for (i = 0; i < 300; i++) {
        k = i % 15
        printf "%.2f,%.2f,\"kind %d%s\"\n", k % 4 * 3 + i * 7 % 11 / 20, int(k / 4) * 3 + i * 5 % 13 / 20, k,
            k == 3 ? ", \"\"three\"\"" : ""
    }
}' >"$T/all.csv"
cut -d, -f1,2 "$T/all.csv" >"$T/inputs.csv"
cat >"$T/net.ini" <<END
[data]
train = $T/all.csv
validation = 0.2
normalize = standard
[linear hidden]
units = 20
[tanh code]
[linear]
units = 15
[softmax out]
[optimizer]
type = adam
lr = 0.03
[train]
epochs = 25
END
run "$DIYNN" train -q "$T/net.ini" -o "$T/run"
expect 0 'a table with text classes trains'

# ---- predict ----

run "$DIYNN" predict "$T/run" "$T/inputs.csv"
expect 0 'predict a table of inputs alone'
expect_no_err '' 'without a word on standard error'
check 'its header' test "$(head -n 1 "$T/out")" = 'file,index,class,probability'
check 'a line a sample' test "$(wc -l <"$T/out")" = 301
check 'file, number from 0, class, probability' \
    grep -qE "^$T/inputs.csv,0,kind 0,(0\.[0-9]+|1)\$" "$T/out"
check 'a name is quoted where csv needs it' grep -qF ',"kind 3, ""three""",' "$T/out"
mv "$T/out" "$T/alone"

run "$DIYNN" predict "$T/run" "$T/all.csv"
expect 0 'predict a table that has the classes too'
expect_err ' of 300 samples are of the class the file gives'
sed "s|^$T/all.csv|$T/inputs.csv|" "$T/out" >"$T/same"
same "$T/same" "$T/alone" 'says the same'
run "$DIYNN" predict --threads 3 "$T/run" "$T/inputs.csv"
same "$T/out" "$T/alone" 'with three threads too'
run env DIYNN_FUSE=0 "$DIYNN" predict "$T/run" "$T/inputs.csv"
same "$T/out" "$T/alone" 'and unfused'
run sh -c '"$DIYNN" predict "$1" "$2" | cat' sh "$T/run" "$T/inputs.csv"
same "$T/out" "$T/alone" 'and into a pipe'

run sh -c '"$DIYNN" predict "$1" - <"$2"' sh "$T/run" "$T/inputs.csv"
expect 0 'predict standard input'
sed "s|^-,|$T/inputs.csv,|" "$T/out" >"$T/same"
same "$T/same" "$T/alone" 'says the same'
run sh -c 'tail -n 3 "$2" | "$DIYNN" predict "$1" -' sh "$T/run" "$T/inputs.csv"
expect 0 'predict a pipe without a header'
check 'three lines' test "$(wc -l <"$T/out")" = 4
gzip -c "$T/inputs.csv" >"$T/packed.csv.gz"
run "$DIYNN" predict "$T/run" "$T/packed.csv.gz" "$T/inputs.csv" "$T/all.csv"
expect 0 'predict several files'
check 'one header, all samples' test "$(wc -l <"$T/out")" = 901
cp "$T/inputs.csv" "$T/a, b.csv"
run "$DIYNN" predict "$T/run" "$T/a, b.csv"
check 'a file name is quoted where csv needs it' grep -qF "\"$T/a, b.csv\",0,kind 0," "$T/out"

awk -F, '{ print $2 "," $1 }' "$T/inputs.csv" >"$T/turned.csv"
run "$DIYNN" predict "$T/run" "$T/turned.csv"
sed "s|^$T/turned.csv|$T/inputs.csv|" "$T/out" >"$T/same"
same "$T/same" "$T/alone" 'columns are found by their names'

run "$DIYNN" predict --top 3 "$T/run" "$T/inputs.csv"
expect 0 'predict --top 3'
expect_out 'file,index,class,probability,class2,probability2,class3,probability3'
cut -d, -f1-4 "$T/out" | grep -v three >"$T/top"
grep -v three "$T/alone" >"$T/same"
same "$T/top" "$T/same" 'begins as without'
check 'probabilities go down' awk -F, '!/three/ && NR > 1 { if ($4 < $6 || $6 < $8) exit 1 }' \
    "$T/out"
run "$DIYNN" predict --top 99 "$T/run" "$T/inputs.csv"
expect 0 '--top beyond the classes gives all'
expect_out ',class15,probability15'
check 'which add up to 1' awk -F, '!/three/ && NR > 1 {
    s = 0; for (i = 4; i <= NF; i += 2) s += $i; if (s < 0.99999 || s > 1.00001) exit 1 }' "$T/out"
run "$DIYNN" predict --json --top 2 "$T/run" "$T/inputs.csv"
expect 0 'predict --json'
expect_json
expect_out '"class": "kind 3, \"three\""'
expect_out '"probability"'

# ---- eval on files ----

run "$DIYNN" eval "$T/run" --data "$T/all.csv"
expect 0 'eval --data'
expect_err "on $T/all.csv (300 samples)"
check 'top-5 where classes are many' grep -qE '^top5 (1\.0000|0\.9[0-9]{3})$' "$T/out"
expect_narrow
run "$DIYNN" eval "$T/run" --data "$T/all.csv" --top 2
check '--top K' grep -qE '^top2 ' "$T/out"
run "$DIYNN" train -q --force --set train.epochs=1 --set optimizer.lr=0.0001 \
    "$T/net.ini" -o "$T/poor"
run "$DIYNN" eval "$T/poor" --data "$T/all.csv"
expect 0 'eval of a poor net with many classes'
expect_out 'The most frequent mistakes' 'lists mistakes in the place of a matrix'
check 'at most 20 of them, most frequent first' awk '
    /^The most/ { on = 1; next } on && NF == 0 { on = 0 }
    on && $NF ~ /^[0-9]+$/ { n++; if (last && $NF > last) bad = 1; last = $NF }
    END { exit !(n >= 10 && n <= 20 && !bad) }' "$T/out"
expect_narrow
run env DIYNN_FUSE=0 "$DIYNN" eval --json "$T/poor" --data "$T/all.csv"
expect_json 'eval --json of a file'
expect_out '"top": {'
mv "$T/out" "$T/unfused"
run "$DIYNN" eval --json "$T/poor" --data "$T/all.csv"
same "$T/out" "$T/unfused" 'the same numbers fused and unfused'
run sh -c 'grep -v "kind [05]" "$2" | "$DIYNN" eval "$1" --data -' sh "$T/run" "$T/all.csv"
expect 0 'eval of standard input that lacks some classes'
check 'they keep their numbers' grep -qE '^accuracy (1\.0000|0\.9[0-9]{3})$' "$T/out"
printf 'height,width,"the kind, of it"\n1,1,kind 1\n1,1,kind 77\n' >"$T/strange.csv"
run "$DIYNN" eval "$T/run" --data "$T/strange.csv"
expect 4 'eval of a class that the net does not know'
expect_err "$T/strange.csv:3"
expect_err 'kind 77'
run "$DIYNN" eval "$T/run" --data "$T/inputs.csv"
expect 4 'eval of a file without classes'

# ---- features ----

run "$DIYNN" features "$T/run" "$T/inputs.csv"
expect 0 'features of a file'
expect_out 'code_1,code_2,' 'by default of what the last layer with parameters gets'
check 'all its outputs' awk -F, 'NF != 20 { exit 1 }' "$T/out"
check 'a line a sample' test "$(wc -l <"$T/out")" = 301
run "$DIYNN" features "$T/run" --layer out "$T/inputs.csv"
expect 0 'features --layer out'
cut -d, -f1 "$T/out" | sed -n 2p >"$T/first"
sed -n 2p "$T/alone" | cut -d, -f4 >"$T/same"
same "$T/first" "$T/same" 'the output is what predict says'
run "$DIYNN" features "$T/run" --layer input --with-labels "$T/all.csv"
expect 0 'features --layer input --with-labels'
check 'the class is the last column' \
    test "$(head -n 1 "$T/out")" = 'input_1,input_2,class'
expect_out ',"kind 3, ""three"""'
run "$DIYNN" features "$T/run" --split train -o "$T/f.csv" --with-labels
expect 0 'features of the own data into a file'
expect_no_out ''
check 'all training samples' test "$(wc -l <"$T/f.csv")" = 241
run "$DIYNN" data "$T/f.csv"
expect_out 'classes    15' 'which the program reads'
run "$DIYNN" features "$T/run" -o "$T/f.npy" --with-labels
expect 0 'features as npy'
check 'labels beside it' test -s "$T/f_labels.npy"
run "$DIYNN" data "$T/f.npy" --labels "$T/f_labels.npy"
expect 0 'which the program reads'
expect_out 'shape      20'
expect_out 'classes    15'
run "$DIYNN" features --json "$T/run" --layer hidden
expect_json 'features --json'
run "$DIYNN" features "$T/run" --threads 3
mv "$T/out" "$T/threads"
run "$DIYNN" features "$T/run" --threads 1
same "$T/out" "$T/threads" 'features have the same bits for any number of threads'

# the outputs of each layer can be learnt from
run "$DIYNN" train -q --force "$T/net.ini" -o "$T/again" --set "data.train=$T/f.csv"
expect 0 'a net learns from features'

# ---- values, one output, images ----

awk 'BEGIN { print "a,b,y"
    for (i = 0; i < 100; i++) { a = i % 10 / 10; b = int(i / 10) / 10; print a "," b "," 2 * a - b } }' \
    >"$T/values.csv"
cut -d, -f1,2 "$T/values.csv" >"$T/values_in.csv"
printf '[data]\ntrain = %s\ntarget = value\n[linear]\nunits = 1\n[loss]\ntype = mse\n' \
    "$T/values.csv" >"$T/values.ini"
run "$DIYNN" train -q "$T/values.ini" -o "$T/vrun" --set optimizer.lr=0.3 \
    --set train.epochs=30
expect 0 'values'
run "$DIYNN" predict "$T/vrun" "$T/values_in.csv"
expect 0 'predict values'
check 'close to the truth' awk -F, 'NR == FNR { y[FNR] = $3; next }
    FNR == 1 { if ($0 != "file,index,value") exit 1; next }
    { d = $3 - y[FNR]; if (d * d > 0.01) exit 1 }' "$T/values.csv" "$T/out"
run "$DIYNN" predict --json "$T/vrun" "$T/values_in.csv"
expect_json 'values as JSON'
expect_out '"values"'
run "$DIYNN" predict --top 2 "$T/vrun" "$T/values_in.csv"
expect 2 '--top of values'
run "$DIYNN" eval --top 2 "$T/vrun"
expect 2 'eval --top of values'

printf '[data]\ngenerator = xor\nsamples = 200\n[linear]\nunits = 4\n[tanh]\n[linear]\nunits = 1\n' \
    >"$T/one.ini"
printf '[sigmoid]\n[loss]\ntype = binary_cross_entropy\n[train]\nepochs = 2\n' >>"$T/one.ini"
run "$DIYNN" train -q "$T/one.ini" -o "$T/one"
expect 0 'two classes on one output'
printf '1,1\n-1,1\n0.2,-0.4\n' >"$T/points.csv"
run "$DIYNN" predict --top 2 "$T/one" "$T/points.csv"
expect 0 'are predicted'
check 'with probabilities that add up' awk -F, 'NR > 1 {
    if ($3 == $5 || $4 < 0.5 || $4 + $6 < 0.999999 || $4 + $6 > 1.000001) exit 1 }' "$T/out"
sed -e 's/^\[sigmoid\]$//' -e 's/binary_cross_entropy/hinge/' "$T/one.ini" >"$T/hinge.ini"
run "$DIYNN" train -q "$T/hinge.ini" -o "$T/hinge"
expect 0 'one output without probabilities'
run "$DIYNN" predict --top 2 "$T/hinge" "$T/points.csv"
expect_out 'file,index,class,score,class2,score2' 'has scores'
check 'that mirror each other' awk -F, 'NR > 1 { if ($4 != -$6) exit 1 }' "$T/out"

printf '[data]\ngenerator = digits\nsamples = 60\ntarget = input\nnormalize = unit\n[linear code]\n' \
    >"$T/auto.ini"
printf 'units = 5\n[linear]\nunits = 256\n[loss]\ntype = mse\n[train]\nepochs = 1\n' >>"$T/auto.ini"
run "$DIYNN" train -q "$T/auto.ini" -o "$T/auto"
expect 0 'an auto-encoder'
run "$DIYNN" features "$T/auto" --layer code --with-labels
expect 0 'its codes, with the classes that its data have'
check 'five numbers and a class' awk -F, 'NF != 6 { exit 1 }' "$T/out"
run "$DIYNN" data "$T/auto.ini" --export npy -o "$T/digits" -q
run "$DIYNN" predict "$T/auto" "$T/digits/auto_test.npy"
expect 0 'predict images of an npy'
check '256 values' awk -F, 'NF != 258 { exit 1 }' "$T/out"

# ---- errors ----

for command in predict features; do
    run "$DIYNN" $command "$T/nowhere" "$T/inputs.csv"
    expect 4 "$command of a missing run"
    run "$DIYNN" $command "$T/run" "$T/nowhere.csv"
    expect 4 "$command of a missing file"
    expect_err "cannot open $T/nowhere.csv"
    run "$DIYNN" $command "$T/run" "$T/inputs.csv" --format cvs
    expect 2 "$command with an unknown format"
    run "$DIYNN" $command "$T/run" "$T/digits/auto_test.npy"
    expect 4 "$command of samples of a wrong shape"
    expect_err "$T/digits/auto_test.npy"
    expect_err '16x16' 'the shape that is there'
    expect_err ' 2' 'and the one that must be'
    run sh -c '"$DIYNN" '"$command"' "$1" - </dev/null' sh "$T/run"
    expect 4 "$command of nothing"
    if [ -e /dev/full ]; then
        run sh -c '"$DIYNN" '"$command"' "$1" "$2" >/dev/full' sh "$T/run" "$T/inputs.csv"
        expect 1 "$command on a full disk"
        expect_err 'diynn: cannot write standard output: No space left on device'
    fi
    run sh -c '"$DIYNN" '"$command"' -q "$1" "$2" | head -n 1' sh "$T/run" "$T/inputs.csv"
    expect_no_err '' "$command into a pipe that closes early"
done
printf 'width,height\n1,2\n1,x\n' >"$T/bad.csv"
run "$DIYNN" predict "$T/run" "$T/bad.csv"
expect 4 'predict of a wrong value'
expect_err "$T/bad.csv:3: column 2 'height': 'x' is no number"
expect_no_out '' 'and nothing else'
printf '1,2,3,4\n' >"$T/wide.csv"
run "$DIYNN" predict "$T/run" "$T/wide.csv"
expect 4 'predict of a table that is too wide'
expect_err "$T/wide.csv"
printf 'a,b\n1,2\n' >"$T/other.csv"
run "$DIYNN" predict "$T/run" "$T/other.csv"
expect 4 'predict of a table with other columns'
expect_err "no column 'width'"
run "$DIYNN" predict "$T/run"
expect 2 'predict without a file'
expect_err 'and files'
run "$DIYNN" features "$T/run" --layer cod
expect 2 'features of an unknown layer'
expect_err "did you mean 'code'?"
run "$DIYNN" features "$T/run" --layer nothing_like_it
expect 2 'features of a layer unlike any'
run "$DIYNN" features "$T/run" -o "$T/f.txt"
expect 2 'features into a file of no known kind'
run "$DIYNN" features "$T/run" -o "$T/no/f.npy"
expect 1 'features into a missing folder'
run "$DIYNN" features "$T/run" "$T/inputs.csv" --with-labels
expect 4 '--with-labels of a file that has none'
run "$DIYNN" features "$T/run" "$T/inputs.csv" --split train
expect 2 '--split of a file'
run "$DIYNN" features "$T/run" --split tset
expect 2 '--split with a typo'
run "$DIYNN" features "$T/run" --format csv
expect 2 '--format without a file'
run "$DIYNN" eval "$T/run" --format csv
expect 2 'eval --format without a file'
run "$DIYNN" eval "$T/run" --data "$T/all.csv" --split train
expect 2 'eval --data and --split'
