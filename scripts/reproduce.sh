#!/bin/bash
# Runs the experiments of the course documents that diynn reproduces, and reports on them.
#
#   scripts/reproduce.sh ID | GROUP | all .. [--seeds N] [--threads T] [--list] [--report]
#
# scripts/reproduce.tsv describes each row: network file, settings, what is measured, what the
# document reports, and which numbers count as reproduced. An ID (C1) means its variants (C13/8) too.
# Every row runs with the seeds 1 .. N (5 unless it says otherwise); the seed makes both the data of
# a generator and the first weights. What docs/results.csv holds already is not run again, a run that
# was stopped goes on, and a row whose net or settings have changed starts anew. At the end
# docs/RESULTS.md is written from docs/results.csv, with the pictures in docs/pictures/.
#
#   --seeds N     at most so many seeds
#   --threads T   threads of a run on files (default: all processors); generators take one
#   --list        prints the rows and ends
#   --report      runs nothing, writes docs/RESULTS.md
#
# DIYNN is the program [./diynn], REPRODUCE the folder of the results [docs], RUNS the folder of the
# runs [runs/reproduce]. Rows on data that is not there are left out, with a word.
# Exit code: 0 all ran, 1 a run failed that should not, 2 wrong usage.
set -u
export LC_ALL=C
cd "$(dirname "$0")/.." || exit 1
: "${DIYNN:=./diynn}" "${REPRODUCE:=docs}" "${RUNS:=runs/reproduce}"
table=${TABLE:-scripts/reproduce.tsv}
results=$REPRODUCE/results.csv

usage()
{
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

say()
{
    printf 'reproduce: %s\n' "$*" >&2
}

# ---- the rows ------------------------------------------------------------------------------------

# The rows that a word (all, a group, an ID) means, as lines of the table.
rows_of()
{
    awk -F '\t' -v w="$1" '/^#/ || NF < 2 { next }
        w == "all" || $1 == w || $2 == w || index($1, w "/") == 1' "$table"
}

# Sets the fields of a line of the table.
read_row()
{
    IFS=$'\t' read -r id _ title net settings measures _ _ pictures _ <<<"$1"
    [ "$settings" != - ] || settings=
    name=${id//\//_}
    # comments of the net may change, its meaning not
    key="$net@$(sed 's/^[#;].*//' "$net" | tr -d ' \n' | cksum | cut -d ' ' -f 1)${settings:+ $settings}"
}

# A word of the settings that is for this script: seeds=N.
row_seeds()
{
    local most=5 word
    for word in $settings; do
        case $word in seeds=*) most=${word#seeds=} ;; esac
    done
    [ "$seeds" -lt "$most" ] && most=$seeds
    echo "$most"
}

# Whether results.csv has every measure of the row for this seed.
is_done() # SEED
{
    local m
    [ -f "$results" ] || return 1
    for m in $measures; do
        awk -F, -v id="$id" -v seed="$1" -v m="$m" -v key="\"$key\"" '
            $1 == id && $2 == seed && $3 == m && substr($0, length($0) - length(key) + 1) == key { found = 1 }
            END { exit !found }' "$results" || return 1
    done
}

# Drops what an earlier form of the row has left.
forget_stale()
{
    [ -f "$results" ] || return 0
    flock 9
    awk -F, -v id="$id" -v key="\"$key\"" '
        $1 != id || substr($0, length($0) - length(key) + 1) == key' "$results" >"$results.tmp"
    if cmp -s "$results.tmp" "$results"; then
        rm -f "$results.tmp"
    else
        mv "$results.tmp" "$results"
        rm -rf "$RUNS/$name".* "$REPRODUCE/pictures/$name"-*.png
    fi
    flock -u 9
}

# ---- one run -------------------------------------------------------------------------------------

# Trains seed $1 into $run; sets code and seconds.
train()
{
    local sets=() word start t
    for word in $settings; do
        case $word in seeds=*) ;; *) sets+=(--set "$word") ;; esac
    done
    # a generator's samples are few and their nets small: threads would only wait for each other
    t=$threads
    grep -q '^train *=.*datasets/' "$net" || t=1
    rm -f "$run/stderr"
    mkdir -p "$run" || return 1
    start=$(date +%s.%N)
    "$DIYNN" train -q --resume -o "$run" --threads "$t" --set "data.seed=$1" \
        --set "train.seed=$1" "${sets[@]}" "$net" 2>"$run/stderr"
    code=$?
    # a run that was stopped has taken some before
    seconds=$(awk -v a="$start" -v b="$(date +%s.%N)" -v c="$(cat "$run/seconds" 2>/dev/null)" \
        'BEGIN { printf "%.2f", b - a + c }')
    echo "$seconds" >"$run/seconds"
    case $code in
    0 | 5) ;;
    130) exit 130 ;;
    *)
        say "$id, seed $1: exit code $code: $(head -n 3 "$run/stderr")"
        return 1
        ;;
    esac
}

# A number of `diynn eval`: part, name.
evaluated()
{
    [ -s "$run/eval_$1.json" ] || "$DIYNN" eval -q --json --threads "$threads" --split "$1" "$run" \
        >"$run/eval_$1.json" || return 1
    sed -n "s/^  \"$2\": \([^,]*\),\{0,1\}\$/\1/p" "$run/eval_$1.json"
}

