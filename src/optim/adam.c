/* adam.c - Adam; weight decay is added to the gradient (L2 regularisation). */
#include "optim/shared/adam_family.h"

const struct optim_ops optim_adam = {
    .name = "adam",
    .help = "steps scaled by running means of gradients and their squares",
    .lr_default = "0.001",
    .weight_decay_default = "0",
    .opts = adam_family_opts,
    .conf_size = sizeof(struct adam_conf),
    .n_slots = 2,
    .slot_name = {"exp_avg", "exp_avg_sq"},
    .begin = adam_family_begin,
    .rule = UPDATE_ADAM,
};
