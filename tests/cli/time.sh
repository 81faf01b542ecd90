#!/bin/sh
# time: what it shows adds up, with and without data. Nothing here depends on how fast a machine is.
# shellcheck disable=SC2016,SC2119 # the dollars are those of awk; a name may be left out
. tests/cli/lib.sh

cat >"$T/net.ini" <<'END'
[data]
train = nowhere.gz
shape = 1x8x8
classes = 3
[linear a_layer_with_quite_a_long_name]
units = 20
[tanh]
[dropout]
rate = 0.5
[linear]
units = 3
[softmax]
END

# The parts of the table and its last line: shares of the step add up to 100 %, times to the step.
adds_up()
{
    awk '$2 == "ms" { next }
        $1 == "step" { step = $2; next }
        NF == 0 { exit }
        { for (i = 2; i < NF; i++) if ($i ~ /^[0-9]+\.[0-9]+$/) break
          ms += $i; share += $(i + 1); n++ }
        END { d = ms - step; print n, ms, step, share
              exit !(n >= 8 && d < n * 0.0001 && d > -n * 0.0001 && share > 98 && share < 102) }' \
        "$T/out"
}

run "$DIYNN" time "$T/net.ini"
expect 0 'time without data'
expect_out '  a_layer_with_quite_a_'
expect_out 'samples/s at batch 32'
expect_err 'GFLOP/s' 'the peak is told'
expect_narrow
check 'the parts add up to the step' adds_up
for part in gather forward backward loss update rest; do
    expect_out "$part"
done

run "$DIYNN" time --seconds 0.1 --threads 3 "$T/net.ini"
expect 0 'time with threads'
if ldd "$DIYNN" | grep -q 'lib[gi]*omp'; then
    expect_err '3 threads'
else
    expect_err '1 thread' 'without OpenMP there is one'
fi
check 'the parts add up to the step' adds_up
run "$DIYNN" time --seconds 0.01 -q --isa base --set train.batch=7 "$T/net.ini"
expect 0 'time with --set and --isa'
expect_out 'at batch 7'
expect_no_err ''
run env DIYNN_FUSE=0 "$DIYNN" time --seconds 0.01 "$T/net.ini"
expect 0 'time without fusion'
expect_out 'tanh_1' 'then an activation has a line of its own'

run "$DIYNN" time --seconds 0.05 --json "$T/net.ini"
expect 0 'time --seconds 0.05 --json'
expect_json
for key in parts step_ms samples_per_s batch peak_gflops; do
    expect_out "\"$key\""
done
if command -v python3 >/dev/null; then
    check 'the parts add up to the step in JSON' python3 -c '
import json, sys
j = json.load(open(sys.argv[1]))
ms = sum(p["ms"] for p in j["parts"])
assert abs(ms - j["step_ms"]) < 1e-4 * j["step_ms"], (ms, j["step_ms"])
' "$T/out"
else
    skip 'the parts add up to the step in JSON' 'python3 is missing'
fi

printf '[data]\ngenerator = gaussians\nsamples = 50\n[linear]\nunits = 2\n[softmax]\n' >"$T/data.ini"
classes=$("$DIYNN" data --json "$T/data.ini" | sed -n 's/^  "classes": \([0-9]*\),$/\1/p')
run "$DIYNN" time --seconds 0.01 "$T/data.ini" --set "linear_1.units=${classes:-2}" --set train.batch=all
expect 0 'time with data'
expect_out 'at batch 50'

# ---- errors ----

run "$DIYNN" time
expect 2 'time of nothing'
run "$DIYNN" time nowhere.ini
expect 3 'time of a missing file'
for seconds in 0 -1 1e9 nan 1x ''; do
    run "$DIYNN" time --seconds "$seconds" "$T/net.ini"
    expect 2 "--seconds '$seconds'"
    expect_err 'must be a number above 0 and at most 3600'
done
run "$DIYNN" time --set train.batsh=5 "$T/net.ini"
expect 3 'time with a wrong key'
expect_err "did you mean 'batch'?"
sed '/^shape/d' "$T/net.ini" >"$T/open.ini"
run "$DIYNN" time "$T/open.ini"
expect 4 'time without data and without a shape'
expect_err 'nowhere.gz'
run env DIYNN_MEMORY=1 "$DIYNN" time --set train.batch=1000000 "$T/net.ini"
expect 1 'time without enough memory'
