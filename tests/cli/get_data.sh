#!/bin/sh
# scripts/get_data.sh against made-up mirrors. The data are four made-up digits, with a manifest of
# their own, so no network and no real file is needed.
. tests/cli/lib.sh

digits() # DIGIT..: ESL text, values depend on line and column
{
    printf '%s\n' "$@" | awk '{
        printf "%.4f", $1
        for (i = 1; i <= 256; i++)
            printf " %.4f", ((NR * 37 + i * 101) % 2001 - 1000) / 1000
        print " "
    }'
}

content() # the form in which values are summed
{
    awk '{
        line = sprintf("%d", $1)
        for (i = 2; i <= 257; i++)
            line = line sprintf(" %.6f", $i)
        print line
    }' | sha256sum | cut -d ' ' -f 1
}

good=$T/good/usps
mkdir -p "$good"
digits 0 1 1 2 >"$T/train"
digits 2 1 0 >"$T/test"
gzip -nc "$T/train" >"$good/zip.train.gz"
gzip -nc "$T/test" >"$good/zip.test.gz"
libsvm=$(printf 'https://nowhere.invalid/%s' usps.bz2)
cat >"$T/manifest" <<END
# made up
file usps zip.train.gz usps 4 1,2,1 $(content <"$T/train")
source usps zip.train.gz usps - - - https://nowhere.invalid/zip.train.gz
source usps zip.train.gz libsvm - - md5:00 $libsvm
file usps zip.test.gz usps 3 1,1,1 $(content <"$T/test")
source usps zip.test.gz usps - - - https://nowhere.invalid/zip.test.gz
END

get() # MIRROR ARGUMENT..: into $T/to
{
    mirror=$1
    shift
    run env DIYNN_MIRROR="$mirror" scripts/get_data.sh --manifest "$T/manifest" --to "$T/to" "$@"
}

only() # FILE..: the set's folder has these and nothing else, hidden files included
{
    [ "$(cd "$T/to/usps" && find . ! -name . | sort | tr -d '\n')" = "${1:+./$1}${2:+./$2}" ]
}

# A mirror that is the good one but for zip.train.gz, which is made from standard input.
bad_train()
{
    rm -rf "$T/to" "$T/bad"
    cp -r "$T/good" "$T/bad"
    cat >"$T/bad/usps/zip.train.gz"
}

refused() # NAME REASON
{
    get "$T/bad" usps
    expect 1 "$1: refused"
    expect_err "refused: $T/bad/usps/zip.train.gz $2" "$1: the file and the reason"
    check "$1: nothing of it is left" only zip.test.gz
}

get "$T/good" usps
expect 0 'a good mirror'
expect_err 'zip.train.gz: 4 samples, checked'
check 'both files and nothing else' only zip.test.gz zip.train.gz
same "$good/zip.train.gz" "$T/to/usps/zip.train.gz" 'as they were'

get "$T/nowhere" usps
expect 1 'a mirror that is not there'
expect_err 'is not a folder'
mkdir "$T/empty"
get "$T/empty" usps
expect 0 'files that are there need no mirror'
expect_err "zip.test.gz is there: 3 samples, checked"

printf 'x' >"$T/to/usps/zip.test.gz"
get "$T/good" usps
expect 1 'a wrong file that is there'
expect_err 'zip.test.gz is there but is neither gzip nor bzip2; remove it and run this again'
check 'stays' test "$(cat "$T/to/usps/zip.test.gz")" = x

rm -rf "$T/to"
get "$T/empty" usps
expect 1 'an empty mirror'
expect_err "$T/empty/usps has no zip.train.gz or usps.bz2" 'names what is missing'
expect_err 'zip.train.gz could not be had'
check_not 'and leaves no folder' test -e "$T/to/usps"

