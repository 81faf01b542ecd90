#!/bin/sh
# Draws what a sweep found: a panel for each key with several values, a point for each run, and a line
# through the best of each value. scripts/plot.sh calls it.
#
#   scripts/plot_sweep.sh SWEEP DIR      reads SWEEP/table.csv, writes DIR/sweep.png and sweep.svg
set -u
[ $# = 2 ] || { sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2 && exit 2; }
table=$1/table.csv
out=$2
script=$(mktemp) || exit 1
trap 'rm -f "$script" "$out/.sweep.png" "$out/.sweep.svg"' EXIT

name=$(cd "$1" && basename "$PWD")
name=$name awk -F, '
NR == 1 { for (i = 8; i < NF; i++) title[i] = $i; next }
$2 == "done" {
    rows++
    accuracy = $3 != ""
    y[rows] = accuracy ? $3 : $4
    for (i = 8; i < NF; i++) {
        x[rows, i] = $i
        if (!((i, $i) in seen)) {
            seen[i, $i] = 1
            value[i, ++n[i]] = $i
            if ($i !~ /^[-+]?[0-9]*[.]?[0-9]+([eE][-+]?[0-9]+)?$/)
                word[i] = 1
        }
    }
    last = NF
}

# the values of a key in order: numbers by size, words as they came
function sort_values(i,   a, b, t)
{
    for (a = 1; a <= n[i] && !word[i]; a++)
        for (b = a + 1; b <= n[i]; b++)
            if (value[i, b] + 0 < value[i, a] + 0) {
                t = value[i, a]
                value[i, a] = value[i, b]
                value[i, b] = t
            }
}

function panel(i,   a, r, best)
{
    sort_values(i)
    printf "set xlabel \"%s\"\nset xtics (", title[i]
    for (a = 1; a <= n[i]; a++)
        printf "%s\"%s\" %d", (a > 1 ? ", " : ""), value[i, a], a
    printf ")\nset xrange [0.5:%g]\n", n[i] + 0.5
    print "plot \"-\" with points pt 7 ps 0.6 lc rgb \"#0072B2\" title \"a run\", " \
          "\"-\" with linespoints pt 6 ps 1.2 lw 2 lc rgb \"#D55E00\" title \"the best\""
    for (r = 1; r <= rows; r++)
        for (a = 1; a <= n[i]; a++)
            if (x[r, i] == value[i, a])
                print a + (r % 9 - 4) * 0.02, y[r]
    print "e"
    for (a = 1; a <= n[i]; a++) {
        best = ""
        for (r = 1; r <= rows; r++)
            if (x[r, i] == value[i, a] && (best == "" || (accuracy ? y[r] > best : y[r] < best)))
                best = y[r]
        print a, best
    }
    print "e"
}

END {
    if (!rows)
        exit 4
    for (i = 8; i < last; i++)
        panels += n[i] > 1
    if (!panels)
        exit 4
    printf "set multiplot layout 1,%d title \"%s: %d runs\" noenhanced\n", panels, ENVIRON["name"], rows
    print "set grid ytics lc rgb \"#dddddd\"\nset border 3\nset tics nomirror noenhanced"
    print "set xlabel noenhanced\nset key bottom right"
    printf "set ylabel \"validation %s\"\n", accuracy ? "accuracy" : "loss"
    for (i = 8; i < last; i++)
        if (n[i] > 1)
            panel(i)
    print "unset multiplot"
}' "$table" >"$script" || {
    echo "plot: $table has no finished runs with several values of a key" >&2
    exit 4
}
panels=$(grep -c '^plot' "$script")
{
    echo "set terminal pngcairo size $((420 * panels)),420 font 'Sans,10'"
    echo "set output '$out/.sweep.png'"
    cat "$script"
    echo "set terminal svg size $((420 * panels)),420 font 'Sans,10' background 'white'"
    echo "set output '$out/.sweep.svg'"
    cat "$script"
} | gnuplot || exit 1
mv "$out/.sweep.png" "$out/sweep.png" && mv "$out/.sweep.svg" "$out/sweep.svg" || exit 1
echo "$out/sweep.png $out/sweep.svg"
