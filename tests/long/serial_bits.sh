#!/bin/sh
# A program built without OpenMP gives the same checkpoints as one with threads. Builds both.
. tests/cli/lib.sh

net=tests/files/nets/bits.ini
RUN_TIME=600
serial=$(make --no-print-directory -s OMP=0 where)/diynn
run make --no-print-directory -s -j 2 OMP=0 program
expect 0 'build without OpenMP'
check_not 'it has no OpenMP' sh -c "ldd '$serial' | grep -q gomp"

run "$DIYNN" train $net -q -o "$T/threads" --threads 3
expect 0 'with OpenMP'
run "$serial" train $net -q -o "$T/serial" --threads 3
expect 0 'without OpenMP'
same "$T/threads/last.safetensors" "$T/serial/last.safetensors" 'last checkpoint'
same "$T/threads/best.safetensors" "$T/serial/best.safetensors" 'best checkpoint'
run "$serial" train $net -q -o "$T/threads" --resume
expect 0 'one goes on with the run of the other'
