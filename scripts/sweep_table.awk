# Turns jobs and their logs into rows of a table, for scripts/sweep.sh. Input: a line "job", number,
# status, folder, assignments (parted by tabs), then, where the run is finished, its log.csv with
# "log," in front of every line. Output, comma-separated: four columns to sort by (group, value,
# loss, number), then the row.

function flush_job(   group, value, i, row, done)
{
    if (number == "")
        return
    done = status == "0" && best_loss != ""
    word = status == "0" ? (done ? "done" : "unranked") : status == "5" ? "diverged" : \
           status ~ /^[0-9]+$/ ? "failed" : status
    group = done ? 1 : word == "unranked" ? 2 : word == "diverged" ? 3 : word == "failed" ? 4 : 5
    value = done ? (best_acc != "" && !by_loss ? best_acc : -best_loss) : 0
    row = word "," best_acc "," best_loss "," test_acc "," test_loss "," epoch
    for (i = 1; i <= n_sets; i++)
        row = row "," set_value[i]
    printf "%d,%s,%s,%d,%s,%s\n", group, value, done ? best_loss : 0, number, row, folder
}

function header(   i, row)
{
    row = "status,validation_accuracy,validation_loss,test_accuracy,test_loss,epoch"
    for (i = 1; i <= n_sets; i++)
        row = row "," set_key[i]
    printf "0,0,0,0,%s,run\n", row
}

$1 == "job" {
    flush_job()
    number = $2
    status = $3
    folder = $4
    n_sets = NF - 4
    for (i = 1; i <= n_sets; i++) {
        eq = index($(i + 4), "=")
        set_key[i] = substr($(i + 4), 1, eq - 1)
        set_value[i] = substr($(i + 4), eq + 1)
    }
    if (!titled++)
        header()
    best_acc = best_loss = test_acc = test_loss = epoch = ""
    split("", at)
    next
}

# the log: the row that is best on validation; of equal accuracies the lower loss
{
    n = split($0, f, ",")
    if (!("epoch" in at)) {
        for (i = 2; i <= n; i++)
            at[f[i]] = i
        next
    }
    loss = f[at["val_loss"]]
    acc = f[at["val_accuracy"]]
    if (loss == "" || loss + 0 != loss + 0)
        next
    better = best_loss == "" || \
             (acc != "" && !by_loss ? acc + 0 > best_acc + 0 || \
                                      (acc + 0 == best_acc + 0 && loss + 0 < best_loss + 0) \
                                    : loss + 0 < best_loss + 0)
    if (better) {
        best_acc = acc
        best_loss = loss
        test_acc = f[at["test_accuracy"]]
        test_loss = f[at["test_loss"]]
        epoch = f[at["epoch"]]
    }
}

END { flush_job() }