echo '<!DOCTYPE html><html><head><title>404 Not Found</title></head></html>' | bad_train
refused 'a web page' 'is a web page, not data'
: | bad_train
refused 'an empty file' 'is empty'
bad_train <"$T/train"
refused 'a file that is not packed' 'is neither gzip nor bzip2'
head -c 1000 "$good/zip.train.gz" | bad_train
refused 'a file that is cut short' 'is cut short or damaged'
sed '2s/ [-0-9.]* $/ 0.1234 /' "$T/train" | gzip -nc | bad_train
refused 'an altered value' 'has other values than the published data (sha256 '
digits 0 1 1 | gzip -nc | bad_train
refused 'a missing sample' 'has 3 samples, not 4'
digits 0 1 2 2 | gzip -nc | bad_train
refused 'an altered class' 'has other numbers of samples per class: 1,1,2, not 1,2,1'
sed '3s/ [-0-9.]* $//' "$T/train" | gzip -nc | bad_train
refused 'a short line' 'line 3 has 256 numbers, not 257'
sed '4s/^2.0000 [-0-9.]* /2.0000 1e400 /' "$T/train" | gzip -nc | bad_train
refused 'no number' 'line 4: number 2 is 1e400'
echo '<html>Sorry</html>' | gzip -nc | bad_train
refused 'a packed web page' 'line 1 has 1 numbers, not 257'
gzip -nc "$T/test" | bad_train
refused 'the other file' 'has 3 samples, not 4'

# the same values in another layout: labels from 1, zeros left out
if command -v bzip2 >/dev/null 2>&1; then
    rm -rf "$T/to"
    mkdir -p "$T/libsvm/usps"
    cp "$good/zip.test.gz" "$T/libsvm/usps"
    awk '{
        printf "%d", $1 + 1
        for (i = 2; i <= 257; i++)
            if ($i != 0)
                printf " %d:%g", i - 1, $i
        print " "
    }' "$T/train" | bzip2 >"$T/libsvm/usps/usps.bz2"
    get "$T/libsvm" usps
    expect 0 'a libsvm copy is written in the layout of the others'
    gzip -dc "$T/to/usps/zip.train.gz" >"$T/unpacked"
    same "$T/train" "$T/unpacked" 'byte by byte'
else
    skip 'libsvm copy' 'no bzip2 here'
fi

