/* work.c - what several commands do with network files and checkpoints. */
#include "work.h"

#include "base/io.h"

#include <string.h>

bool work_best_is_accuracy(const struct job *job)
{
    return job->train.metric == METRIC_AUTO ? job->classes > 0
                                            : job->train.metric == METRIC_ACCURACY;
}

int work_open_net(struct job *job, const char *path, const struct cmd_list *sets, struct call *c,
                  struct err *e)
{
    const struct job_source source = {
        .path = path, .sets = sets->v, .n_sets = (int)sets->n, .load_data = false};
    return job_open(job, &source, &c->diag, e);
}

bool work_is_trained(const char *path)
{
    static const char ending[] = ".safetensors";
    size_t n = strlen(path), m = sizeof ending - 1;
    return io_is_dir(path) || (n >= m && !strcmp(path + n - m, ending));
}
