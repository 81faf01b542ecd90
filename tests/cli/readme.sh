#!/bin/sh
# What README.md shows is what the program does. (tests/long/readme.sh runs its commands.)
. tests/cli/lib.sh

# the n-th fence of a kind
fence() # KIND N
{
    awk -v kind="\`\`\`$1" -v n="$2" '
        /^```/ {
            inside = !inside
            shown = inside && $0 == kind && ++i == n
            next
        }
        shown' README.md
}

fence ini 1 >"$T/usps.ini"
same "$T/usps.ini" nets/usps_mlp.ini 'the network file of its first page is nets/usps_mlp.ini'

readme=$PWD/README.md
fence ini 2 >"$T/my.ini"
fence '' 1 >"$T/messages"
cd "$T" || exit 1
for command in check summary data; do
    run "$DIYNN" $command my.ini
    expect 0 "$command of its example"
done
sed 's/^units = 8/unit = 8/; 10s/unit /units /' my.ini >bad.ini
mv bad.ini my.ini
run "$DIYNN" check my.ini
expect 3 'its typing error is found'
same messages err 'with the words that it shows'

# every option that it shows exists
grep -o '^\./diynn [a-z]* .*' "$readme" | sed 's/#.*//' | while read -r _ command rest; do
    for word in $rest; do
        case $word in
        -*) "$DIYNN" "$command" --help | grep -qe "$word" || echo "$command $word" ;;
        esac
    done
done >unknown
check 'its options exist' test ! -s unknown
