#!/bin/sh
# Images from file to prediction: a folder for each class, lists, broken ones, the cache, CIFAR files.
# shellcheck disable=SC2016,SC2119 # the dollars are those of awk; a name may be left out
. tests/cli/lib.sh
export XDG_CACHE_HOME="$T/cache"

picture() # FIRST CHARACTER, WIDTH, HEIGHT, SEED: a PGM whose pixels are letters
{
    awk -v from="$1" -v w="$2" -v h="$3" -v seed="$4" 'BEGIN {
        printf "P5\n%d %d\n255\n", w, h
        for (i = 0; i < w * h; i++)
            printf "%c", from + (i * 7 + seed * 13) % 12
    }'
}

for i in 1 2 3 4 5 6 7 8 9; do
    mkdir -p "$T/set/dark" "$T/set/light"
    picture 40 $((6 + i)) 8 $i >"$T/set/dark/$i.pgm"
    picture 100 8 $((6 + i)) $i >"$T/set/light/$i.pgm"
done
cat >"$T/net.ini" <<END
[data]
train = $T/set
validation = 0.2
shape = 1x8x8
classes = 2
normalize = channel
[linear]
units = 2
[softmax]
[train]
epochs = 20
batch = 4
END

run "$DIYNN" data "$T/set"
expect 4 'images of several sizes need a shape'
expect_err "$T/set/dark/2.pgm: is 1x8x8, and the first image 1x8x7; [data] shape = CxHxW"
run "$DIYNN" data -v --set data.shape=1x8x8 "$T/set"
expect 0 'a folder'
expect_out 'shape      1x8x8 (64 values)'
check 'counts of classes' grep -qE '^  dark +9$' "$T/out"
expect_err 'to be decoded anew'
run "$DIYNN" data -v --set data.shape=1x8x8 "$T/set/"
expect_err "cache/diynn/"
expect_no_err 'anew'

run "$DIYNN" train -q "$T/net.ini" -o "$T/run"
expect 0 'a net learns folders of images'
run "$DIYNN" train -q "$T/net.ini" -o "$T/plain" --threads 3 --set data.cache=no
expect 0 'and without a cache, with three threads'
for run in run plain; do
    run "$DIYNN" predict "$T/$run" "$T/set"
    cp "$T/out" "$T/$run.csv"
done
same "$T/run.csv" "$T/plain.csv" 'learns the same'
run "$DIYNN" train -q --resume "$T/net.ini" -o "$T/run"
expect 0 'a finished run is resumed'
touch "$T/set/dark/1.pgm"
run "$DIYNN" train -q --resume "$T/net.ini" -o "$T/run"
expect 0 'a touched file is the same'
cp "$T/set/dark/1.pgm" "$T/kept"
cp "$T/set/dark/2.pgm" "$T/set/dark/1.pgm"
run "$DIYNN" train -q --resume "$T/net.ini" -o "$T/run"
expect 4 'a changed one is not'
expect_err "$T/set has changed since"
cp "$T/kept" "$T/set/dark/1.pgm"

# ---- predict ----

run "$DIYNN" predict "$T/run" "$T/set/light/3.pgm" "$T/set/dark/4.pgm"
expect 0 'predict image files'
check 'three lines' test "$(wc -l <"$T/out")" = 3
expect_out "$T/set/light/3.pgm,0,light,"
expect_out "$T/set/dark/4.pgm,0,dark,"
sed -n 's/^.*,0,dark,//p' "$T/out" >"$T/one"
sed -n "s|^$T/set/dark/4.pgm,3,dark,||p" "$T/run.csv" >"$T/many"
same "$T/one" "$T/many" 'alone as among others'
run "$DIYNN" predict "$T/run" "$T/set"
expect 0 'predict a folder'
expect_err '18 of 18 samples are of the class the file gives'
expect_out "$T/set/light/9.pgm,17,light,"
mkdir "$T/flat"
cp "$T/set/light/1.pgm" "$T/flat/what.pgm"
cp tests/files/images/plain.jpg tests/files/images/rgb.png "$T/flat"
run "$DIYNN" predict "$T/run" "$T/flat"
expect 0 'a folder without classes, with coloured images'
expect_out "$T/flat/what.pgm,2,light,"
expect_no_err 'of the class'
run "$DIYNN" predict --json --top 2 "$T/run" "$T/flat/what.pgm"
expect 0 'as JSON'
expect_json
printf 'light/1.pgm\ndark/1.pgm\n' >"$T/set/some.lst"
run "$DIYNN" predict "$T/run" "$T/set/some.lst"
expect 0 'a list'
check 'in its order' grep -q 'light/1.pgm,0,light,' "$T/out"
run sh -c '"$DIYNN" predict --format images "$1" - <"$2"' sh "$T/run" "$T/flat/what.pgm"
expect 0 'an image from standard input'
expect_out ',light,'
echo junk >"$T/junk.png"
run "$DIYNN" predict "$T/run" "$T/junk.png"
expect 4 'no image'
expect_err "$T/junk.png: is no PNG, JPEG, BMP, PGM or PPM"
run "$DIYNN" eval "$T/run" --data "$T/set"
expect 0 'eval on a folder'
check 'all are right' grep -q '^accuracy 1' "$T/out"

