/* adamw.c - Adam with weight decay apart from the gradient (Loshchilov and Hutter 2019):
 * w *= 1 - lr weight_decay before Adam's step. */
#include "optim/shared/adam_family.h"

static void adamw_begin(const struct optim *o, uint64_t t, double lr, struct update *u)
{
    adam_family_begin(o, t, lr, u);
    u->decoupled = true;
}

const struct optim_ops optim_adamw = {
    .name = "adamw",
    .help = "adam with weight decay apart from the gradient",
    .lr_default = "0.001",
    .weight_decay_default = "0.01",
    .opts = adam_family_opts,
    .conf_size = sizeof(struct adam_conf),
    .n_slots = 2,
    .slot_name = {"exp_avg", "exp_avg_sq"},
    .begin = adamw_begin,
    .rule = UPDATE_ADAM,
};
