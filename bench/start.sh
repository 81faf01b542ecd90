#!/bin/sh
# How soon a training is under way, and what it takes at most: net A for one step of 100, from the
# start of the process to its end, its checkpoint on the disk. Medians of ROUNDS=11.
#
#   bench/start.sh
set -u
cd "$(dirname "$0")/.." || exit 1
rounds=${ROUNDS:-11}
usage=$(make --no-print-directory -s where)/tests/usage
make --no-print-directory -s diynn "$usage" || exit 1
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
trap 'exit 130' INT TERM

net() # NAME LINE.. of [data]
{
    name=$1
    shift
    printf '%s\n' '[data]' "$@" 'shape = 1x16x16' 'classes = 10' '[linear hidden]' 'units = 100' \
        '[tanh]' '[linear]' 'units = 10' '[softmax]' '[optimizer]' 'type = sgd' 'lr = 0.01' \
        '[train]' 'batch = 100' 'steps = 1' >"$dir/$name.ini"
}

net generator 'generator = digits' 'samples = 7291' 'test_samples = 0'
net generator_test 'generator = digits' 'samples = 7291' 'test_samples = 2007'
if [ -e datasets/usps/zip.train.gz ]; then
    net zip.train 'train = datasets/usps/zip.train.gz'
    net zip.train_test 'train = datasets/usps/zip.train.gz' 'test = datasets/usps/zip.test.gz'
fi

printf '%-16s %8s %8s %8s %10s\n' data threads ms least 'peak MiB'
for file in "$dir"/*.ini; do
    for threads in 1 2; do
        : >"$dir/all"
        for _ in $(seq "$rounds"); do
            rm -rf "$dir/run"
            "$usage" "$dir/one" ./diynn train -q --threads $threads -o "$dir/run" "$file" || exit 1
            awk '{ printf "%s ", $2 } END { print "" }' "$dir/one" >>"$dir/all"
        done
        name=${file##*/}
        sort -k 2n "$dir/all" | awk -v name="${name%.ini}" -v threads=$threads '
            { kib = $1 > kib ? $1 : kib; ms[NR] = $2 }
            END { printf "%-16s %8d %8.1f %8.1f %10.1f\n", name, threads, ms[int((NR + 1) / 2)],
                      ms[1], kib / 1024 }'
    done
done