# A column of log.csv in the first or last row.
logged() # COLUMN first|last
{
    awk -F, -v column="$1" -v row="$2" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        at[column] && $at[column] != "" { v = $at[column]; if (row == "first") exit }
        END { print v }' "$run/log.csv"
}

# The first epoch after which the training part (where it is not evaluated, the test part) has this
# accuracy; 0: never.
epochs_to()
{
    awk -F, -v goal="$1" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        $at["train_accuracy"] != "" && $at["train_accuracy"] >= goal { print $1; found = 1; exit }
        END { if (!found) print 0 }' "$run/log.csv"
}

# What the net answers at x = $1.
answer()
{
    printf '%s\n' "$1" >"$run/x.csv"
    "$DIYNN" predict -q "$run" "$run/x.csv" | sed -n '2p' | cut -d , -f 3
}

measure() # NAME
{
    if [ "$code" = 5 ] && [ "$1" != diverged ]; then
        echo nan
        return
    fi
    case $1 in
    train.* | validation.* | test.*) evaluated "${1%%.*}" "${1#*.}" ;;
    diverged) [ "$code" = 5 ] && echo 1 || echo 0 ;;
    first_train) logged train_accuracy first ;;
    first_test) logged test_accuracy first ;;
    epochs_to_*) epochs_to "${1#epochs_to_}" ;;
    steps) logged step last ;;
    half_loss) awk -v v="$(logged train_loss last)" 'BEGIN { printf "%.6g\n", v / 2 }' ;;
    slope) awk -v a="$(answer 0)" -v b="$(answer 1)" 'BEGIN { printf "%.4f\n", b - a }' ;;
    parameters) "$DIYNN" summary --json "$run" | sed -n 's/^  "parameters": \([0-9]*\).*/\1/p' ;;
    sklearn_*) DIYNN=$DIYNN scripts/compare_sklearn.py "${1#sklearn_}" "$run" ;;
    *)
        say "$id: unknown measure $1"
        return 1
        ;;
    esac
}

# Trains and measures one seed; the rows of results.csv are added in one write.
run_seed()
{
    local m value lines=
    train "$1" || return 1
    rm -f "$run"/eval_*.json
    for m in $measures; do
        value=$(measure "$m")
        [ -n "$value" ] || {
            say "$id, seed $1: $m could not be measured"
            return 1
        }
        lines+="$id,$1,$m,$value,$seconds,\"$key\""$'\n'
    done
    flock 9 # another reproduce.sh may be at work on other rows
    [ -s "$results" ] || echo 'id,seed,metric,value,seconds,settings' >"$results"
    printf '%s' "$lines" >>"$results"
    flock -u 9
    say "$id, seed $1: $(printf '%s' "$lines" | awk -F, '{ printf "%s %s  ", $3, $4 }')in $seconds s"
}

# Whether the files of the net are there.
has_data()
{
    local file
    while read -r file; do
        [ -e "$file" ] || {
            say "$id is left out: there is no $file (scripts/get_data.sh gets it)"
            return 1
        }
    done < <(sed -n 's/^\(train\|test\) *= *\(datasets[^ ]*\).*/\2/p' "$net")
}

run_row()
{
    local seed failed=0 picture
    read_row "$1"
    has_data || return 0
    forget_stale
    for ((seed = 1; seed <= $(row_seeds); seed++)); do
        run=$RUNS/$name.$seed
        is_done $seed || run_seed $seed || failed=1
    done
    run=$RUNS/$name.1
    command -v gnuplot >/dev/null 2>&1 || pictures=-
    for picture in $pictures; do
        [ "$picture" = - ] || [ -s "$REPRODUCE/pictures/$name-$picture.png" ] || {
            [ -s "$run/last.safetensors" ] || train 1 || return 1
            mkdir -p "$REPRODUCE/pictures"
            DIYNN=$DIYNN scripts/picture.sh "$picture" "$run" "$REPRODUCE/pictures/$name-$picture.png" \
                "$id: $title" || failed=1
        }
    done
    return $failed
}

# ---- command line --------------------------------------------------------------------------------

seeds=5
threads=$(nproc)
words=()
report_only=
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage && exit 0 ;;
    --list)
        awk -F '\t' '!/^#/ && NF > 1 { printf "%-14s %-12s %s\n", $1, $2, $3 }' "$table"
        exit 0
        ;;
    --report) report_only=1 ;;
    --seeds | --threads)
        [[ ${2:-} =~ ^[1-9][0-9]*$ ]] || { say "$1 needs a number" && exit 2; }
        [ "$1" = --seeds ] && seeds=$2 || threads=$2
        shift
        ;;
    -*) usage >&2 && exit 2 ;;
    *) words+=("$1") ;;
    esac
    shift
done
if [ -z "$report_only" ] && [ ${#words[@]} = 0 ]; then
    usage >&2
    exit 2
fi
mkdir -p "$REPRODUCE" "$RUNS" || exit 1
exec 9>"$RUNS/.lock" || exit 1

failed=0
if [ -z "$report_only" ]; then
    for word in "${words[@]}"; do
        mapfile -t rows < <(rows_of "$word")
        [ ${#rows[@]} -gt 0 ] || { say "no row or group '$word'; see --list" && exit 2; }
        for row in "${rows[@]}"; do
            run_row "$row" || failed=1
        done
    done
fi
[ ! -s "$results" ] || awk -v "folder=$REPRODUCE" -f scripts/results.awk "$table" "$results" \
    >"$REPRODUCE/RESULTS.md" || failed=1
exit $failed
