#!/bin/bash
# Trains a network with every combination of some keys' values, and ranks the runs by validation.
#
#   scripts/sweep.sh NET KEY=V1,V2,.. [KEY=..] [-o DIR] [-j N] [--threads T] [--random K [--seed S]]
#                    [--slurm] [-- OPTION OF PARALLEL..]
#
#   scripts/sweep.sh nets/digits_mlp.ini optimizer.lr=0.03,0.1,0.3 hidden.units=50,100 train.batch=50
#
# DIR (default runs/sweep_NAME) gets a run folder for each combination, table.csv (best first) and
# best.ini (the resolved network file of the best run). The test columns stand in the table; nothing
# is chosen by them.
#   -j N          runs at a time (default: one a processor), of T threads each (default 1)
#   --random K    K combinations drawn from the grid by seed S (default 1) instead of all
#   --slurm       starts nothing: writes DIR/sweep.slurm, an array job for `sbatch`, and ends; call
#                 again without it to see the table
#   --            what follows goes to GNU parallel: -- --sshlogin host1,host2 (with DIR on a disk
#                 that all of them share)
# A run that fails or diverges never stops the others. Started again, a sweep skips what is finished
# and goes on with what was killed; the table is the same as if it had never stopped.
set -u
here=$(cd "$(dirname "$0")" && pwd)
: "${DIYNN:=$here/../diynn}"

usage()
{
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

die() # CODE TEXT
{
    echo "sweep: $2" >&2
    exit "$1"
}

# ---- one run: sweep.sh --run DIR NUMBER --------------------------------------------------------

# A line of DIR/jobs.tsv: number, run folder, assignments (tab-separated).
run_job()
{
    local dir=$1 number=$2 line name sets=() code
    line=$(awk -F '\t' -v n="$number" '$1 == n' "$dir/jobs.tsv")
    [ -n "$line" ] || die 2 "there is no job $number in $dir/jobs.tsv"
    IFS=$'\t' read -r _ name line <<<"$line"
    IFS=$'\t' read -ra words <<<"$line"
    for line in "${words[@]}"; do
        sets+=(--set "$line")
    done
    [ -e "$dir/$name/status" ] && return 0
    mkdir -p "$dir/$name" || return 1
    while :; do
        "$DIYNN" train "$(cat "$dir/net")" "${sets[@]}" -o "$dir/$name" --resume \
            --threads "$(cat "$dir/threads")" -q 2>"$dir/$name/stderr"
        code=$?
        # a sweep that was killed may have left this run alive
        grep -q 'another process is training' "$dir/$name/stderr" || break
        sleep 1
    done
    case $code in
    0 | 2 | 3 | 4 | 5) # final: starting it again would end in the same way
        echo $code >"$dir/$name/.status" && mv "$dir/$name/.status" "$dir/$name/status"
        ;;
    esac
    [ -s "$dir/$name/stderr" ] || rm -f "$dir/$name/stderr"
    return 0
}

if [ "${1:-}" = --run ]; then
    [ $# = 3 ] || die 2 'usage: sweep.sh --run DIR NUMBER'
    run_job "$2" "$3"
    exit
fi

# ---- the command line ---------------------------------------------------------------------------

net='' dir='' jobs=$(nproc) threads=1 random=0 seed=1 slurm=''
keys=() values=() parallel_options=()
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help) usage && exit 0 ;;
    -o | -j | --threads | --random | --seed)
        [ $# -gt 1 ] || die 2 "$1 needs a value"
        case $1 in
        -o) dir=$2 ;;
        -j) jobs=$2 ;;
        --threads) threads=$2 ;;
        --random) random=$2 ;;
        --seed) seed=$2 ;;
        esac
        shift
        ;;
    --slurm) slurm=1 ;;
    --)
        shift
        parallel_options=("$@")
        break
        ;;
    -*) die 2 "$1: unknown option (sweep.sh --help tells them)" ;;
    *.*=*)
        keys+=("${1%%=*}")
        values+=("${1#*=}")
        ;;
    *)
        [ -z "$net" ] || die 2 "$1: expected SECTION.KEY=VALUE,VALUE"
        net=$1
        ;;
    esac
    shift
