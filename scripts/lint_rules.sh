#!/bin/sh
# Checks the rules of docs/ARCHITECTURE.md that a compiler does not know.
#
#   scripts/lint_rules.sh [ROOT]      ROOT: a tree to check instead of this one
#
# Who may include whom, no cycles, one place for threads, for printing, for memory and for each
# library, net that names no layer, short files and functions. Prints PLACE: RULE for each breach;
# exit code 1 if there is one.
set -u
cd "${1:-$(dirname "$0")/..}" || exit 2

# bench/peers stands on its own: it measures other libraries
# shellcheck disable=SC2016 # the dollars are awk's
find src cli bench tests -name '*.[ch]' ! -path 'bench/peers/*' 2>/dev/null | LC_ALL=C sort | xargs awk '
BEGIN {
    # what a folder of src/ may include besides itself: folders or single headers
    may["base"] = ""
    may["kernels"] = "base/real.h base/par.h"
    may["image"] = "base"
    may["data"] = "image base"
    may["net"] = "kernels/kernels.h base"
    may["layers"] = "net kernels base"
    may["losses"] = "net kernels base"
    may["optim"] = "net kernels base"
    may["train"] = "net losses data optim base"
    may["analysis"] = "kernels base"
    may["diynn.c"] = "diynn.h train net losses data optim kernels/kernels.h base"
    # who reads which registry list
    list["gen/layers.def"] = "net"
    list["gen/losses.def"] = "net losses"
    list["gen/optim.def"] = "optim"
    list["gen/formats.def"] = list["gen/generators.def"] = "data"
    list["gen/isas.def"] = "kernels"
    list["gen/commands.def"] = "cli"
    # where a library is known
    home["omp.h"] = "src/base/par.c"
    home["ini.h"] = "src/base/"
    home["zlib.h"] = "src/base/"
    home["bzlib.h"] = "src/base/"
    home["stb/stb_image.h"] = home["stb/stb_image_write.h"] = "src/image/"
    for (i = 1; i < ARGC; i++) {
        exists[ARGV[i]] = 1
        if (ARGV[i] ~ /^src\/layers\/[^\/]*\.c$/) {
            split(ARGV[i], part, /[\/.]/)
            layers = layers (layers == "" ? "" : "|") part[3]
        }
    }
}

function breach(line, rule)
{
    printf "%s:%d: %s\n", FILENAME, line, rule
    bad = 1
}

function has_word(words, word)
{
    return index(" " words " ", " " word " ") > 0
}

# Whether a line of C, comments gone, uses this name.
function uses(line, names)
{
    return line ~ ("(^|[^A-Za-z0-9_])(" names ")([^A-Za-z0-9_]|$)")
}

