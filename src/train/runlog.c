/* runlog.c - log.csv. */
#include "train/runlog.h"

#include "base/io.h"
#include "base/mem.h"
#include "base/opt.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define SIZE_LIMIT ((size_t)1 << 30)

static const char header[] = "epoch,step,lr,train_loss,train_accuracy,val_loss,val_accuracy,"
                             "test_loss,test_accuracy,seconds,samples_per_s\n";
#define COLUMNS 11

struct runlog {
    char *path;
    int fd;
};

static int write_text(struct runlog *l, const char *s, size_t n, struct err *e)
{
    while (n > 0) {
        ssize_t w = write(l->fd, s, n);
        if (w < 0 && errno == EINTR)
            continue;
        if (w < 0)
            return err_errno(e, ERR_INTERNAL, "cannot write %s", l->path);
        s += w;
        n -= (size_t)w;
    }
    return 0;
}

/* The step of a row of n bytes; false where it is none. */
static bool row_step(const char *s, size_t n, uint64_t *step)
{
    int column = 0;
    *step = 0;
    for (size_t i = 0; i < n; i++) {
        bool digit = s[i] >= '0' && s[i] <= '9';
        if (s[i] == ',')
            column++;
        else if (!digit && (column < 2 || !strchr("+-.einf", s[i]) || s[i] == '\0'))
            return false;
        if (column == 1 && digit &&
            (__builtin_mul_overflow(*step, 10u, step) ||
             __builtin_add_overflow(*step, (unsigned)(s[i] - '0'), step)))
            return false;
    }
    return column == COLUMNS - 1;
}

/* How many bytes of an old log stay. */
static int find_end(const char *path, const struct blob *b, uint64_t step, size_t *end,
                    struct err *e)
{
    size_t n = sizeof header - 1;
    *end = 0;
    if (b->size < n && memcmp(b->data, header, b->size) == 0)
        return 0;
    if (b->size < n || memcmp(b->data, header, n) != 0)
        return err_set(e, ERR_DATA, "%s: not the log of a training", path);
    for (int line = 2; n < b->size; line++) {
        const char *s = b->data + n, *stop = memchr(s, '\n', b->size - n);
        uint64_t at;
        if (!stop)
            break;
        if (!row_step(s, (size_t)(stop - s), &at))
            return err_set(e, ERR_DATA, "%s:%d: not a row of a training's log", path, line);
        if (at > step)
            break;
        n = (size_t)(stop - b->data) + 1;
    }
    *end = n;
    return 0;
}

struct runlog *runlog_open(const char *dir, bool fresh, uint64_t step, struct err *e)
{
    struct blob old = {0};
    size_t end = 0;
    struct runlog *l = mem_alloc(1, sizeof *l, e);
    if (!l)
        return NULL;
    l->fd = -1;
    l->path = mem_printf(e, "%s/log.csv", dir);
    if (!l->path)
        goto fail;
    if (!fresh && io_exists(l->path) &&
        (io_read(l->path, SIZE_LIMIT, ERR_DATA, &old, e) < 0 ||
         find_end(l->path, &old, step, &end, e) < 0))
        goto fail;
    l->fd = open(l->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NONBLOCK, 0666);
    if (l->fd < 0 || ftruncate(l->fd, (off_t)end) < 0) {
        err_errno(e, ERR_INTERNAL, "cannot write %s", l->path);
        goto fail;
    }
    if (end == 0 && write_text(l, header, sizeof header - 1, e) < 0)
        goto fail;
    blob_free(&old);
    return l;
fail:
    blob_free(&old);
    runlog_close(l);
    return NULL;
}

/* ",NUMBER", or "," for NaN. */
static int add_number(char *out, size_t size, double v)
{
    static const struct opt number = {.name = "number", .type = OPT_FLOAT};
    out[0] = ',';
    out[1] = '\0';
    if (isinf(v))
        return snprintf(out, size, v > 0 ? ",inf" : ",-inf");
    return isnan(v) ? 1 : 1 + opt_print(&number, &v, out + 1, size - 1);
}

int runlog_add(struct runlog *l, const struct runlog_row *row, struct err *e)
{
    const double v[] = {row->lr,         row->train_loss, row->train_metric, row->val_loss,
                        row->val_metric, row->test_loss,  row->test_metric};
    char s[512];
    int n = snprintf(s, sizeof s, "%llu,%llu", (unsigned long long)row->epoch,
                     (unsigned long long)row->step);
    for (size_t i = 0; i < sizeof v / sizeof *v; i++)
        n += add_number(s + n, sizeof s - (size_t)n, v[i]);
    /* whole milliseconds, so that no locale's decimal point gets in */
    long long ms = row->seconds > 0 ? llround(fmin(row->seconds, 1e12) * 1e3) : 0;
    long long rate = row->samples_per_s > 0 ? llround(fmin(row->samples_per_s, 1e15)) : 0;
    n += snprintf(s + n, sizeof s - (size_t)n, ",%lld.%03lld,%lld\n", ms / 1000, ms % 1000, rate);
    return write_text(l, s, (size_t)n, e);
}

int runlog_sync(struct runlog *l, struct err *e)
{
    return fsync(l->fd) < 0 ? err_errno(e, ERR_INTERNAL, "cannot write %s to the disk", l->path)
                            : 0;
}

void runlog_close(struct runlog *l)
{
    if (!l)
        return;
    if (l->fd >= 0)
        close(l->fd);
    mem_free(l->path);
    mem_free(l);
}
