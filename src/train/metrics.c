/* metrics.c - the confusion matrix and what follows from it. */
#include "train/metrics.h"

#include "base/mem.h"

#include <math.h>

int confusion_new(struct confusion *c, int classes, struct err *e)
{
    *c = (struct confusion){.classes = classes};
    c->count = mem_alloc(mem_mul((size_t)classes, (size_t)classes), sizeof *c->count, e);
    c->rank = mem_alloc((size_t)classes, sizeof *c->rank, e);
    if (c->count && c->rank)
        return 0;
    confusion_free(c);
    return -1;
}

void confusion_free(struct confusion *c)
{
    mem_free(c->count);
    mem_free(c->rank);
    *c = (struct confusion){0};
}

/* How often class_ was true (a row of the matrix) and predicted (a column). */
static void sums(const struct confusion *c, int class_, double *truth, double *predicted)
{
    uint64_t row = 0, column = 0;
    size_t n = (size_t)c->classes, k = (size_t)class_;
    for (size_t i = 0; i < n; i++) {
        row += c->count[k * n + i];
        column += c->count[i * n + k];
    }
    *truth = (double)row;
    *predicted = (double)column;
}

static double right(const struct confusion *c, int class_)
{
    return (double)c->count[(size_t)class_ * (size_t)c->classes + (size_t)class_];
}

static double ratio(double a, double b)
{
    return b > 0 ? a / b : (double)NAN;
}

double confusion_precision(const struct confusion *c, int class_)
{
    double truth, predicted;
    sums(c, class_, &truth, &predicted);
    return ratio(right(c, class_), predicted);
}

double confusion_recall(const struct confusion *c, int class_)
{
    double truth, predicted;
    sums(c, class_, &truth, &predicted);
    return ratio(right(c, class_), truth);
}

double confusion_f1(const struct confusion *c, int class_)
{
    double truth, predicted;
    sums(c, class_, &truth, &predicted);
    return ratio(2 * right(c, class_), truth + predicted);
}

double confusion_top(const struct confusion *c, int k)
{
    uint64_t all = 0, top = 0;
    for (int i = 0; i < c->classes; i++) {
        all += c->rank[i];
        top += i < k ? c->rank[i] : 0;
    }
    return ratio((double)top, (double)all);
}
