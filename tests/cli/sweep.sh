#!/bin/bash
# Sweeps: 60 runs of which some fail and some diverge, killed and started again.
# Alone: it uses all processors, and waits.
. tests/cli/lib.sh

cat >"$T/line.ini" <<'END'
[data]
generator = gaussians
samples = 300
target = value
validation = 0.2
[linear hidden]
units = 3
[linear]
units = 1
[loss]
type = mse
[train]
epochs = 20
END
sweep()
{
    run scripts/sweep.sh "$T/line.ini" optimizer.lr=0.001,0.003,0.01,0.03,30 \
        hidden.units=1,2,3,0 train.batch=10,50,100 -o "$@"
}

# The table without columns of time has none: compared as it is.
RUN_TIME=120
sweep "$T/whole"
expect 0 'a sweep of 60 runs'
check '60 rows' test "$(wc -l <"$T/whole/table.csv")" = 61
check 'fifteen runs fail' test "$(grep -c ',failed,' "$T/whole/table.csv")" = 15
check 'nine runs diverge' test "$(grep -c ',diverged,' "$T/whole/table.csv")" = 9
check 'the others are ranked' test "$(grep -c ',done,' "$T/whole/table.csv")" = 36
expect_out 'val loss'
expect_err 'best.ini'
check 'losses rise down the ranks' sh -c \
    "awk -F, '\$2 == \"done\" { if (\$4 + 0 < last + 0) exit 1; last = \$4 }' '$T/whole/table.csv'"
best=$(awk -F, 'NR == 2 { print $NF }' "$T/whole/table.csv")
same "$T/whole/best.ini" "$T/whole/$best/net.ini" 'best.ini is the network file of the best run'
check 'the best network file trains' "$DIYNN" train "$T/whole/best.ini" -q -o "$T/best"

# Killed: the whole process group, so that no run lives on.
setsid scripts/sweep.sh "$T/line.ini" optimizer.lr=0.001,0.003,0.01,0.03,30 \
    hidden.units=1,2,3,0 train.batch=10,50,100 -o "$T/killed" >/dev/null 2>&1 &
leader=$!
for _ in $(seq 200); do
    [ "$(find "$T/killed" -name status 2>/dev/null | wc -l)" -ge 10 ] && break
    sleep 0.05
done
kill -KILL -- "-$leader" 2>/dev/null
wait $leader 2>/dev/null
done=$(find "$T/killed" -name status | wc -l)
check "killed with $done of 60 done" test "$done" -ge 10 -a "$done" -lt 60
sweep "$T/killed"
expect 0 'started again'
check 'what was finished is not done again' test "$(sed -n 's/.*, \([0-9]*\) finished before/\1/p' "$T/err")" -ge "$done"
same "$T/whole/table.csv" "$T/killed/table.csv" 'the same table as uninterrupted'
sweep "$T/killed"
expect_err '60 finished before' 'a finished sweep is left alone'
same "$T/whole/table.csv" "$T/killed/table.csv"

run scripts/sweep.sh "$T/line.ini" optimizer.lr=0.001 -o "$T/killed"
expect 2 'another sweep in the same folder is refused'
run scripts/sweep.sh "$T/line.ini" optimizer.lr=0.001,0.003,0.01,0.03 hidden.units=1,2,3,4,5 \
    --random 6 -o "$T/random" -j 1
expect 0 'six at random'
check 'six rows' test "$(wc -l <"$T/random/table.csv")" = 7
run scripts/sweep.sh "$T/line.ini" optimizer.lr=0.001,0.003 --slurm -o "$T/slurm"
expect 0 'an array job'
check 'of two' grep -q 'array=1-2' "$T/slurm/sweep.slurm"
run scripts/sweep.sh "$T/line.ini" data.validation=0 optimizer.lr=0.001 -o "$T/unranked"
expect 5 'without validation nothing can be ranked'
expect_err 'validation = 0.2'
run scripts/sweep.sh "$T/nowhere.ini" optimizer.lr=0.001
expect 3 'a missing file'
run scripts/sweep.sh "$T/line.ini"
expect 2 'no key'
if command -v gnuplot >/dev/null; then
    run scripts/plot.sh "$T/whole"
    expect 0 'plot'
    check 'a picture' test -s "$T/whole/sweep.png" -a -s "$T/whole/sweep.svg"
else
    skip 'plot of a sweep' 'gnuplot is missing'
fi
