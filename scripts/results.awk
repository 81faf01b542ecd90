# Writes docs/RESULTS.md: awk -v folder=docs -f scripts/results.awk scripts/reproduce.tsv docs/results.csv
# A row of the table, the medians and ranges of its measures over the seeds, and a verdict.

function sort(v, n,    i, j, t)
{
    for (i = 2; i <= n; i++) {
        t = v[i]
        for (j = i - 1; j >= 1 && v[j] > t; j--)
            v[j + 1] = v[j]
        v[j + 1] = t
    }
}

function number(v)
{
    if (v == NEVER)
        return "never"
    return v == int(v) && v < 1e6 && v > -1e6 ? sprintf("%d", v) : sprintf("%.4g", v)
}

# Sets median[id, m]; returns "median (least .. most)".
function summary(id, m,    i, n, v, list, text)
{
    n = split(values[id, m], list, " ")
    if (n == 0)
        return "not run"
    split("", v)
    for (i = 1; i <= n; i++)
        v[i] = m ~ /^epochs_to/ && list[i] == 0 ? NEVER : list[i] + 0
    sort(v, n)
    median[id, m] = n % 2 ? v[(n + 1) / 2] : (v[n / 2] + v[n / 2 + 1]) / 2
    text = number(median[id, m])
    return n > 1 && v[1] != v[n] ? text " (" number(v[1]) " .. " number(v[n]) ")" : text
}

# The median of a measure, or the difference of two (a-b); "" where there is none.
function value(id, name,    part)
{
    if (split(name, part, "-") == 2) {
        if (!((id, part[1]) in median) || !((id, part[2]) in median))
            return ""
        return median[id, part[1]] - median[id, part[2]]
    }
    return (id, name) in median ? median[id, name] : ""
}

function verdict(id, expect, goal, silent,    i, n, list, at, bound, op, name, ok, v)
{
    if (expect == "-")
        return "no number in the document"
    n = split(expect, list, " ")
    for (i = list[1] == "wrong" ? 2 : 1; i <= n; i++) {
        at = match(list[i], /[<>]=/)
        name = substr(list[i], 1, at - 1)
        op = substr(list[i], at, 2)
        bound = substr(list[i], at + 2) + 0
        v = value(id, name)
        if (v == "")
            return "not run"
        ok = op == ">=" ? v >= bound : v <= bound
        if (!ok)
            return goal ? "**missed** (" list[i] ")" : "**not reproduced** (" list[i] ")"
    }
    if (list[1] == "wrong")
        return "the document is wrong"
    return goal ? "reached" : silent ? "as expected; no number in the document" : "reproduced"
}

function cell(s)
{
    gsub(/\|/, "\\|", s)
    gsub(/\*/, "\\*", s)
    return s
}

function exists(path,    line)
{
    if ((getline line <path) < 0)
        return 0
    close(path)
    return 1
}

BEGIN {
    FS = "\t"
    NEVER = 1e30 # an epoch that did not come
}

FNR == 1 { file++ }

file == 1 && !/^#/ && NF >= 9 {
    row[++rows] = $0
    if (!($2 in known)) {
        known[$2] = 1
        group[++groups] = $2
    }
}

file == 2 && FNR > 1 {
    split($0, f, ",")
    if (f[4] == "nan")
        failed[f[1]]++
    else
        values[f[1], f[3]] = values[f[1], f[3]] " " f[4]
    if (!seen[f[1], f[2]]++) {
        n_seeds[f[1]]++
        seconds[f[1]] = seconds[f[1]] " " f[5]
        values[f[1], "seconds"] = seconds[f[1]]
    }
}

END {
    print "# What diynn makes of the experiments of the course documents"
    print ""
    print "Written by `scripts/reproduce.sh` out of `scripts/reproduce.tsv` and `docs/results.csv`; not to be"
    print "edited by hand. Ours: median (least .. most) over the seeds, of which each makes other data (where a"
    print "generator makes them) and other first weights. Seconds: of one training, with everything around it, on"
    print "two busy cores. A row counts as reproduced when the medians meet what stands behind *wanted*."
    print ""
    print "The documents leave out many settings. Where one was found by trying what comes near to a reported"
    print "number, the row says so: such a row shows that the number can be had, not that it had to come out. The"
    print "bounds leave room below the reported numbers and were set after first trials of some seeds. The goals"
    print "(*best*) are another matter: their settings were chosen on validation or on data of other seeds,\nbut for what a row says."
    print ""
    print "`scripts/reproduce.sh ID` runs a row again."
    for (i = 1; i <= rows; i++) {
        split(row[i], f, "\t")
        n = split(f[6], m, " ")
        for (k = 1; k <= n; k++)
            text[f[1], m[k]] = summary(f[1], m[k])
        says[f[1]] = verdict(f[1], f[8], f[2] == "best", f[7] ~ /^-$|no number|figures? only|asks/)
        count[says[f[1]] ~ /^\*/ ? "not" : says[f[1]] ~ /no number/ ? "silent" : says[f[1]]]++
    }
    printf "\n%d rows: %d reproduced, %d not, %d where the document is wrong, %d without a number to hold them\nagainst; goals: %d reached; %d not run.\n",
        rows, count["reproduced"], count["not"], count["the document is wrong"], count["silent"],
        count["reached"], count["not run"]
    for (g = 1; g <= groups; g++) {
        printf "\n## %s\n\n| ID | experiment | reported | ours | seeds | s | verdict |\n|---|---|---|---|---|---|---|\n",
            group[g]
        notes = pictures = ""
        for (i = 1; i <= rows; i++) {
            split(row[i], f, "\t")
            if (f[2] != group[g])
                continue
            n = split(f[6], m, " ")
            ours = ""
            for (k = 1; k <= n; k++) {
                name = m[k]
                gsub(/_/, " ", name)
                sub(/(train|validation|test)\./, "& ", name)
                sub(/\. /, " ", name)
                ours = ours (k > 1 ? "<br>" : "") name " " text[f[1], m[k]]
            }
            if (failed[f[1]])
                ours = ours "<br>some seeds diverged"
            summary(f[1], "seconds")
            printf "| %s | %s | %s | %s | %d | %s | %s |\n", f[1], cell(f[3]), cell(f[7]), ours,
                n_seeds[f[1]], n_seeds[f[1]] ? number(median[f[1], "seconds"]) : "", says[f[1]]
            settings = f[5] == "-" ? "" : " with `" f[5] "`"
            wanted = f[8] == "-" ? "" : "; wanted: `" f[8] "`"
            notes = notes sprintf("- **%s** `%s`%s%s.%s\n", f[1], f[4], settings, wanted,
                f[10] == "-" || f[10] == "" ? "" : " " f[10])
            n = f[9] == "-" ? 0 : split(f[9], p, " ")
            for (k = 1; k <= n; k++) {
                name = f[1]
                gsub(/\//, "_", name)
                if (exists(folder "/pictures/" name "-" p[k] ".png"))
                    pictures = pictures sprintf("![%s: %s](pictures/%s-%s.png)\n", f[1], p[k], name, p[k])
            }
        }
        printf "\n%s", notes
        if (pictures != "")
            printf "\n%s", pictures
    }
}
