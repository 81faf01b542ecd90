#!/bin/sh
# Installs the peers that bench-peers measures diynn against.
#
#   bench/peers/setup.sh [packaged] [torch]      both unless named
#
# packaged: Debian's OpenBLAS, BLIS and oneDNN, scikit-learn and PyTorch, as root or with sudo.
# torch: the current PyTorch from PyPI (several GB) into a Python environment outside the tree, in
# $DIYNN_PEERS (default ~/.cache/diynn-peers).
set -eu
venv=${DIYNN_PEERS:-$HOME/.cache/diynn-peers}

packaged()
{
    sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update
    $sudo apt-get install -y --no-install-recommends g++ libopenblas-openmp-dev libblis-openmp-dev \
        libdnnl-dev python3-sklearn python3-torch python3-venv
}

torch()
{
    [ -x "$venv/bin/python3" ] || /usr/bin/python3 -m venv "$venv"
    "$venv/bin/python3" -m pip install --upgrade torch numpy
    "$venv/bin/python3" -c 'import torch; print("torch", torch.__version__)'
}

[ $# -gt 0 ] || set -- packaged torch
for group; do
    case $group in
    packaged | torch) "$group" ;;
    *)
        echo "setup: unknown group '$group' (packaged, torch)" >&2
        exit 2
        ;;
    esac
done
