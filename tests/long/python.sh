#!/bin/sh
# The reference reader of safetensors opens our checkpoints; names and shapes are PyTorch's.
. tests/cli/lib.sh

python=
for p in "${PYTHON:-python3}" /usr/bin/python3; do
    "$p" -c 'import safetensors.numpy' 2>/dev/null && python=$p && break
done
[ -n "$python" ] || skip_all 'checkpoints in Python' 'python3 with the package safetensors is not here'

run "$DIYNN" train nets/digits_mlp.ini -q -o "$T/run" --set train.epochs=2
expect 0 'train'
for file in best last; do
    run "$python" - "$T/run/$file.safetensors" <<'PY'
import sys
from safetensors import safe_open
with safe_open(sys.argv[1], "np") as f:
    meta = f.metadata()
    want = {"hidden.weight": [100, 256], "hidden.bias": [100],
            "linear_2.weight": [10, 100], "linear_2.bias": [10]}
    for name, shape in want.items():
        t = f.get_tensor(name)
        assert list(t.shape) == shape and str(t.dtype) == "float32", (name, t.shape, t.dtype)
    assert meta["format"] == "diynn" and "[linear hidden]" in meta["net"]
    print(len(list(f.keys())), "tensors")
PY
    expect 0 "$file.safetensors opens, with the names and shapes of PyTorch"
done
expect_out '8 tensors' 'last has one momentum buffer a parameter'