# the network, with a curl of our own that copies from a folder
mkdir "$T/bin"
cat >"$T/bin/curl" <<END
#!/bin/sh
while [ \$# -gt 1 ]; do
    [ "\$1" != --output ] || to=\$2
    shift
done
cp "$T/web/\${1##*/}" "\$to" 2>/dev/null || { echo 'curl: (22) error: 404' >&2; exit 22; }
END
chmod +x "$T/bin/curl"
load()
{
    rm -rf "$T/to"
    run env PATH="$T/bin:$PATH" DIYNN_MIRROR= scripts/get_data.sh --manifest "$T/manifest" \
        --to "$T/to" usps
}
cp -r "$good" "$T/web"
load
expect 0 'from the network'
expect_err 'loading https://nowhere.invalid/zip.train.gz'
check 'both files' only zip.test.gz zip.train.gz
rm "$T/web/zip.train.gz"
cp "$T/web/zip.test.gz" "$T/web/usps.bz2"
load
expect 1 'a missing page and a wrong checksum'
expect_err 'cannot load https://nowhere.invalid/zip.train.gz: curl: (22) error: 404'
expect_err "refused: $libsvm has another checksum than md5:00"
check 'nothing of it is left' only zip.test.gz

# IDX: images and labels; the bytes inside are pinned and the packing is not
idx() # TEXT..: a header's first bytes, then what printf makes of these
{
    printf '\000\000\010'
    printf '%b' "$@"
}
sha()
{
    sha256sum <"$1" | cut -d ' ' -f 1
}
images='\0003\0000\0000\0000\0003\0000\0000\0000\0001\0000\0000\0000\0002'
mkdir -p "$T/idx/little"
idx "$images" '\0001\0002\0003\0004\0005\0006' >"$T/images"
idx '\0001\0000\0000\0000\0003' '\0002\0000\0002' >"$T/labels"
gzip -1nc "$T/images" >"$T/idx/little/train-images-idx3-ubyte.gz"
gzip -nc "$T/labels" >"$T/idx/little/train-labels-idx1-ubyte.gz"
web=https://nowhere.invalid
cat >>"$T/manifest" <<END
file little train-images-idx3-ubyte.gz idx 3 - $(sha "$T/images")
source little train-images-idx3-ubyte.gz idx 22 $(sha "$T/images") - $web/train-images-idx3-ubyte.gz
file little train-labels-idx1-ubyte.gz idx 3 1,0,2 $(sha "$T/labels")
source little train-labels-idx1-ubyte.gz idx 11 $(sha "$T/labels") - $web/train-labels-idx1-ubyte.gz
END
cp -r "$T/good/usps" "$T/idx"
rm -rf "$T/to"
get "$T/idx" all
expect 0 'all sets'
check 'are four files' test "$(find "$T/to" -name '*.gz' | wc -l)" = 4
expect_err 'train-labels-idx1-ubyte.gz: 3 samples, checked'
same "$T/idx/little/train-images-idx3-ubyte.gz" "$T/to/little/train-images-idx3-ubyte.gz" 'as they were'
get "$T/empty" little
expect 0 'IDX files that are there'
expect_err 'train-images-idx3-ubyte.gz is there: 3 samples, checked'
refused_idx() # NAME FILE REASON: what stands on standard input is refused in the place of a file
{
    rm -rf "$T/to"
    gzip -nc >"$T/idx/little/$2"
    get "$T/idx" little </dev/null
    expect 1 "$1: refused"
    expect_err "refused: $T/idx/little/$2 $3" "$1: the reason"
    check_not "$1: nothing of it is left" test -e "$T/to/little/$2"
}
idx "$images" '\0001\0002\0003\0004\0005\0007' >"$T/wrong"
refused_idx 'another pixel' train-images-idx3-ubyte.gz \
    'has other bytes than the published data' <"$T/wrong"
idx '\0003\0000\0000\0000\0002' >"$T/wrong"
refused_idx 'a missing image' train-images-idx3-ubyte.gz 'has 2 samples, not 3' <"$T/wrong"
echo '<html>Sorry</html>' >"$T/wrong"
refused_idx 'a web page for images' train-images-idx3-ubyte.gz 'is no IDX file of bytes' <"$T/wrong"
idx '\0001\0000\0000\0000\0003' '\0002\0001\0002' >"$T/wrong"
refused_idx 'another label' train-labels-idx1-ubyte.gz \
    'has other numbers of samples per class: 0,1,2, not 1,0,2' <"$T/wrong"

# CIFAR: the published archive, and a copy in JPEG images that the program decodes
row() # CLASS
{
    printf '%b' "\\000$1"
    head -c 3072 /dev/zero | tr '\000' x
}
inside=$T/inside/cifar-10-batches-bin
mkdir -p "$inside" "$T/cifar/pets" "$T/jpeg/pets" "$T/both"
for i in 1 2 3 4 5; do
    { row 0 && row 1; } >"$inside/data_batch_$i.bin"
    for class in cat dog; do
        mkdir -p "$T/both/cifar10/train/$class" "$T/both/cifar10/test/$class"
        cp tests/files/images/plain.jpg "$T/both/cifar10/train/$class/$i.jpg"
        cp tests/files/images/half.jpg "$T/both/cifar10/test/$class/1.jpg"
    done
done
{ row 1 && row 0; } >"$inside/test_batch.bin"
printf 'cat\ndog\n\n' >"$inside/batches.meta.txt"
archive=$T/cifar/pets/cifar-10-binary.tar.gz
copy=$T/jpeg/pets/cifar10-jpg.tar.gz
tar -czf "$archive" -C "$T/inside" cifar-10-batches-bin
tar -czf "$copy" -C "$T/both" cifar10
pets_manifest() # FILE..: the manifest of the set
{
    for file; do
        case $file in
        train.bin) what='cifar 10 5,5' ;;
        test.bin) what='cifar 2 1,1' ;;
        *) what='names 2 cat,dog' ;;
        esac
        echo "file pets $file $what -"
        echo "source pets $file cifar - - md5:$(md5sum <"$archive" | cut -d ' ' -f 1) $web/${archive##*/}"
        echo "source pets $file jpeg - - sha256:$(sha "$copy") mirror:${copy##*/}"
    done
}
pets_manifest train.bin test.bin batches.meta.txt >>"$T/manifest"
rm -rf "$T/to"
get "$T/cifar" pets
expect 0 'the archive of CIFAR'
expect_err 'train.bin: 10 samples, checked'
cat "$inside"/data_batch_?.bin >"$T/joined"
same "$T/to/pets/train.bin" "$T/joined" 'its five files are one'
same "$T/to/pets/test.bin" "$inside/test_batch.bin" 'the test part'
same "$T/to/pets/batches.meta.txt" "$inside/batches.meta.txt" 'the names'
check 'and nothing else' test "$(find "$T/to/pets" -mindepth 1 | wc -l)" = 3
get "$T/empty" pets
expect 0 'files that are there'
expect_err 'test.bin is there: 2 samples, checked'
row 1 >"$T/to/pets/test.bin"
get "$T/empty" pets
expect 1 'a part of one'
expect_err 'test.bin is there but has 3073 bytes, not 2 rows of 3073'
{ row 1 && row 1; } >"$T/to/pets/test.bin"
get "$T/empty" pets
expect_err 'test.bin is there but has other numbers of samples per class: 0,2, not 1,1'
printf 'dog\ncat\n' >"$T/to/pets/batches.meta.txt"
get "$T/empty" pets
expect_err 'batches.meta.txt is there but has other names: dog,cat,, not cat,dog'
rm -rf "$T/to"
rm -f "$T/web/usps.bz2"
cp "$archive" "$T/web"
run env PATH="$T/bin:$PATH" DIYNN_MIRROR= scripts/get_data.sh --manifest "$T/manifest" \
    --to "$T/to" pets
