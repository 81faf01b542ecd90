#!/bin/bash
# Builds the drivers of the libraries that are here.
#
#   [CC=gcc] [CXX=g++] bench/peers/build.sh FOLDER
#
# Says which ones are left out; bench/peers/setup.sh installs what they need.
set -u
out=${1:?the folder to build in}
cd "$(dirname "$0")" || exit 1
case $out in
/*) ;;
*) out=../../$out ;;
esac
CC=${CC:-gcc} CXX=${CXX:-g++}
mkdir -p "$out" || exit 1

# The OpenMP builds of Debian's BLAS lie in folders of their own.
openblas=/usr/lib/$($CC -print-multiarch 2>/dev/null)/openblas-openmp
[ -d "$openblas" ] || openblas=
blis=/usr/lib/$($CC -print-multiarch 2>/dev/null)/blis-openmp
[ -d "$blis" ] || blis=

driver() # NAME SOURCE COMMAND ARGUMENT..
{
    name=$1 source=$2
    shift 2
    for newer in "$source" peer.h ../shapes.h ../conv_shapes.h; do
        [ "$out/$name" -nt "$newer" ] || newer=
        [ -n "$newer" ] || break
    done
    [ -z "$newer" ] || return 0
    "$@" -o "$out/$name" 2>"$out/$name.log" ||
        echo "bench-peers: without $name, which does not build (see bench/peers/setup.sh)" >&2
}

driver gemm_openblas gemm.c "$CC" -O2 gemm.c ${openblas:+"-L$openblas" "-Wl,-rpath,$openblas"} \
    -lopenblas -lm
driver gemm_blis gemm.c "$CC" -O2 gemm.c ${blis:+"-L$blis" "-Wl,-rpath,$blis"} -lblis -lm
driver gemm_dnnl gemm.c "$CC" -O2 -DUSE_DNNL gemm.c -ldnnl -lm
driver conv_dnnl conv_dnnl.cpp "$CXX" -O2 conv_dnnl.cpp -ldnnl
driver train_dnnl train_dnnl.cpp "$CXX" -O3 -march=native -fopenmp train_dnnl.cpp -ldnnl
driver mkl_any_cpu.so mkl_any_cpu.c "$CC" -O2 -shared -fPIC mkl_any_cpu.c
exit 0
