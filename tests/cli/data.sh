#!/bin/sh
# data: what it sees in tables, arrays and generators, and what it exports.
# shellcheck disable=SC2016,SC2119 # the dollars are those of awk; a name may be left out
. tests/cli/lib.sh

cat >"$T/pets.csv" <<'END'
weight,legs,age,kind
4.2,4,3,cat
30,4,7,dog
4.2,4,3,cat
4.2,4,3,dog
0.5,4,1,"hamster, small"
END
run "$DIYNN" data "$T/pets.csv"
expect 0 'a table'
expect_out 'shape      3 (3 values)'
expect_out 'classes    3'
check 'a line for each value, with its name' grep -qE '^  weight +0\.5000 +30\.0000 +8\.6200 ' "$T/out"
check 'classes with their counts' grep -qE '^  cat +2$' "$T/out"
expect_out '  hamster, small'
expect_out 'constant   1 of 3 values: legs'
expect_out 'repeated   file: 2 of 5 samples equal an earlier one'
expect_out 'file: 1 of these have another class'
expect_narrow
run "$DIYNN" data --json "$T/pets.csv"
expect_json
for text in '"repeated": 2' '"contradicting": 1' '"name": "legs"' '"not_finite": 0'; do
    expect_out "$text"
done
run sh -c 'cut -d, -f2- "$1" | "$DIYNN" data -' sh "$T/pets.csv"
expect 0 'standard input'
expect_out 'shape      2 (2 values)'
run "$DIYNN" data --set data.target=value --set data.target_columns=age --set data.ignore=kind \
    "$T/pets.csv"
expect 0 '--set says how to read a table'
expect_out 'targets    1 value a sample'
expect_out '1.0000 .. 7.0000'
run "$DIYNN" data --set data.tagret=value "$T/pets.csv"
expect 3 '--set with a typo'
expect_err "command line: [data] tagret: unknown key; did you mean 'target'?"

# parts of a net
sed 's/cat/dog/' "$T/pets.csv" >"$T/test.csv"
printf '[data]\ntrain = %s\ntest = %s\ntarget = input\nignore = kind\n' "$T/pets.csv" \
    "$T/test.csv" >"$T/pets.ini"
run "$DIYNN" data "$T/pets.ini"
expect 0 'two files'
expect_out 'targets    the sample itself'
expect_out 'shared     test: 5 of 5 samples occur in train too'

# ---- export ----

cat >"$T/net.ini" <<'END'
[data]
generator = digits
samples = 60
validation = 0.25
END
run "$DIYNN" data "$T/net.ini" --export csv -o "$T/out.d/deep"
expect 0 '--export csv'
expect_out 'shape      1x16x16' 'and tells what it always tells'
for part in train:41 validation:21 test:13; do
    file=$T/out.d/deep/net_${part%:*}.csv
    expect_err "written: $file"
    check "$(basename "$file") has its samples and a header" test "$(wc -l <"$file")" = "${part#*:}"
done
check 'the class is the last column' grep -qE '^x1,.*,x256,class$' "$T/out.d/deep/net_train.csv"
run "$DIYNN" data "$T/net.ini" --export csv -o "$T/out.d/deep"
expect 2 'what exists is kept'
expect_err 'net_train.csv exists; --force overwrites it'
run "$DIYNN" data "$T/net.ini" --export csv -o "$T/out.d/deep" --force
expect 0 'unless --force'
run "$DIYNN" data "$T/net.ini" --export npy -o "$T/out.d"
expect 0 '--export npy'
check 'classes beside it' test -s "$T/out.d/net_test_labels.npy"
for format in csv npy; do # the same data again, as a file of its own
    case $format in
    csv) set -- "$T/out.d/deep/net_train.csv" --set data.shape=1x16x16 ;;
    npy) set -- "$T/out.d/net_train.npy" --labels "$T/out.d/net_train_labels.npy" ;;
    esac
    run "$DIYNN" data --json "$@"
    expect 0 "$format is read again"
    grep -A 12 '"part"' "$T/out" | sed 's/"file"/"train"/' >"$T/$format"
    "$DIYNN" data --json "$T/net.ini" | grep -A 12 '"part": "train"' >"$T/was"
    same "$T/$format" "$T/was" "$format has the same numbers"
done
run "$DIYNN" data "$T/net.ini" --export png -o "$T/out.d"
expect 0 '--export png'
check 'a picture a part' test -s "$T/out.d/net_train.png" -a -s "$T/out.d/net_test.png"
check 'which is a PNG' sh -c 'head -c 4 "$1" | tail -c 3 | grep -qx PNG' sh "$T/out.d/net_train.png"
run sh -c 'cd "$1" && "$DIYNN" data pets.csv --export npy' sh "$T"
expect 0 'a file is exported by its name, here'
check 'there it is' test -s "$T/pets.npy" -a -s "$T/pets_labels.npy"
run sh -c 'cd "$1" && "$DIYNN" data pets.csv --export csv' sh "$T"
expect 2 'and never over itself'
run "$DIYNN" data "$T/pets.csv" --export csv -o "$T/out.d"
same "$T/out.d/pets.csv" "$T/pets.csv" 'a table comes out as it went in'
if python3 -c 'import numpy' 2>/dev/null; then
    check 'NumPy reads it' python3 -c '
import numpy, sys
x = numpy.load(sys.argv[1] + ".npy")
y = numpy.load(sys.argv[1] + "_labels.npy")
assert x.shape == (5, 3) and x.dtype.kind == "f" and abs(x[1, 0] - 30) < 1e-6, x
assert y.dtype == numpy.int64 and list(y) == [0, 1, 0, 1, 2], y
' "$T/pets"
else
    skip 'NumPy reads it' 'NumPy is missing'
fi

# ---- errors ----

run "$DIYNN" data "$T/pets.csv" --export cvs
expect 2 'an unknown kind'
expect_err 'must be csv, npy, png or cifar'
run "$DIYNN" data "$T/pets.csv" --export png -o "$T/p"
expect 4 'a table is no picture'
expect_err 'samples of 3 are no images'
check_not 'and leaves none' test -e "$T/p/pets.png"
run "$DIYNN" data "$T/pets.csv" -o "$T/p"
expect 2 '-o without --export'
run "$DIYNN" data "$T/pets.csv" --force
expect 2 '--force without --export'
run "$DIYNN" data "$T/pets.csv" --format csw
expect 2 'an unknown format'
run "$DIYNN" data "$T/net.ini" --format csv
expect 2 '--format of a network file'
run "$DIYNN" data "$T/net.ini" --export csv -o "$T/pets.csv/x"
expect 1 'a folder that cannot be'
if [ "$(id -u)" != 0 ]; then
    mkdir "$T/closed" && chmod 555 "$T/closed"
    run "$DIYNN" data "$T/net.ini" --export csv -o "$T/closed"
    expect 1 'a folder that cannot be written'
fi
if [ -e /dev/full ]; then
    run sh -c '"$DIYNN" data "$1" >/dev/full' sh "$T/pets.csv"
    expect 1 'a full disk'
fi