done
[ -n "$net" ] || { usage >&2 && exit 2; }
[ ${#keys[@]} -gt 0 ] || die 2 'name at least one key: optimizer.lr=0.01,0.1'
for number in "$jobs" "$threads" "$random" "$seed"; do
    case $number in
    '' | *[!0-9]*) die 2 "'$number' is no number" ;;
    esac
done
[ -f "$net" ] || die 3 "cannot open $net (in $PWD)"
[ -x "$DIYNN" ] || die 1 "there is no $DIYNN: run make first"
name=$(basename "$net")
: "${dir:=runs/sweep_${name%.ini}}"

# ---- the jobs -----------------------------------------------------------------------------------

# Every combination, a line each, in the order of the command line: the end of its folder's name,
# which has the keys with several values, and the assignments.
grid()
{
    local i
    for ((i = 0; i < ${#keys[@]}; i++)); do
        printf '%s\t%s\n' "${keys[i]}" "${values[i]}"
    done | awk -F '\t' '
        { key[NR] = $1; n[NR] = split($2, v, ","); for (i = 1; i <= n[NR]; i++) value[NR, i] = v[i] }
        function walk(k, folder, sets,   i, name) {
            if (k > NR) { gsub("[^-+.=_A-Za-z0-9]", "-", folder); print folder sets; return }
            name = key[k]
            sub(".*[.]", "", name)
            for (i = 1; i <= n[k]; i++)
                walk(k + 1, folder (n[k] > 1 ? "_" name "=" value[k, i] : ""), \
                     sets "\t" key[k] "=" value[k, i])
        }
        END { walk(1, "", "") }'
}

# K lines drawn without replacement, in the order of the grid.
draw()
{
    awk -v k="$random" -v seed="$seed" '
        { line[NR] = $0 }
        END {
            srand(seed)
            for (i = 1; i <= NR; i++)
                if (rand() * (NR - i + 1) < k) { print line[i]; k-- }
        }'
}

mkdir -p "$dir" || exit 1
if [ "$random" -gt 0 ]; then grid | draw; else grid; fi |
    awk -F '\t' -v OFS='\t' '{ folder = $1; $1 = ""
        printf "%d\t%04d%s%s\n", NR, NR, substr(folder, 1, 120), $0 }' >"$dir/.jobs.tsv"
if [ -f "$dir/jobs.tsv" ] && ! cmp -s "$dir/jobs.tsv" "$dir/.jobs.tsv"; then
    rm "$dir/.jobs.tsv"
    die 2 "$dir holds another sweep; -o DIR puts this one elsewhere"
fi
mv "$dir/.jobs.tsv" "$dir/jobs.tsv"
echo "$net" >"$dir/net"
echo "$threads" >"$dir/threads"
total=$(wc -l <"$dir/jobs.tsv")

# ---- the table ----------------------------------------------------------------------------------

# Rows of DIR/table.csv: rank, status, validation, test and the keys. Best first: accuracy where
# there are classes, else loss (or as [train] metric says); then loss; then the order of the grid.
table()
{
    local number folder rest status
    while IFS=$'\t' read -r number folder rest; do
        status=waiting
        [ -d "$dir/$folder" ] && status=running
        [ -f "$dir/$folder/status" ] && status=$(cat "$dir/$folder/status")
        printf 'job\t%s\t%s\t%s\t%s\n' "$number" "$status" "$folder" "$rest"
        [ "$status" != 0 ] || sed 's/^/log,/' "$dir/$folder/log.csv"
    done <"$dir/jobs.tsv" | awk -F '\t' -v by_loss="$by_loss" -f "$here/sweep_table.awk" |
        sort -t , -k 1,1n -k 2,2gr -k 3,3g -k 4,4n | cut -d , -f 5- |
        awk -F , -v OFS=, 'NR == 1 { print "rank", $0; next } { print NR - 1, $0 }' >"$dir/.table.csv"
    mv "$dir/.table.csv" "$dir/table.csv"
}

finished()
{
    find "$dir" -mindepth 2 -maxdepth 2 -name status | wc -l
}

# The first rows, in columns: of the keys, those that have several values.
show() # ROWS
{
    awk -F , -v rows="$1" '
        NR == 1 { for (i = 8; i < NF; i++) { title[i] = $i; sub(".*[.]", "", title[i]) } }
        { for (i = 2; i <= NF; i++) cell[NR, i] = $i; last = NF }
        NR > 1 { for (i = 8; i < NF; i++) { if (NR > 2 && $i != first[i]) many[i] = 1; first[i] = $i } }
        function number(v) { return v == "" ? "-" : sprintf("%.4f", v) }
        END {
            printf "%4s  %-8s  %7s  %7s  %7s", "rank", "status", "val acc", "val loss", "test acc"
            for (i = 8; i < last; i++) if (many[i]) printf "  %8s", title[i]
            print ""
            for (r = 2; r <= NR && r <= rows; r++) {
                printf "%4d  %-8s  %7s  %8s  %8s", r - 1, cell[r, 2], number(cell[r, 3]), \
                       number(cell[r, 4]), number(cell[r, 5])
                for (i = 8; i < last; i++) if (many[i]) printf "  %8s", cell[r, i]
                print ""
            }
        }' "$dir/table.csv"
}

# whether the best run is the one with the lowest loss
by_loss=0
grep -q '^[ \t]*metric[ \t]*=[ \t]*loss' "$net" && by_loss=1
for ((i = 0; i < ${#keys[@]}; i++)); do
    [ "${keys[i]}" = train.metric ] && by_loss=$([ "${values[i]}" = loss ] && echo 1 || echo 0)
done

if [ -n "$slurm" ]; then
    cat >"$dir/sweep.slurm" <<END
#!/bin/bash
#SBATCH --array=1-$total
#SBATCH --cpus-per-task=$threads
#SBATCH --output=/dev/null
cd '$PWD' && exec '$here/sweep.sh' --run '$dir' "\$SLURM_ARRAY_TASK_ID"
END
    echo "sweep: $total runs; start them with: sbatch $dir/sweep.slurm"
    exit 0
fi

# ---- running ------------------------------------------------------------------------------------

export DIYNN
before=$(finished)
echo "sweep: $total runs in $dir, $before finished before" >&2
if command -v parallel >/dev/null 2>&1; then
    seq "$total" | parallel --will-cite -j "$jobs" ${parallel_options[@]+"${parallel_options[@]}"} \
        --wd "$PWD" "$here/sweep.sh" --run "$dir" {} &
else
    echo 'sweep: GNU parallel is missing (scripts/deps.sh run installs it); xargs runs the jobs' >&2
    seq "$total" | xargs -P "$jobs" -I {} "$here/sweep.sh" --run "$dir" {} &
fi
workers=$!
trap 'kill -TERM $workers 2>/dev/null; wait $workers 2>/dev/null; exit 130' INT TERM

seen=$before
while kill -0 $workers 2>/dev/null; do
    sleep 1
    now=$(finished)
    [ "$now" = "$seen" ] && continue
    seen=$now
    table
    if [ -t 2 ]; then
        { tput home && tput ed; } >&2 2>/dev/null
        echo "sweep: $now of $total finished" >&2
        show 20 >&2
    else
        echo "sweep: $now of $total finished; best: $(sed -n 2p "$dir/table.csv")" >&2
    fi
done
wait $workers
table
show 21
awk -F , 'NR > 1 { n[$2]++ } END { for (s in n) printf "sweep: %d %s\n", n[s], s }' \
    "$dir/table.csv" | sort >&2
best=$(awk -F , 'NR == 2 && $2 == "done" { print $NF }' "$dir/table.csv")
[ -n "$best" ] || die 5 'no run reached its end with a validation result ([data] validation = 0.2 makes one)'
cp "$dir/$best/net.ini" "$dir/best.ini"
echo "sweep: the best run is $dir/$best; its network file is $dir/best.ini" >&2
