#!/bin/sh
# Draws the loss and accuracy curves of a run: curves.png and curves.svg.
#
#   scripts/plot.sh RUN [-o DIR]      RUN: a run folder or its log.csv; DIR: where to, else RUN
#   scripts/plot.sh SWEEP [-o DIR]    SWEEP: the folder of a sweep: sweep.png and sweep.svg
#
# A curve is drawn for every column of log.csv that holds numbers: columns are found by name
# (train_loss, val_accuracy, ...), so older and newer logs work alike.
set -u

usage()
{
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
}

run=
out=
while [ $# -gt 0 ]; do
    case $1 in
    -h | --help)
        usage
        exit 0
        ;;
    -o)
        [ $# -gt 1 ] || { usage >&2 && exit 2; }
        out=$2
        shift
        ;;
    -*)
        usage >&2
        exit 2
        ;;
    *)
        [ -z "$run" ] || { usage >&2 && exit 2; }
        run=$1
        ;;
    esac
    shift
done
[ -n "$run" ] || { usage >&2 && exit 2; }

log=$run/log.csv
if [ -f "$run" ]; then
    log=$run
    run=$(dirname "$run")
fi
: "${out:=$run}"
if [ ! -f "$log" ] && [ ! -f "$run/table.csv" ]; then
    echo "plot: there is no $log (in $PWD): is '$run' a run folder?" >&2
    exit 4
fi
if ! command -v gnuplot >/dev/null 2>&1; then
    echo 'plot: gnuplot is missing; install it with: scripts/deps.sh run' >&2
    exit 1
fi
mkdir -p "$out" || exit 1
if [ -f "$run/table.csv" ]; then
    exec "$(dirname "$0")/plot_sweep.sh" "$run" "$out"
fi
script=$(mktemp) || exit 1
trap 'rm -f "$script" "$out/.curves.png" "$out/.curves.svg"' EXIT

name=$(cd "$run" && basename "$PWD")
name=$name awk -F, '
BEGIN {
    split("train val test", part, " ")
    label["train"] = "train"
    label["val"] = "validation"
    label["test"] = "test"
    color["train"] = "#0072B2"
    color["val"] = "#D55E00"
    color["test"] = "#009E73"
}

{ sub(/\r$/, "") }

NR == 1 {
    for (i = 1; i <= NF; i++) {
        column = $i
        sub(/^validation_/, "val_", column)
        at[column] = i
        # the second panel is whatever is measured besides the loss
        if (column ~ /^(train|val|test)_/ && column !~ /_loss$/) {
            metric = column
            sub(/^[a-z]*_/, "", metric)
        }
    }
    next
}

NF >= 2 {
    rows++
    row_epoch[rows] = $at["epoch"]
    row_step[rows] = $at["step"]
    if (rows > 1 && $at["epoch"] == row_epoch[rows - 1])
        by_step = 1
    for (column in at)
        cell[column, rows] = $at[column]
}

# Writes the numbers of a column as a data block, and remembers what a legend says of them.
function block(column,    r, v, x)
{
    count[column] = 0
    if (!(column in at))
        return 0
    for (r = 1; r <= rows; r++) {
        v = cell[column, r]
        if (v !~ /^[-+0-9.eE]+$/)
            continue
        if (!count[column]++)
            printf "$%s << EOD\n", column
        x = by_step ? row_step[r] : row_epoch[r]
        print x, v
        v += 0
        last[column] = v
        if (count[column] == 1 || (column ~ /_loss$/ ? v < best[column] : v > best[column])) {
            best[column] = v
            best_at[column] = x
        }
        if (column ~ /_loss$/ && v > 0) {
            if (!lowest || v < lowest)
                lowest = v
            if (v > highest)
                highest = v
        }
    }
    if (count[column]) {
        print "EOD"
        printf "$best_%s << EOD\n%s %s\nEOD\n", column, best_at[column], best[column]
    }
    return count[column]
}

function panel(what, title,    i, p, column, sep, style)
{
    printf "set title \"%s\"\n", title
    printf "plot "
    for (i = 1; i in part; i++) {
        p = part[i]
        column = p "_" what
        if (!count[column])
            continue
        style = count[column] > 40 ? "lines lw 2" : "linespoints lw 2 pt 7 ps 0.5"
        printf "%s$%s with %s lc rgb \"%s\" title \"%s %.4g\"", sep, column, style, color[p],
            label[p], last[column]
        sep = ", "
    }
    if (count["val_" what])
        printf ", $best_val_%s with points pt 6 ps 1.6 lw 2 lc rgb \"%s\" title \"%s %.4g (%s %s)\"",
            what, color["val"], "best", best["val_" what], by_step ? "step" : "epoch",
            best_at["val_" what]
    printf "\n"
}

END {
    drawn = 0
    for (i = 1; i in part; i++) {
        losses += block(part[i] "_loss")
        if (metric != "")
            metrics += block(part[i] "_" metric)
    }
    panels = (losses > 0) + (metrics > 0)
    if (!panels)
        exit 3
    title = ENVIRON["name"]
    gsub(/["\\]/, "", title)
    print "set encoding utf8"
    print "set border 3 lc rgb \"#606060\""
    print "set tics nomirror out textcolor rgb \"#303030\""
    print "set grid lc rgb \"#e0e0e0\" lt 1 lw 1"
    print "set key top right samplen 2 spacing 1.1 textcolor rgb \"#303030\""
    printf "set xlabel \"%s\"\n", by_step ? "step" : "epoch"
    for (k = 1; k <= 2; k++) {
        if (k == 1)
            printf "set terminal pngcairo noenhanced size %d,840 font \"Sans,20\"\n", 800 * panels
        else
            printf "set terminal svg noenhanced size %d,420 font \"Sans,12\" background \"white\"\n", 400 * panels
        printf "set output \".curves.%s\"\n", k == 1 ? "png" : "svg"
        printf "set multiplot layout 1,%d title \"%s\"\n", panels, title
        if (losses) {
            if (lowest > 0 && highest > 30 * lowest)
                print "set logscale y"
            panel("loss", "loss")
            print "unset logscale y"
        }
        if (metrics) {
            print "set key bottom right"
            panel(metric, metric)
            print "set key top right"
        }
        print "unset multiplot"
    }
    print "unset output"
}' "$log" >"$script"
status=$?
if [ $status = 3 ]; then
    echo "plot: $log holds no loss or accuracy yet" >&2
    exit 4
fi
[ $status = 0 ] || exit 1
if ! (cd "$out" && LC_ALL=C.UTF-8 gnuplot "$script" && [ -s .curves.png ] && [ -s .curves.svg ] &&
    mv .curves.png curves.png && mv .curves.svg curves.svg); then
    echo "plot: could not draw into $out" >&2
    exit 1
fi
echo "$out/curves.png"
echo "$out/curves.svg"
