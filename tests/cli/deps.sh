#!/bin/sh
# scripts/deps.sh against a made-up machine: a PATH of our own with stand-ins for apt-get, id, sudo.
. tests/cli/lib.sh

unset CC # the compiler of the made-up machine is gcc
bin=$T/bin
mkdir "$bin"
for tool in sh env dirname mktemp rm tail grep uname cat touch; do
    ln -s "$(command -v $tool)" "$bin/$tool"
done

fake() # NAME SCRIPT: a program of the made-up machine
{
    printf '#!%s\n%s\n' "$(command -v sh)" "$2" >"$bin/$1"
    chmod +x "$bin/$1"
}

user() # NUMBER
{
    fake id "echo $1"
}

# A compiler that knows all headers but those named in $T/unknown.
fake gcc "grep -qFf '$T/unknown' && exit 1; exit 0"
echo '<nothing.h>' >"$T/unknown"
fake make :
fake true :
user 1000

run env PATH="$bin" scripts/deps.sh
expect 0 'nothing is missing'
expect_no_out '' 'then it says nothing'
expect_no_err '' 'and warns of nothing'

echo '<zlib.h>' >"$T/unknown"
run env PATH="$bin" scripts/deps.sh build
expect 1 'without apt the packages are named'
expect_err 'missing: zlib1g-dev'

fake apt-get "echo \"\$*\" >>'$T/apt'; exit 0"
run env PATH="$bin" scripts/deps.sh build
expect 1 'without root and sudo it fails'
expect_err 'sudo apt-get install -y --no-install-recommends zlib1g-dev' 'and prints the command'
check_not 'and touches nothing' test -e "$T/apt"

fake sudo "echo sudo >>'$T/apt'; [ \"\$1\" != -n ] || shift; exec \"\$@\""
run env PATH="$bin" scripts/deps.sh build
expect 0 'with sudo it installs'
check 'through sudo' grep -q sudo "$T/apt"
check 'the package' grep -q 'install -y --no-install-recommends zlib1g-dev$' "$T/apt"
check_not 'without an update where none is needed' grep -q update "$T/apt"

rm "$bin/sudo" "$T/apt"
user 0
fake apt-get "echo \"\$*\" >>'$T/apt'
case \$* in *update*) touch '$T/updated' ;; *) [ -e '$T/updated' ] ;; esac"
rm "$bin/make"
run env PATH="$bin" scripts/deps.sh build
expect 0 'as root it installs'
check 'after one update where the lists are old' test "$(grep -c update "$T/apt")" = 1
check 'all that is missing at once' grep -q ' make zlib1g-dev$' "$T/apt"

fake apt-get 'echo "E: no network"; exit 100'
run env PATH="$bin" scripts/deps.sh build
expect 1 'a failing apt is told'
expect_err 'E: no network' 'with its words'

run env PATH="$bin" scripts/deps.sh paint
expect 2 'an unknown group is told'