# ---- broken images ----

mkdir -p "$T/bad/a" "$T/bad/b"
cp "$T/set/dark/1.pgm" "$T/bad/a"
cp "$T/set/light/1.pgm" "$T/bad/b"
head -c 40 tests/files/images/plain.jpg >"$T/bad/a/0.jpg"
run "$DIYNN" data --set data.shape=1x8x8 "$T/bad"
expect 4 'a broken image is an error'
expect_err "$T/bad/a/0.jpg: the image is cut short"
run "$DIYNN" data --set data.shape=1x8x8 --set data.broken=skip "$T/bad"
expect 0 'or left out'
expect_err "warning: $T/bad/a/0.jpg: the image is cut short (left out)"
check 'of two classes one image each' grep -qE '^  file +2 ' "$T/out"
rm "$T/bad/b/1.pgm"
run "$DIYNN" data --set data.shape=1x8x8 --set data.broken=skip "$T/bad"
expect 4 'a class without images'
expect_err "$T/bad/b: no images"
if [ "$(id -u)" != 0 ]; then
    chmod 0 "$T/bad/b"
    run "$DIYNN" data --set data.shape=1x8x8 "$T/bad"
    expect 4 'a folder that cannot be read'
    expect_err "cannot open the folder $T/bad/b"
    chmod 755 "$T/bad/b"
fi
for key in resize=fit broken=yes cache=maybe; do
    run "$DIYNN" data --set "data.$key" "$T/set"
    expect 3 "$key"
done

# ---- CIFAR files ----

run "$DIYNN" data --set data.shape=3x32x32 --export cifar -o "$T/cifar" "$T/set"
expect 0 'a folder as a CIFAR file'
check 'rows of 3073 bytes' test "$(wc -c <"$T/cifar/set.bin")" = $((18 * 3073))
printf 'dark\nlight\n' >"$T/names"
same "$T/cifar/batches.meta.txt" "$T/names" 'with the names of the classes'
run "$DIYNN" data --set data.shape=3x32x32 --export npy -o "$T/cifar" "$T/set"
expect 0 'as npy'
run "$DIYNN" data --export npy -o "$T/back" "$T/cifar/set.bin"
expect 0 'the CIFAR file as npy'
same "$T/cifar/set.npy" "$T/back/set.npy" 'has the same values'
same "$T/cifar/set_labels.npy" "$T/back/set_labels.npy" 'and classes'
run "$DIYNN" data --export png -o "$T/back" "$T/cifar/set.bin"
expect 0 'and as a picture'
run "$DIYNN" data "$T/back/set.png"
expect 0 'which can be read'
run "$DIYNN" data --export cifar -o "$T/back" "$T/set/dark/1.pgm"
expect 4 'other images are none of CIFAR'
expect_err 'a CIFAR file holds images of 3x32x32, and samples are 1x8x7'
run "$DIYNN" data "$T/cifar/set.bin, $T/cifar/set.bin"
expect 0 'two files as one'
check 'of 36 samples' grep -qE '^  file +36 ' "$T/out"
head -c 4000 "$T/cifar/set.bin" >"$T/cifar/cut.bin"
run "$DIYNN" data "$T/cifar/cut.bin"
expect 4 'a cut file'
expect_err 'cut.bin: 4000 bytes: must be rows of 3073'
run "$DIYNN" data datasets/cifar10/none.bin
expect 4 'a missing file'
expect_err 'scripts/get_data.sh cifar10'

# ---- README.md's section on pictures, word for word ----

awk '/^## / { inside = $0 == "## Your own pictures" } inside' README.md >"$T/section"
awk '/^```ini/ { open = 1; next } /^```/ { open = 0 } open' "$T/section" >"$T/stripes.ini"
awk '/^```sh/ { open = 1; next } /^```/ { open = 0 } open' "$T/section" >"$T/commands"
cd "$T" || exit 1
ln -s "$DIYNN" diynn
exec 3<commands
while read -r line <&3; do
    run sh -c "$line"
    expect 0 "$line"
done
check 'it has four commands' test "$(wc -l <commands)" = 4
expect_out 'stripes/down/7.pgm,0,down,'
run ./diynn eval runs/stripes
check 'the net is right' grep -q '^accuracy 1' out
