#!/bin/sh
# Network files: each of tests/files/bad is refused with exactly the lines of the .txt beside it and
# exit code 3; each of tests/files/good is read without a word. Run from the root of the tree.
. tests/cli/lib.sh

for file in tests/files/bad/*.ini; do
    want=${file%.ini}.txt
    run "$DIYNN" summary "$file"
    if [ "$status" = 3 ] && [ ! -s "$T/out" ] && cmp -s "$T/err" "$want"; then
        lib_passed "$file"
    else
        lib_failed "$file (exit code $status)"
        diff "$want" "$T/err" | head -n 40 | sed 's/^/      /'
    fi
done
set -- tests/files/bad/*.ini
check "there are at least 60 wrong files ($#)" test $# -ge 60
for want in tests/files/bad/*.txt; do
    [ -e "${want%.txt}.ini" ] || lib_failed "$want has its .ini"
done

# All but two of the good ones are the same net in other words.
run "$DIYNN" summary tests/files/good/plain.ini
expect 0 'the plain file is read'
cp "$T/out" "$T/plain"
for file in tests/files/good/*.ini; do
    run "$DIYNN" summary "$file"
    case $file in
    */graph.ini | */names.ini) cp "$T/out" "$T/plain_or_not" ;;
    *) cp "$T/plain" "$T/plain_or_not" ;;
    esac
    if [ "$status" = 0 ] && [ ! -s "$T/err" ] && cmp -s "$T/out" "$T/plain_or_not"; then
        lib_passed "$file"
    else
        lib_failed "$file"
        lib_show
    fi
done

# ---- --set ----------------------------------------------------------------------------------------

net=tests/files/good/plain.ini
refused() # ASSIGNMENT LINE
{
    run "$DIYNN" summary --set "$1" "$net"
    printf 'command line: %s\n' "$2" >"$T/want"
    if [ "$status" = 3 ] && cmp -s "$T/err" "$T/want"; then
        lib_passed "--set $2"
    else
        lib_failed "--set $2"
        lib_show
    fi
}
refused nonsense 'nonsense: this is not section.key=value'
refused hidden=3 'hidden=3: this is not section.key=value'
refused hidden.=3 "hidden.=3: there is no key before the '='"
refused hiden.units=3 "no section or layer is called 'hiden'; did you mean 'hidden'?"
refused tanh1.from=input "no section or layer is called 'tanh1'; did you mean 'tanh_1'?"
refused flatten_1.from=input "no section or layer is called 'flatten_1'"
refused hidden.unts=3 "[linear hidden] unts: unknown key; did you mean 'units'?"
refused hidden.units=0 '[linear hidden] units = 0: must be between 1 and 1048576'
refused hidden.units= '[linear hidden] units has no value: must be a whole number between 1 and 1048576'
refused optimizer.lr=fast '[optimizer] lr = fast: must be a number greater than 0 and at most 1000'
refused 'data.train=a #b' "data.train=a #b: a value cannot hold a blank with '#' or ';' behind it (a file could not)"
refused "$(printf 'data.train=a\033b')" 'control character 0x1b'
refused schedule.type=steep "[schedule] type = steep: unknown word; did you mean 'step'?"
refused loss.type=msee "[loss] type = msee: unknown word; did you mean 'mse'?"

run "$DIYNN" summary --set hidden.units=7 --set hidden.units=500 --set train.batch=all "$net"
expect 0 'the last --set of a key rules'
expect_out '8500'
run "$DIYNN" summary --set tanh_1.from=input --set linear_2.from=hidden "$net"
expect 3 '--set can break the graph'
expect_err "$net:9: [tanh] its output is used by nothing"

# ---- files that are none --------------------------------------------------------------------------

run "$DIYNN" summary nowhere/net.ini
expect 3 'a missing file'
expect_err 'nowhere/net.ini'
expect_err "$PWD" 'and the current folder is named'
head -c 5000000 /dev/zero | tr '\0' '\n' >"$T/big.ini"
run "$DIYNN" summary "$T/big.ini"
expect 3 'a file of 5 MB'
run "$DIYNN" summary "$DIYNN"
expect 3 'a program is no network file'