# Sets text (no comments) and code (no comments, strings emptied) of a line.
function strip(s,    rest, t)
{
    text = code = ""
    gsub(/\047\\?"\047/, "0", s)
    while (s != "") {
        if (in_comment) {
            if (!(t = index(s, "*/")))
                return
            in_comment = 0
            s = substr(s, t + 2)
        } else if (match(s, /\/\*|\/\/|"/)) {
            text = text substr(s, 1, RSTART - 1)
            code = code substr(s, 1, RSTART - 1)
            t = substr(s, RSTART, RLENGTH)
            rest = substr(s, RSTART + RLENGTH)
            if (t == "//")
                return
            if (t == "/*") {
                in_comment = 1
            } else {
                match(rest, /^([^"\\]|\\.)*"/)
                text = text "\"" substr(rest, 1, RLENGTH)
                code = code "\"\""
                rest = RLENGTH < 0 ? "" : substr(rest, RLENGTH + 1)
            }
            s = rest
        } else {
            text = text s
            code = code s
            return
        }
    }
}

# The rules of #include "NAME".
function check_include(name,    to, file)
{
    if (name ~ /^gen\//) {
        if (!(name in list) || !has_word(list[name], folder))
            breach(FNR, "only " list[name] "/ may include " name)
        return
    }
    file = name
    if (top == "src" || exists["src/" name])
        file = "src/" name
    else if (exists[top "/" name])
        file = top "/" name
    if (!exists[file]) {
        breach(FNR, "includes \"" name "\", which is no file of " top "/: write it from src/")
        return
    }
    edges[FILENAME] = edges[FILENAME] " " file
    if (top != "src")
        return
    to = name
    sub(/\/.*/, "", to)
    if (folder == "layers" && to == "layers" && name !~ /^layers\/shared\//)
        breach(FNR, "a layer includes another layer: \"" name "\"")
    if (to != folder && !has_word(may[folder], to) && !has_word(may[folder], name))
        breach(FNR, "src/" folder "/ must not include \"" name "\"")
}

FNR == 1 {
    in_comment = 0
    body = 0
    split(FILENAME, path, "/")
    top = path[1]
    folder = top == "src" ? path[2] : top
    if (top == "src" && !(folder in may) && folder != "diynn.h")
        breach(1, "src/" folder "/ is not a folder of the architecture")
}

{
    strip($0)
    lines[FILENAME] = FNR
}

/^#[ \t]*include[ \t]*"/ {
    split($0, quoted, "\"")
    check_include(quoted[2])
}

/^#[ \t]*include[ \t]*</ {
    split($0, quoted, /[<>]/)
    if (top != "tests" && (quoted[2] in home) && index(FILENAME, home[quoted[2]]) != 1)
        breach(FNR, "<" quoted[2] "> belongs in " home[quoted[2]])
}

code ~ /#[ \t]*pragma[ \t]+omp/ && FILENAME != "src/base/par.c" {
    breach(FNR, "#pragma omp stands in src/base/par.c alone")
}

top == "src" && FILENAME != "src/base/log.c" {
    if (uses(code, "stdout|stderr"))
        breach(FNR, "stdout and stderr belong to cli/ and src/base/log.c")
    if (code ~ /(^|[^A-Za-z0-9_])(v?printf|puts|putchar|perror|_?exit|abort)[ \t]*\(/)
        breach(FNR, "only cli/ and src/base/log.c print, only cli/ exits")
}

top != "tests" && FILENAME != "src/base/mem.c" {
    if (code ~ /(^|[^A-Za-z0-9_])(malloc|calloc|realloc|aligned_alloc|v?asprintf|strn?dup)[ \t]*\(/)
        breach(FNR, "memory is allocated through base/mem.h")
}

folder == "net" && layers != "" {
    if (uses(code, "layer_(" layers ")") || text ~ ("\"(" layers ")\""))
        breach(FNR, "src/net/ names a layer")
}

/(^|[^A-Za-z])(TODO|FIXME|XXX)([^A-Za-z]|$)/ {
    breach(FNR, "unfinished work is not left in the tree")
}

# clang-format puts the braces of a function, and of nothing else, alone in the first column
/^\{$/ {
    body = FNR
}
/^\}/ && body {
    if (FNR - body + 1 > 60)
        breach(body, "a function of " (FNR - body + 1) " lines (at most 60)")
    body = 0
}

# Depth first; state 1: on the way, 2: done.
function visit(file,    to, n, i)
{
    state[file] = 1
    n = split(edges[file], to, " ")
    for (i = 1; i <= n; i++) {
        if (state[to[i]] == 1) {
            printf "%s: include cycle through %s\n", file, to[i]
            bad = 1
        } else if (!state[to[i]]) {
            visit(to[i])
        }
    }
    state[file] = 2
}

END {
    for (f in lines) {
        if (lines[f] > 500) {
            printf "%s: %d lines (at most 500)\n", f, lines[f]
            bad = 1
        }
    }
    for (f in edges)
        if (!state[f])
            visit(f)
    if (!NR) {
        print "no source files"
        bad = 1
    }
    exit bad
}' >&2 || exit 1
