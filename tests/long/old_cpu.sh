#!/bin/sh
# The program runs on a processor without AVX (an emulated one), with the bits of --isa base here.
. tests/cli/lib.sh

qemu=$(command -v qemu-x86_64 || command -v qemu-x86_64-static) ||
    skip_all 'a processor without AVX' 'qemu-user is not here (scripts/deps.sh ci)'
[ "$(uname -m)" = x86_64 ] || skip_all 'a processor without AVX' 'this is no x86-64 machine'
cpu=qemu64,-pni # no more than SSE2

run "$qemu" -cpu $cpu "$DIYNN" --version
expect 0 'it starts'
for net in bits bits_norm; do
    RUN_TIME=300
    run "$qemu" -cpu $cpu "$DIYNN" train tests/files/nets/$net.ini -q --threads 2 -o "$T/old_$net"
    expect 0 "$net: it trains"
    run "$DIYNN" train tests/files/nets/$net.ini -q --isa base -o "$T/new_$net"
    expect 0 "$net: this one does too"
    same "$T/old_$net/last.safetensors" "$T/new_$net/last.safetensors" "$net: the same bits"
done
run "$qemu" -cpu $cpu "$DIYNN" eval "$T/old_bits"
expect 0 'it evaluates'
expect_out 'accuracy'

for isa in avx2 avx512; do
    run "$qemu" -cpu $cpu "$DIYNN" train tests/files/nets/bits.ini --isa $isa -o "$T/$isa"
    expect 2 "$isa is refused"
    expect_err 'no such instruction set here; there are: auto, ref, base'
done
