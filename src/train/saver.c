/* saver.c - net.ini and checkpoints are written by a thread of their own, for a disk may take
 * longer than a short training.
 *
 * The order is log, best, last: whatever is on the disk when the machine stops, `last` never speaks
 * of a row or a best that is not there. */
#include "train/saver.h"

#include "base/mem.h"

#include <pthread.h>
#include <signal.h>

struct saver {
    char *net_path, *last_path, *best_path;
    struct runlog *log;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t change;
    bool started, asked, quit; /* asked: a request waits or is being written */
    struct blob net, best, last;
    struct err failure;
};

static void write_request(struct saver *s, struct err *e)
{
    if (s->net.data) {
        io_write_atomic(s->net_path, &s->net, 1, e);
        blob_free(&s->net);
        return;
    }
    if (runlog_sync(s->log, e))
        return;
    if (s->best.data && io_write_atomic(s->best_path, &s->best, 1, e))
        return;
    io_write_atomic(s->last_path, &s->last, 1, e);
}

static void *work(void *arg)
{
    struct saver *s = arg;
    pthread_mutex_lock(&s->lock);
    for (;;) {
        while (!s->asked && !s->quit)
            pthread_cond_wait(&s->change, &s->lock);
        if (!s->asked)
            break;
        pthread_mutex_unlock(&s->lock);
        struct err e = {0};
        write_request(s, &e);
        blob_free(&s->best);
        pthread_mutex_lock(&s->lock);
        if (e.kind)
            s->failure = e;
        s->asked = false;
        pthread_cond_broadcast(&s->change);
    }
    pthread_mutex_unlock(&s->lock);
    return NULL;
}

struct saver *saver_open(const char *dir, struct runlog *log, struct blob *net, struct err *e)
{
    struct saver *s = mem_alloc(1, sizeof *s, e);
    if (!s)
        return NULL;
    s->log = log;
    s->net = *net;
    *net = (struct blob){0};
    s->asked = true;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->change, NULL);
    s->net_path = mem_printf(e, "%s/net.ini", dir);
    s->last_path = mem_printf(e, "%s/last.safetensors", dir);
    s->best_path = mem_printf(e, "%s/best.safetensors", dir);
    if (!s->net_path || !s->last_path || !s->best_path)
        goto fail;
    sigset_t all, old; /* signals are for the training thread */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &old);
    int r = pthread_create(&s->thread, NULL, work, s);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (r) {
        err_set(e, ERR_INTERNAL, "cannot start the thread that writes checkpoints");
        goto fail;
    }
    s->started = true;
    return s;
fail:
    saver_close(s);
    return NULL;
}

bool saver_busy(struct saver *s)
{
    pthread_mutex_lock(&s->lock);
    bool busy = s->asked;
    pthread_mutex_unlock(&s->lock);
    return busy;
}

/* With the lock held: until idle, then the failure if there was one. */
static int settle(struct saver *s, struct err *e)
{
    while (s->asked)
        pthread_cond_wait(&s->change, &s->lock);
    if (!s->failure.kind)
        return 0;
    if (!e->kind)
        *e = s->failure;
    return -1;
}

int saver_submit(struct saver *s, struct blob *best, const struct blob *last, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    int r = settle(s, e);
    if (r == 0) {
        s->best = *best;
        *best = (struct blob){0};
        s->last = *last;
        s->asked = true;
        pthread_cond_broadcast(&s->change);
    }
    pthread_mutex_unlock(&s->lock);
    return r;
}

int saver_wait(struct saver *s, struct err *e)
{
    pthread_mutex_lock(&s->lock);
    int r = settle(s, e);
    pthread_mutex_unlock(&s->lock);
    return r;
}

void saver_close(struct saver *s)
{
    if (!s)
        return;
    if (s->started) {
        pthread_mutex_lock(&s->lock);
        s->quit = true;
        pthread_cond_broadcast(&s->change);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
    }
    blob_free(&s->net);
    blob_free(&s->best);
    pthread_cond_destroy(&s->change);
    pthread_mutex_destroy(&s->lock);
    mem_free(s->net_path);
    mem_free(s->last_path);
    mem_free(s->best_path);
    mem_free(s);
}
