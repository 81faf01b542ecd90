#!/bin/sh
# A table that nobody has prepared: README.md's section on it word for word, then tables with the
# peculiarities that it names.
. tests/cli/lib.sh

awk '/^## / { inside = $0 == "## Your own table" } inside' README.md >"$T/section"
awk '/^```ini/ { open = 1; next } /^```/ { open = 0 } open' "$T/section" >"$T/flowers.ini"
awk '/^```sh/ { open = 1; next } /^```/ { open = 0 } open' "$T/section" >"$T/commands"
cd "$T" || exit 1
ln -s "$DIYNN" diynn
exec 3<commands
while read -r line <&3; do
    run sh -c "$line"
    expect 0 "$line"
    cp out last
done
check 'it has six commands' test "$(wc -l <commands)" = 6

run ./diynn data flowers.csv
expect_out 'poppy'
run ./diynn eval runs/flowers
accuracy=$(awk '$1 == "accuracy" { print $2 }' out)
check "its accuracy is good ($accuracy)" awk "BEGIN { exit !($accuracy > 0.85) }"
check 'the first new flower is a daisy' grep -q 'new.csv,0,daisy,' last
check 'the second one is a rose' grep -q 'new.csv,1,rose,' last

# classes of other files are the net's, whatever their order; their columns may come alone
awk -F , 'NR == 1 || $3 == "rose"' flowers.csv >roses.csv
run ./diynn eval runs/flowers --data roses.csv
expect 0 'a file of roses alone'
accuracy=$(awk '$1 == "accuracy" { print $2 }' out)
check "is mostly recognised ($accuracy)" awk "BEGIN { exit !($accuracy > 0.7) }"
sed 's/rose/tulip/' roses.csv >tulips.csv
run ./diynn eval runs/flowers --data tulips.csv
expect 4 'a class that the net does not know'
expect_err "tulips.csv:2: class 'tulip' is none of the 3 that are known: daisy, poppy, rose"
run ./diynn train flowers.ini -o runs/tulips --set data.test=tulips.csv
expect 4 'in a test file too'
expect_err "tulips.csv:2: class 'tulip' is none of the 3 that are known: daisy, poppy, rose"
run sh -c './diynn predict runs/flowers - <new.csv'
expect 0 'standard input'
expect_out ',rose,'
cp out plain
(echo 'colour,width,length'; echo red,1.2,4.5; echo blue,3.4,6.6) >strange.csv
run sh -c './diynn predict runs/flowers - <strange.csv'
expect 0 'other columns, in another order'
same out plain 'are found by their names'
(echo 'breadth,length'; echo 1.2,4.5) >strange.csv
run ./diynn predict runs/flowers strange.csv
expect 4 'a column is missing'
expect_err "strange.csv: no column 'width', which the training data have, among its 2: 'breadth', 'length'"
echo 'x,4.5' >wrong.csv
run ./diynn predict runs/flowers wrong.csv
expect 4 'a wrong value'
expect_err "wrong.csv:1: column 1: 'x' is no number"

# the same flowers as another program writes them: an id, words, semicolons, quotes, CRLF, the class
# in front
awk -F , -v OFS=';' '
    NR == 1 { printf "\"Kind of flower\";\"id\";\"length\";\"colour; where\";\"width\"\r\n"; next }
    { printf "\"%s\";%d;%s;\"red; \"\"north\"\"\";%s\r\n", $3, NR, $1, $2 }' flowers.csv >other.csv
sed 's/^train = .*/train = other.csv\ntarget_columns = Kind of flower\nignore = id, 4/' \
    flowers.ini >other.ini
run ./diynn train other.ini
expect 0 'a table of another program'
losses() # RUN: its log but for the time, which are the last two columns
{
    awk -F , -v OFS=, '{ NF -= 2; print }' "runs/$1/log.csv" >"$1.log"
}
losses flowers
losses other
same flowers.log other.log 'is the same training'
gzip -c other.csv >other.csv.gz
run ./diynn train other.ini --set data.train=other.csv.gz -o runs/packed
expect 0 'packed'
losses packed
same flowers.log packed.log 'is the same too'

# numbers to learn: twice the length and the sum, to be predicted without them
awk -F , -v OFS=, 'NR == 1 { print $1, $2, "twice", "sum"; next } { print $1, $2, 2 * $1, $1 + $2 }' \
    flowers.csv >values.csv
cat >values.ini <<'END'
[data]
train = values.csv
target = value
target_columns = twice, sum
validation = 0.2
[linear]
units = 2
[loss]
type = mse
[optimizer]
type = adam
lr = 0.05
[train]
epochs = 60
END
run ./diynn train values.ini
expect 0 'values'
run ./diynn eval runs/values
rmse=$(awk '$1 == "rmse" { print $2 }' out)
check "are learnt (rmse $rmse)" awk "BEGIN { exit !($rmse < 0.2) }"
run ./diynn predict runs/values new.csv
expect 0 'and predicted for a file without them'
# shellcheck disable=SC2016 # the dollars are awk's
check 'two of them each' awk -F , 'NR == 2 { exit !(NF == 4 && $3 > 8 && $3 < 10 && $4 > 5 && $4 < 6.4) }' out
