#!/bin/sh
# help, usage, version, and what is said about a wrong command line.
. tests/cli/lib.sh

narrow() # FILE: no line over 80 columns
{
    ! LC_ALL=C awk 'length > 80' "$1" | grep .
}

run "$DIYNN" help
expect 0 'help'
expect_out 'Usage: diynn COMMAND [options] FILE'
for command in check data eval features help predict summary time train; do
    expect_out "  $command " "help lists $command"
done
check 'help is 80 columns wide' narrow "$T/out"
expect_no_err ''
mv "$T/out" "$T/help"
run "$DIYNN" --help
expect 0 '--help'
same "$T/out" "$T/help" '--help is help'
run "$DIYNN" --version
expect 0 '--version'
check 'a version is a line with a number' grep -qE '^diynn [0-9]+\.[0-9]+\.[0-9]+$' "$T/out"

for command in check data eval features help predict summary time train; do
    run "$DIYNN" $command --help
    expect 0 "$command --help"
    expect_out "Usage: diynn $command"
    expect_out '--threads N' "$command --help has the common options"
    check "$command --help is 80 columns wide" narrow "$T/out"
done
run "$DIYNN" -h train
expect_out 'Usage: diynn train' 'help before the command is the help of the command'

# every name that the groups list can be asked for
for group in sections layers losses optimizers schedules formats generators; do
    run "$DIYNN" help $group
    expect 0 "help $group"
    check "help $group is 80 columns wide" narrow "$T/out"
    names=$(sed -n 's/^  \([a-z]\)/\1/p' "$T/out" | cut -d ' ' -f 1)
    for name in $names; do
        run "$DIYNN" help "$name"
        expect 0 "help $name"
        check "help $name is 80 columns wide" narrow "$T/out"
    done
done
for page in commands file targets run exit environment; do
    run "$DIYNN" help $page
    expect 0 "help $page"
    check "help $page is 80 columns wide" narrow "$T/out"
done

run "$DIYNN" help linear
expect_out '[linear]'
expect_out 'units'
expect_out 'required'
expect_out 'default xavier_uniform' 'help tells live defaults'
expect_out 'Example' 'help has an example'
run "$DIYNN" help lr
expect_out 'default 0.01' 'help on a key: its default with sgd'
expect_out 'default 0.001' 'help on a key: its default with adam'
run "$DIYNN" help linear.units
expect 0 'help on a key of one layer'
expect_out 'Key of [linear]'
run "$DIYNN" help optimizer.lr
expect 0 'help on a key as --set writes it'
run "$DIYNN" help data
expect_out '[data]' 'help on a section'
expect_out 'Usage: diynn data' '... that is a command too'

run "$DIYNN" help liner
expect 2 'help on a typo'
expect_err "did you mean 'linear'?"
run "$DIYNN" help lrr
expect_err "did you mean 'lr'?"
run "$DIYNN" help xyzzyplugh
expect 2 'help on nonsense'
expect_err "diynn: no help on 'xyzzyplugh'"

run "$DIYNN" help --markdown
expect 0 'help --markdown'
expect_out '# Reference'
expect_out '[linear]'
expect_out 'diynn train NET'
expect_out ' | number of outputs | '

run "$DIYNN"
expect 2 'no command'
expect_err 'a command is missing'
expect_no_out ''
run "$DIYNN" trian x.ini
expect 2 'a wrong command'
expect_err "diynn: unknown command 'trian'; did you mean 'train'?"
run "$DIYNN" frobnicate
expect 2 'an unknown command'
expect_err "unknown command 'frobnicate'"
run "$DIYNN" train
expect 2 'no operand'
expect_err 'diynn: train needs a network file'
run "$DIYNN" eval
expect_err 'eval needs a run'
run "$DIYNN" train a.ini b.ini
expect 2 'too many operands'
expect_err "train takes no 'b.ini'"
run "$DIYNN" train --rseume a.ini
expect 2 'a wrong option'
expect_err 'unknown option --rseume; did you mean --resume?'
run "$DIYNN" train -x a.ini
expect 2 'a wrong letter'
expect_err 'unknown option -x'
run "$DIYNN" --frobnicate
expect 2 'a wrong option before the command'
expect_err 'unknown option --frobnicate'
run "$DIYNN" train --ve a.ini
expect 2 'an ambiguous option'
expect_err 'option --ve is ambiguous'
run "$DIYNN" train a.ini -o
expect 2 'an option without its argument'
expect_err 'option --output needs an argument (DIR)'
run "$DIYNN" train --quiet=yes a.ini
expect 2 'an argument that is none of its own'
expect_err '--quiet takes no argument'
for n in 0 -1 257 two 1e3 ''; do
    run "$DIYNN" train --threads "$n" a.ini
    expect 2 "--threads '$n'"
    expect_err 'must be a whole number from 1 to 256'
done
run "$DIYNN" --isa mmx train a.ini
expect 2 'an unknown instruction set'
expect_err '--isa mmx: no such instruction set here; there are: auto, ref'
run env DIYNN_ISA=mmx "$DIYNN" help
expect 2 'an unknown instruction set in the environment'
expect_err 'DIYNN_ISA mmx'
run "$DIYNN" train --resume --force a.ini
expect 2 'options that exclude each other'
run "$DIYNN" summary -- --help
expect 3 'what follows -- is a file'
expect_err 'cannot open --help'
