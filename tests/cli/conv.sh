#!/bin/sh
# Convolutional nets: the sizes and numbers of parameters that textbooks give, and a training whose
# net is summed up, timed, evaluated and used.
# shellcheck disable=SC2016 # the dollars are those of awk
. tests/cli/lib.sh

# row NAME PATTERN WHAT: the layer's row of the summary in $T/out
row()
{
    check "$3" grep -qE "^  $1 +$2( |\$)" "$T/out"
}

# the AlexNet of 32x32 images: pools have no parameters, the hidden layer has 1024 x 1000 + 1000
net=nets/cifar_alexnet.ini
run "$DIYNN" summary $net
expect 0 'summary of a net for CIFAR-10'
row conv1 'conv2d +32x32x32 +2432' '32 filters of 5x5x3'
row pool1 'maxpool +32x16x16 +0' 'a pool halves the sides and has no parameters'
row conv2 'conv2d +64x16x16 +51264' '64 filters of 5x5x32'
row conv3 'conv2d +64x8x8 +102464' '64 filters of 5x5x64'
row fc4 'linear +1000 +1025000' 'the hidden layer'
row fc5 'linear +10 +10010' 'the last layer'
expect_out 'parameters 1191170'
run "$DIYNN" --json summary $net
check 'all parameters, as JSON' grep -q '"parameters": *1191170' "$T/out"

# (x + 2 p - k) / s + 1
cat >"$T/sizes.ini" <<'END_OF_NET'
[data]
train = nowhere.npy
shape = 3x224x224
classes = 2
[conv2d conv1]
filters = 64
size = 3
padding = 1
[relu]
[maxpool pool1]
size = 2
stride = 2
[conv2d conv2]
filters = 128
size = 3
padding = 1
[conv2d strided]
filters = 8
size = 7
stride = 2
padding = 3
[conv2d dilated]
filters = 8
size = 3
dilation = 2
[conv2d same]
filters = 8
size = 4x5
stride = 3
padding = same
[avgpool over]
size = 3
stride = 2
[global_avgpool all]
[linear]
units = 2
[softmax]
END_OF_NET
run "$DIYNN" summary "$T/sizes.ini"
expect 0 'summary of images of 224x224'
row conv1 'conv2d +64x224x224 +1792' 'size 3, padding 1 keep the sides'
row pool1 'maxpool +64x112x112 +0' 'a pool of 2'
row conv2 'conv2d +128x112x112 +73856' 'more filters'
row strided 'conv2d +8x56x56' 'size 7, stride 2, padding 3 halve them'
row dilated 'conv2d +8x52x52' 'dilated by 2 a filter of 3 spans 5'
row same 'conv2d +8x18x18' 'same: 52 / 3, rounded up'
row over 'avgpool +8x8x8' 'what stands over the edge is left'
row all 'global_avgpool +8 ' 'one number for each channel'

# a small net: all commands
cat >"$T/small.ini" <<'END_OF_NET'
[data]
generator = digits
samples = 400
test_samples = 100
[conv2d conv1]
filters = 8
size = 3
padding = same
[relu]
[maxpool pool1]
[conv2d conv2]
filters = 8
size = 3
groups = 2
[leaky_relu]
[global_avgpool mean]
[linear]
units = 10
[softmax]
[optimizer]
type = adam
lr = 0.03
[train]
epochs = 12
END_OF_NET
run "$DIYNN" train -q "$T/small.ini" -o "$T/run"
expect 0 'a small net is trained'
run "$DIYNN" eval "$T/run"
expect 0 'and evaluated'
check 'it has learnt' awk '/^accuracy/ { good = $2 > 0.5 } END { exit !good }' "$T/out"
run "$DIYNN" time --json "$T/small.ini"
expect 0 'and timed'
for layer in conv1 pool1 conv2 mean; do
    expect_out "\"$layer\"" "time has $layer"
done
run "$DIYNN" features --layer pool1 "$T/run" -o "$T/pool1.npy"
expect 0 'what a pool gives is written'
if "$DIYNN" --isa base help >/dev/null 2>&1; then
    run "$DIYNN" check "$T/small.ini"
    expect 0 'its gradients are right'
    expect_out 'conv2.weight'
    expect_out ' 0 wrong'
fi
