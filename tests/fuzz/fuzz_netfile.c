/* libFuzzer target: any bytes as a network file, parsed, understood, and its graph built for inputs
 * of 2x3x4. The resolved file of what is accepted must be accepted again and resolve to itself. */
#include "base/mem.h"
#include "train/job.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Everything that a file says, but no data: a generator may be asked for a billion samples. */
struct understood {
    struct data_conf data;
    struct loss loss;
    struct optim optim;
    struct schedule schedule;
    struct train_conf train;
    struct net *net;
};

static const struct section *section(const struct netfile *nf, const char *type)
{
    return netfile_section(nf, type);
}

static void understand(struct understood *u, const struct netfile *nf, struct diag *d,
                       struct err *e)
{
    const struct opt_target train[] = {{train_opts, &u->train}};
    if (data_read_conf(&u->data, nf, section(nf, "data"), d, e) ||
        loss_read(&u->loss, nf, section(nf, "loss"), d, e) ||
        optim_read(&u->optim, nf, section(nf, "optimizer"), d, e) ||
        schedule_read(&u->schedule, nf, section(nf, "schedule"), d, e) ||
        opt_read(nf, section(nf, "train"), train, 1, d, e))
        abort();
    u->net = net_build(nf, (struct shape){2, 3, 4}, d, e);
    if (!u->net)
        abort();
}

static void forget(struct understood *u)
{
    net_free(u->net);
    optim_free(&u->optim);
    loss_free(&u->loss);
    data_free_conf(&u->data);
}

static void write_all(struct understood *u, struct text *t, struct err *e)
{
    const struct opt_target data[] = {{data_opts, &u->data}}, train[] = {{train_opts, &u->train}};
    if (opt_write(t, "data", "", data, 1, e) || net_write(u->net, t, e) ||
        loss_write(&u->loss, t, e) || optim_write(&u->optim, t, e) ||
        schedule_write(&u->schedule, t, e) || opt_write(t, "train", "", train, 1, e))
        abort();
}

/* Reads the text and writes it resolved; false if it is wrong. */
static bool resolve(const char *text, size_t n, struct text *out)
{
    struct diag d = {0};
    struct err e = {0};
    struct understood u = {0};
    struct netfile *nf = netfile_parse("fuzz", text, n, &d, &e);
    if (!nf)
        abort();
    understand(&u, nf, &d, &e);
    bool right = d.total == 0;
    if (right)
        write_all(&u, out, &e);
    diag_sort(&d);
    forget(&u);
    netfile_free(nf);
    return right;
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    size_t live = mem_live();
    struct text first = {0}, second = {0};
    if (resolve((const char *)p, n, &first)) {
        if (!resolve(first.s, first.n, &second) || first.n != second.n ||
            memcmp(first.s, second.s, first.n) != 0)
            abort();
    }
    mem_free(first.s);
    mem_free(second.s);
    if (mem_live() != live)
        abort();
    return 0;
}
