#!/bin/sh
# Experiments of the course documents on generated data, one seed each, in generous bands; that a
# row is not run twice, that a changed one is, and the report. Run from the root of the tree.
# shellcheck disable=SC2016 # the dollars are awk's and the inner shell's
. tests/cli/lib.sh

REPRODUCE=$T/docs RUNS=$T/runs
export REPRODUCE RUNS
TABLE=$T/rows.tsv
export TABLE
# the pictures have a test of their own below
awk -F '\t' -v OFS='\t' '/^#/ { next } { $9 = "-"; print }' scripts/reproduce.tsv >"$TABLE"

RUN_TIME=120 run scripts/reproduce.sh --seeds 1 R1 R4 R7 R8 B2 B4 B5 B6 B8/0 B8/8 \
    B9/32 B10 C4 C10 C13/8 K1
expect 0 'the rows run'

# in ID MEASURE LEAST MOST: what results.csv has of it
in_band()
{
    check "$1: $2 is between $3 and $4" awk -F, -v id="$1" -v m="$2" -v low="$3" -v high="$4" '
        $1 == id && $3 == m && $4 >= low && $4 <= high { good = 1 }
        $1 == id { print }
        END { exit !good }' "$REPRODUCE/results.csv"
}
in_band R1 slope 80 115
in_band R4 test.r2 -0.5 0.2
in_band R7 test.accuracy 0.98 1
in_band R8 test.accuracy 0.98 1
in_band B2 test.accuracy 0.97 1
in_band B4 test.accuracy 0.97 1
in_band B5 train.accuracy 0.97 1
in_band B6 test.accuracy 0.3 0.65
in_band B8/0 test.accuracy 0.3 0.7
in_band B8/8 test.accuracy 0.93 1
in_band B9/32 test.accuracy 0.6 0.95
in_band B10 parameters 9 9
in_band B10 half_loss 0 0.000146
in_band C4 train.accuracy 0.6 0.9
in_band C4 test.accuracy 0.55 0.85
in_band C10 test.accuracy 0.4 0.6
in_band C13/8 test.accuracy 0.4 0.65
in_band K1 test.accuracy 0.75 0.97

if /usr/bin/python3 -c 'import sklearn' 2>/dev/null; then
    run scripts/reproduce.sh --seeds 1 K5 K6 R6
    expect 0 'the rows beside scikit-learn'
    check 'are what scikit-learn gives' awk -F, '
        $1 ~ /^(K5|K6|R6)$/ && $3 ~ /^test/ { ours[$1] = $4 }
        $1 ~ /^(K5|K6|R6)$/ && $3 ~ /^sklearn/ { theirs[$1] = $4 }
        END {
            for (id in ours) {
                print id, ours[id], theirs[id]
                n += ours[id] - theirs[id] <= 0.01 && theirs[id] - ours[id] <= 0.01
            }
            exit n != 3
        }' "$REPRODUCE/results.csv"
else
    skip 'rows beside scikit-learn' 'python3-sklearn is missing'
fi

# ---- what is done is not run again --------------------------------------------------------------
cp "$REPRODUCE/results.csv" "$T/before"
run scripts/reproduce.sh --seeds 1 R1 B2
expect 0 'rows that are done'
expect_no_err 'seed 1' 'are not run again'
same "$REPRODUCE/results.csv" "$T/before" 'and their results stay'
run scripts/reproduce.sh --seeds 2 B2
expect_err 'B2, seed 2' 'a further seed is'
expect_no_err 'B2, seed 1'
sed 's/data.alpha=572 data.noise=10000/data.alpha=572 data.noise=20000/' "$TABLE" >"$T/changed"
cp "$T/changed" "$TABLE"
mkdir -p "$REPRODUCE/pictures" && touch "$REPRODUCE/pictures/R4-curves.png"
run scripts/reproduce.sh --seeds 1 R4
expect_err 'R4, seed 1' 'a row with other settings runs anew'
check 'and its former results are gone' test "$(grep -c '^R4,1,slope' "$REPRODUCE/results.csv")" = 1
check_not 'and its former pictures' test -e "$REPRODUCE/pictures/R4-curves.png"

# ---- the report ---------------------------------------------------------------------------------
check 'the report has every row' sh -c '
    cut -f 1 "$TABLE" | while read -r id; do
        grep -q "^| $id |" "$REPRODUCE/RESULTS.md" || { echo "$id"; exit 1; }
    done'
check 'with its verdict' grep -Eq '^\| B2 \|.* \| reproduced \|$' "$REPRODUCE/RESULTS.md"
check 'and says what did not run' grep -Eq '^\| C1 \|.* \| not run \|$' "$REPRODUCE/RESULTS.md"

# ---- wrong use ----------------------------------------------------------------------------------
run scripts/reproduce.sh
expect 2 'which rows?'
run scripts/reproduce.sh X99
expect 2 'an unknown row'
expect_err "no row or group 'X99'"
run scripts/reproduce.sh --seeds none R1
expect 2 'a wrong number of seeds'
run scripts/reproduce.sh --list
expect 0 '--list'
expect_out 'C1 '
check 'every row names a net that is there' sh -c '
    grep -v "^#" scripts/reproduce.tsv | cut -f 4 | sort -u | while read -r net; do
        [ -f "$net" ] || { echo "$net"; exit 1; }
    done'

# ---- pictures -----------------------------------------------------------------------------------
if command -v gnuplot >/dev/null 2>&1; then
    for what in regions:B2 confusion:R8 curves:B2 line:R1; do
        run scripts/picture.sh "${what%:*}" "$RUNS/${what#*:}.1" "$T/$what.png" "a title"
        expect 0 "picture.sh ${what%:*}"
        check 'a PNG' sh -c "head -c 4 '$T/$what.png' | grep -q PNG"
    done
else
    skip 'pictures' 'gnuplot is missing'
fi
run scripts/picture.sh
expect 2 'a picture of what?'
