#!/bin/sh
# bench: a small case of each kind gives rows that parse. Nothing here depends on how fast a machine
# is.
# shellcheck disable=SC2016 # the dollars are those of awk
. tests/cli/lib.sh
bench=${B:?the folder of the build}/bench/bench

run "$bench" --list
expect 0 'bench --list'
for name in 'matmul sq64' 'matmul conv3.fwd.x16' 'conv D.conv1.fwd' \
    'conv D.conv2.dX' 'conv fast.3b.dW' 'train A/1' 'train B/all' 'train C/128' \
    'train D/128' 'train Ddrop/128' 'train F/32' 'train G/100'; do
    expect_out "$name"
done

run "$bench" --csv --threads 1,2 --reps 3 --seconds 0.002 =sq64 A1.dW =A/10 G
expect 0 'a product and a net of each kind, as CSV'
# threads may be fewer than asked, but rows are what was asked for
check 'the rows are numbers that fit' awk -F, '
    NR == 1 { if ($0 != "kind,case,threads,isa,rate,unit,gflops,share,low,high") exit bad = 1; next }
    { rows[$1 "," $2]++ }
    NF != 10 || $3 !~ /^[12]$/ || !($5 > 0) || !($7 > 0) || !($8 > 0) { exit bad = 1 }
    $9 > $5 || $10 < $5 { exit bad = 1 }
    END { n = rows["matmul,sq64"] + rows["matmul,A1.dW"] + rows["matmul,A1.dW/7291"]
          n += rows["train,A/10"] + rows["train,G/100"]
          exit bad || n != 10 || rows["peak,fma"] != 4 }' "$T/out"

run "$bench" --train --threads 1 --reps 1 --seconds 0.01 --isa base --set hidden.units=3 =A/100
expect 0 'a net as a table'
# 2 operations a weight forward, and for its gradient; the second layer has one for its input too
check 'with the operations of a sample' awk '
    $1 == "A/100" { n++; if (NF != 5 || $2 != 4 * 256 * 3 + 6 * 3 * 10 || !($3 > 0)) exit bad = 1 }
    END { exit bad || n != 1 }' "$T/out"

run "$bench" --matmul --threads 1 --reps 1 --seconds 0.001 --isa base conv
expect 0 'products as a table'
check 'one row each' awk '/^conv/ { n++; if (NF != 5) exit bad = 1 } END { exit bad || n != 10 }' \
    "$T/out"

run "$bench" --conv --threads 1,2 --reps 2 --seconds 0.001 E. F.
expect 0 'passes of convolutions as a table'
# the input of a first layer needs no gradient
check 'one row each' awk '/^[EF][.]conv/ { n++; if (NF != 7 || !($4 > 0)) exit bad = 1 } /[.]dX/ { dx++ }
    END { exit bad || n != 7 || dx != 1 }' "$T/out"
run "$bench" --csv --conv --threads 1 --reps 1 --seconds 0.001 =D.conv3.fwd
expect 0 'a convolution as CSV'
check 'with its rate' awk -F, '
    $2 == "D.conv3.fwd" { n++; if ($1 != "conv" || $6 != "gflops" || ($5 / $7 - 1) ^ 2 > 1e-8) exit bad = 1 }
    END { exit bad || n != 1 }' "$T/out"

for wrong in '--isa none' '--threads 0' '--threads 1,x' '--reps 0' '--seconds -1' '--what' \
    'no_such_case'; do
    # shellcheck disable=SC2086 # an option and its value
    run "$bench" $wrong
    expect 2 "bench $wrong"
done
run "$bench" --reps 1 --set train.batsh=1 =A/1
expect 3 'a wrong key'
expect_err "did you mean 'batch'?"

run "$bench" --memory --threads 1,2 --reps 1 --seconds 0.002
expect 0 'bytes a second as a table'
check 'one row a level' awk '/^(L[123]|DRAM) / { n++; if (NF != 4 || !($3 > 0) || !($4 > 0)) exit bad = 1 }
    END { exit bad || n != 4 }' "$T/out"
if command -v python3 >/dev/null; then
    "$bench" --memory --train --csv --threads 1 --reps 1 --seconds 0.01 =L1 =L2 =L3 =DRAM =A/10 F >"$T/rates"
    run sh -c 'python3 bench/roofline.py --diynn "$0" <"$1"' "$DIYNN" "$T/rates"
    expect 0 'the roofline of two nets'
    check 'its numbers fit' awk -F'|' 'NR > 2 {
            gsub(/,/, ""); n++
            if (!($4 > 0) || !($6 > 0) || !($8 > 0) || (100 * $8 / $6 - $9) ^ 2 > 1) exit bad = 1
        }
        END { exit bad || n != 2 }' "$T/out"
fi

# the comparison, as far as it goes without any peer
printf 'peak\nA/10\nsq64\nE.conv2.dW\n' >"$T/asked"
run "$bench" --wait --threads 1 --seconds 0.01 <"$T/asked"
expect 0 'repetitions on demand'
check 'a rate for each line' awk '
    NR == 1 { if ($0 != "ready") exit bad = 1; next } !($1 > 0) { exit bad = 1 }
    END { exit bad || NR != 5 }' "$T/out"
printf 'A/11\n' >"$T/asked"
run "$bench" --wait --threads 1 <"$T/asked"
expect 2 'a case that is not there'
if command -v python3 >/dev/null; then
    run bench/peers/compare.py --bench "$bench" --drivers "$T" --csv --matmul --threads 1 --reps 1 \
        --seconds 0.002 --wait 0 --tries 1 =sq64 A1
    expect 0 'compare.py without peers'
    check 'the rows of diynn' awk -F, '
        NR > 1 && ($4 != "diynn" || NF != 9 || !($5 > 0) || $8 != 1) { exit bad = 1 }
        END { exit bad || NR != 8 }' "$T/out"
    expect_err 'not here' 'what is missing is told'
    run bench/peers/compare.py --bench "$bench" --drivers "$T" --csv --conv --threads 1 --reps 1 \
        --seconds 0.002 --wait 0 --tries 1 E.conv
    expect 0 'compare.py on convolutions'
    check 'the rows of diynn' awk -F, 'NR > 1 && ($1 != "conv" || $4 != "diynn" || !($5 > 0)) { exit bad = 1 }
        END { exit bad || NR != 6 }' "$T/out"
else
    skip 'compare.py without peers' 'python3 is missing'
fi

# the nets are network files as any other
for net in bench/nets/*.ini; do
    run "$DIYNN" summary "$net"
    expect 0 "$net"
done
