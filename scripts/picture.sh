#!/bin/bash
# Draws what a trained net does, as a small PNG.
#
#   scripts/picture.sh line|regions|confusion|curves RUN OUT.png [TITLE]
#
#   line        test points of one value each and what the net answers
#   regions     a net of two inputs: which class it gives to each point of the plane, and the training
#               points; the plane reaches as far as they do
#   confusion   how often each true class (row) was taken for which (column)
#   curves      loss and accuracy by epoch
# DIYNN is the program [./diynn]. Needs gnuplot.
set -u
export LC_ALL=C
: "${DIYNN:=./diynn}"
case ${1:-} in
line | regions | confusion | curves) ;;
*)
    sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
[ $# -ge 3 ] || { echo 'picture: needs a run and a file to write' >&2 && exit 2; }
kind=$1 run=$2 out=$3 title=$(printf '%s' "${4:-}" | tr -d '\042\134')
if ! command -v gnuplot >/dev/null 2>&1; then
    echo 'picture: gnuplot is missing; install it with: scripts/deps.sh run' >&2
    exit 1
fi
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# The samples of the run's own data: $work/PART.csv, a line a sample, without a header, the target
# last.
samples() # PART
{
    "$DIYNN" data -q --export csv -o "$work" "$run/net.ini" >/dev/null &&
        sed 1d "$work/net_$1.csv" >"$work/$1.csv"
}

# What the net gives for each line of $1: a class or a value.
answers()
{
    "$DIYNN" predict -q "$run" "$1" | sed 1d | cut -d , -f 3
}

head_of() # WIDTH HEIGHT
{
    cat <<END
set terminal pngcairo noenhanced size $1,$2 font "Sans,9"
set output "$work/out.png"
set title "$(printf '%s' "$title" | fold -s -w $(($1 / 7)) | sed ':a;N;$!ba;s/\n/\\n/g')"
set border lc rgb "#606060"
set tics nomirror out textcolor rgb "#303030"
set datafile separator ","
END
}

draw_curves()
{
    head_of 520 240
    awk -F, -v file="$run/log.csv" '
        NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
        { for (name in at) if ($at[name] != "") has[name]++ }
        END {
            n = split("train val test", part, " ")
            split("#0072B2 #D55E00 #009E73", color, " ")
            # four steps at round numbers
            for (step = 1; $1 > 5 * step; step *= at_five ? 5 : 2)
                at_five = !at_five
            printf "set xtics %d\nset xrange [0:%d]\n", step, $1
            print "set grid lc rgb \"#e0e0e0\" lt 1\nset xlabel \"epoch\"\nset key samplen 1"
            panels = 1
            for (i = 1; i <= n; i++)
                if (has[part[i] "_accuracy"] > 1)
                    panels = 2
            printf "set multiplot layout 1,%d title \"'"$title"'\"\nset title \"loss\"\n", panels
            for (k = 1; k <= panels; k++) {
                what = k == 1 ? "_loss" : "_accuracy"
                if (k == 2)
                    print "set title \"accuracy\"\nset key bottom right"
                text = ""
                for (i = 1; i <= n; i++)
                    if (has[part[i] what] > 1)
                        text = text sprintf("%s\"%s\" using 1:%d every ::1 with lines lw 1.5 lc rgb \"%s\" title \"%s\"",
                            text == "" ? "" : ", ", file, at[part[i] what], color[i], part[i])
                print "plot " text
            }
            print "unset multiplot"
        }' "$run/log.csv"
}

draw_confusion()
{
    "$DIYNN" eval -q "$run" | awk '
        /^How often/ { on = 1; next }
        on && $1 == "true" { next }
        on && NF == 0 { exit }
        on { for (i = 2; i <= NF; i++) printf "%s%s", (i > 2 ? "," : ""), $i; printf "\n" }' >"$work/matrix.csv"
    local n
    n=$(wc -l <"$work/matrix.csv")
    head_of $((200 + 34 * n)) $((130 + 30 * n))
    cat <<END
set palette defined (0 "#ffffff", 1 "#9ecae1", 10 "#3182bd")
unset colorbox
set yrange [$n - 0.5:-0.5]
set xrange [-0.5:$n - 0.5]
set xtics 1
set ytics 1
set xlabel "answer"
set ylabel "true class"
plot "$work/matrix.csv" matrix with image notitle, \
    "" matrix using 1:2:(\$3 > 0 ? sprintf("%d", \$3) : "") with labels font ",8" notitle
END
}

draw_line()
{
    samples test && cut -d , -f 1 "$work/test.csv" | sort -g | sed -n '1p;$p' >"$work/ends.csv" || return 1
    answers "$work/ends.csv" | paste -d , "$work/ends.csv" - >"$work/line.csv"
    head_of 360 260
    cat <<END
set grid lc rgb "#e0e0e0" lt 1
set key bottom right samplen 1
plot "$work/test.csv" using 1:2 with points pt 7 ps 0.35 lc rgb "#56B4E9" title "test", \
    "$work/line.csv" using 1:2 with lines lw 2.5 lc rgb "#D55E00" title "net"
END
}

draw_regions()
{
    samples train || return 1
    awk -F, -v n=100 '
        NR == 1 { for (k = 1; k <= 2; k++) low[k] = high[k] = $k }
        { for (k = 1; k <= 2; k++) { if ($k < low[k]) low[k] = $k; if ($k > high[k]) high[k] = $k } }
        END {
            for (i = 0; i < n; i++)
                for (j = 0; j < n; j++)
                    printf "%.6g,%.6g\n", low[1] + (high[1] - low[1]) * j / (n - 1),
                        low[2] + (high[2] - low[2]) * i / (n - 1)
        }' "$work/train.csv" >"$work/grid.csv"
    answers "$work/grid.csv" | paste -d , "$work/grid.csv" - >"$work/regions.csv" || return 1
    head_of 300 300
    cat <<END
set size ratio -1
set palette maxcolors 2 defined (0 "#d6e8f5", 1 "#fbdcc4")
set cbrange [0:1]
unset colorbox
set autoscale xfix
set autoscale yfix
plot "$work/regions.csv" using 1:2:3 with image notitle, \
    "< awk -F, '\$3 == 0' $work/train.csv" using 1:2 with points pt 7 ps 0.25 lc rgb "#0072B2" notitle, \
    "< awk -F, '\$3 != 0' $work/train.csv" using 1:2 with points pt 7 ps 0.25 lc rgb "#D55E00" notitle
END
}

case $kind in
line) draw_line ;;
regions) draw_regions ;;
confusion) draw_confusion ;;
curves) draw_curves ;;
esac >"$work/script" && gnuplot "$work/script" && [ -s "$work/out.png" ] && cp "$work/out.png" "$out" &&
    exit 0
echo "picture: could not draw $out" >&2
exit 1
