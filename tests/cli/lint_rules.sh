#!/bin/sh
# scripts/lint_rules.sh finds each breach that it exists for, and nothing in a clean tree.
. tests/cli/lib.sh

# Makes a small clean tree.
tree()
{
    rm -rf "$T/tree"
    mkdir -p "$T/tree/cli" "$T/tree/tests"
    for folder in base kernels net layers layers/shared losses optim data train image; do
        mkdir -p "$T/tree/src/$folder"
    done
    put src/base/err.h 'struct err;'
    put src/base/log.c '#include "base/err.h"' 'void f(void) { fprintf(stderr, "x"); }'
    put src/base/par.c '#include <omp.h>' '#pragma omp parallel'
    put src/base/par.h ''
    put src/base/mem.c 'p = malloc(3);'
    put src/kernels/kernels.h ''
    put src/kernels/vec.h '#include "kernels/kernels.h"' '#include "base/par.h"'
    put src/net/layer.h '#include "base/err.h"' '#include "kernels/kernels.h"'
    put src/net/layer.c '#include "net/layer.h"' '#include "gen/layers.def"'
    put src/layers/shared/window.h '#include "base/err.h"'
    put src/layers/linear.c '#include "net/layer.h"' '#include "layers/shared/window.h"'
    put src/layers/tanh.c '/* printf("x"); exit(1); stdout' ' * malloc(1) */' 'e = "printf(";'
    put src/data/data.h '#include "base/err.h"'
    put src/train/job.h '#include "data/data.h"' '#include "net/layer.h"'
    put cli/cmd.h '#include "train/job.h"'
    put cli/main.c '#include "cmd.h"' 'int main(void) { printf("x"); exit(0); }'
    put tests/test_x.c '#include "net/layer.h"' 'printf("x");'
}

put() # FILE LINE..
{
    lib_file=$T/tree/$1
    shift
    printf '%s\n' "$@" >"$lib_file"
}

breach() # NAME PLACE TEXT: the tree as it is now has this breach; then it is clean again
{
    run scripts/lint_rules.sh "$T/tree"
    expect 1 "$1"
    expect_err "$2: $3" "$1: the place and the rule"
    tree
}

tree
run scripts/lint_rules.sh "$T/tree"
expect 0 'a clean tree passes'
expect_no_err '' 'without a word'

put src/base/err.h '#include "net/layer.h"'
breach 'base includes net' src/base/err.h:1 'src/base/ must not include "net/layer.h"'
put src/net/layer.h '#include "kernels/vec.h"'
breach 'net includes more than the table' src/net/layer.h:1 'src/net/ must not include "kernels/vec.h"'
put src/kernels/vec.h '' '#include "base/err.h"'
breach 'kernels include errors' src/kernels/vec.h:2 'src/kernels/ must not include "base/err.h"'
put src/data/data.h '# include "net/layer.h"'
breach 'data includes net' src/data/data.h:1 'src/data/ must not include "net/layer.h"'
put src/layers/tanh.h ''
put src/layers/linear.c '#include "layers/tanh.h"'
breach 'a layer includes a layer' src/layers/linear.c:1 'a layer includes another layer'
put src/layers/linear.c '#include "../net/layer.h"'
breach 'an include not from src' src/layers/linear.c:1 'includes "../net/layer.h", which is no file of src/'
put src/layers/linear.c '#include "layer.h"'
breach 'an include without a folder' src/layers/linear.c:1 'includes "layer.h", which is no file of src/'
put src/layers/linear.c '#include "gen/layers.def"'
breach 'a registry read elsewhere' src/layers/linear.c:1 'only net/ may include gen/layers.def'
mkdir "$T/tree/src/util"
put src/util/x.h ''
breach 'a new folder' src/util/x.h:1 'src/util/ is not a folder of the architecture'
put src/base/par.h '#include "base/err.h"'
put src/base/err.h '#include "base/par.h"'
run scripts/lint_rules.sh "$T/tree"
expect 1 'an include cycle'
expect_err 'include cycle' 'an include cycle is named'
tree
put src/net/layer.c 'x = &layer_tanh;'
breach 'net names a layer' src/net/layer.c:1 'src/net/ names a layer'
put src/net/layer.c 'layer_find("linear");'
breach 'net names a layer in a string' src/net/layer.c:1 'src/net/ names a layer'
put src/layers/linear.c '#pragma omp for'
breach 'a directive elsewhere' src/layers/linear.c:1 '#pragma omp stands in'
put src/layers/linear.c '#include <omp.h>'
breach 'omp.h elsewhere' src/layers/linear.c:1 '<omp.h> belongs in src/base/par.c'
put src/train/job.h '#include <zlib.h>'
breach 'zlib elsewhere' src/train/job.h:1 '<zlib.h> belongs in src/base/'
put src/train/job.h '/* a comment */ exit(1);'
breach 'an exit below cli' src/train/job.h:1 'only cli/ and src/base/log.c print'
put src/train/job.h 'x = "/*"; printf("x"); // "'
breach 'a printf below cli' src/train/job.h:1 'only cli/ and src/base/log.c print'
put src/train/job.h '/*' ' */ fputs("x", stderr);'
breach 'stderr below cli' src/train/job.h:2 'stdout and stderr belong'
put cli/main.c 'p = calloc(3, 4);'
breach 'memory from elsewhere' cli/main.c:1 'memory is allocated through base/mem.h'
put cli/main.c '/* TO''DO: more */'
breach 'unfinished work' cli/main.c:1 'unfinished work'

lines() # N
{
    awk -v n="$1" 'BEGIN { while (n-- > 0) print ";" }'
}

put src/net/layer.c "$(lines 501)"
breach 'a long file' src/net/layer.c '501 lines'
put src/net/layer.c 'int f(void)' '{' "$(lines 59)" '}'
breach 'a long function' src/net/layer.c:2 'a function of 61 lines'
put src/net/layer.c "$(lines 438)" 'int f(void)' '{' "$(lines 58)" '}'
run scripts/lint_rules.sh "$T/tree"
expect 0 'a file of 499 lines and a function of 60 pass'

rm -rf "$T/tree/src" "$T/tree/cli" "$T/tree/tests"
run scripts/lint_rules.sh "$T/tree"
expect 1 'an empty tree does not pass'