expect 0 'from the network'
check 'which is asked once' test "$(grep -c loading "$T/err")" = 1
rm -rf "$T/to"
get "$T/jpeg" pets
expect 0 'the copy in JPEG'
check 'rows of bytes' test "$(wc -c <"$T/to/pets/train.bin")" = 30730
# shellcheck disable=SC2016 # the dollar is the inner shell's
check 'classes take turns' sh -c 'head -c 3074 "$1" | tail -c 1 | od -An -tu1 | grep -q 1' sh \
    "$T/to/pets/train.bin"
check 'and nothing else is left' test "$(find "$T/to/pets" -mindepth 1 | wc -l)" = 3
run "$DIYNN" data "$T/to/pets/train.bin"
expect 0 'it can be read'
check 'with its classes' grep -qE '^  dog +5$' "$T/out"
rm -rf "$T/to"
run env DIYNN="$T/none" DIYNN_MIRROR="$T/jpeg" scripts/get_data.sh --manifest "$T/manifest" \
    --to "$T/to" pets
expect 1 'without the program'
expect_err 'holds JPEG images, which need the program diynn (make builds it)'
expect_err 'train.bin could not be had'
gzip -dc <"$archive" | gzip -1nc >"$T/again"
mv "$T/again" "$archive"
get "$T/cifar" pets
expect 1 'an archive with another checksum'
expect_err 'has another checksum than md5:'
check_not 'nothing of it is left' test -e "$T/to/pets/train.bin"

# the project's own manifest: whole lines, each file with its address
# shellcheck disable=SC2016 # the dollars are awk's
check 'the manifest is sound' awk '
    !NF || /^#/ { next }
    $1 == "file" && NF == 7 && (length($7) == 64 || $7 == "-") { file[$2 " " $3] = 1; next }
    $1 == "source" && NF == 8 && $8 ~ /^https:/ { source[$2 " " $3] = 1; next }
    $1 == "source" && NF == 8 && $8 ~ /^mirror:/ && $7 ~ /^sha256:/ { next }
    $1 == "copy" && NF == 5 && length($5) == 64 { next }
    { print "line " FNR ": " $0; bad = 1 }
    END {
        for (f in file)
            if (!source[f]) { print f " has no source"; bad = 1 }
        exit bad
    }' datasets/manifest

run scripts/get_data.sh --help
expect 0 'help'
expect_out 'DIYNN_MIRROR=DIR'
expect_no_err ''
run scripts/get_data.sh --list
expect 0 'list'
expect_out usps
expect_out mnist
run scripts/get_data.sh
expect 2 'no set'
expect_err 'which set? one of: usps mnist cifar10, or all'
run scripts/get_data.sh cats
expect 2 'an unknown set'
expect_err "unknown set 'cats'; there are: usps mnist cifar10"
run scripts/get_data.sh --to
expect 2 'an option without its value'
run scripts/get_data.sh --what
expect 2 'an unknown option'
