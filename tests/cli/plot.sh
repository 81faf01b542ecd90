#!/bin/sh
# scripts/plot.sh: which columns become curves, and what it says where there is nothing to draw.
. tests/cli/lib.sh

command -v gnuplot >/dev/null 2>&1 || skip_all 'curves' 'gnuplot is missing (scripts/deps.sh run)'

header=epoch,step,lr,train_loss,train_accuracy,val_loss,val_accuracy,test_loss,test_accuracy
header=$header,seconds,samples_per_s

run_folder() # NAME ROW..: a run with this log
{
    mkdir -p "$T/$1"
    {
        echo "$header"
        shift
        for row; do echo "$row"; done
    } >"$T/$1/log.csv"
    shift $#
}

is_png() # FILE
{
    [ "$(od -An -c -N 4 "$1" | tr -d ' ')" = '211PNG' ]
}

run_folder full '1,10,0.1,2.1,0.4,2.0,0.45,2.05,0.44,0.1,900' '2,20,0.1,1.1,0.7,1.2,0.65,1.3,0.64,0.1,900'
run scripts/plot.sh "$T/full"
expect 0 'a full log is drawn'
expect_out "$T/full/curves.png"
check 'the PNG is one' is_png "$T/full/curves.png"
for text in 'train 1.1' 'validation 1.2' 'test 1.3' 'train 0.7' 'best 0.65 (epoch 2)'; do
    check "the drawing says $text" grep -qF ">$text<" "$T/full/curves.svg"
done
check 'no temporary is left' test -z "$(find "$T/full" -name '.*')"

run_folder plain '1,10,0.1,2.1,,,,,,0.1,900' '2,20,0.1,1.1,,,,,,0.1,900'
run scripts/plot.sh "$T/plain" -o "$T/elsewhere"
expect 0 'a log of losses alone is drawn, into another folder'
check 'there it is' test -s "$T/elsewhere/curves.svg"
check_not 'no accuracy is drawn' grep -q accuracy "$T/elsewhere/curves.svg"
check_not 'no validation is drawn' grep -q validation "$T/elsewhere/curves.svg"

run_folder steps '1,5,0.1,2.1,0.4,,,,,0.1,900' '1,10,0.1,1.1,0.7,2.0,0.3,,,0.1,900'
run scripts/plot.sh "$T/steps"
expect 0 'rows within an epoch are drawn'
check 'over steps' grep -qF '>step<' "$T/steps/curves.svg"

# columns are found by name, wherever they stand
mkdir -p "$T/turned"
printf 'val_accuracy,step,epoch,train_loss\n0.5,10,1,3\n0.75,20,2,2.5\n' >"$T/turned/log.csv"
run scripts/plot.sh "$T/turned"
expect 0 'columns in another order are drawn'
check 'with the right numbers' grep -qF '>validation 0.75<' "$T/turned/curves.svg"

# shellcheck disable=SC2016 # a name with a dollar in it
run_folder 'a "b" $c' '1,10,0.1,2.1,0.4,,,,,0.1,900'
run scripts/plot.sh "$T/a \"b\" \$c/log.csv"
expect 0 'a strange folder name is no problem'

run_folder empty
run scripts/plot.sh "$T/empty"
expect 4 'an empty log is told'
expect_err 'holds no loss or accuracy yet'
run scripts/plot.sh "$T/nowhere"
expect 4 'a missing run is told'
expect_err "$T/nowhere/log.csv"
run scripts/plot.sh
expect 2 'a missing argument is told'
run scripts/plot.sh --help
expect 0 'help is given'
expect_out 'scripts/plot.sh RUN'

mkdir "$T/bin"
for tool in sh dirname sed awk basename mktemp rm mkdir; do
    ln -s "$(command -v $tool)" "$T/bin/$tool"
done
run env PATH="$T/bin" scripts/plot.sh "$T/full"
expect 1 'a missing gnuplot is told'
expect_err 'gnuplot is missing'
