/* tuner.c - a choice of threads by trial.
 *
 * Steps are counted in windows of some milliseconds. Behind each, the choice with the best rate
 * known goes on. Every now and then another one is tried for one window; the longer it has not
 * paid, and the more a trial costs, the rarer: in a training of a few long steps never. */
#include "train/tuner.h"

#define WINDOW    2e-3 /* seconds: longer than it takes to wake a thread */
#define PATIENCE  0.02 /* seconds, at first */
#define MOST      1.0  /* seconds, but for trials that take long: */
#define SHARE     64   /* a trial may take one part in so many of the time */
#define LONG      1e-2 /* seconds: windows of steps that no barrier makes slow */
#define MARGIN    1.03 /* what is not better by so much is not worth a change */
#define SMOOTHING 0.5

void tuner_start(struct tuner *t, int threads, double clock)
{
    *t = (struct tuner){.since = clock, .tried = clock, .patience = PATIENCE, .fresh = true};
    for (int k = threads; t->n < TUNER_CHOICES - 1 && k > 1; k /= 2)
        t->threads[t->n++] = k;
    t->threads[t->n++] = 1;
}

/* The choice of the best rate; `home` unless another is clearly better. */
static int best(const struct tuner *t)
{
    int b = t->home;
    for (int i = 0; i < t->n; i++)
        if (t->rate[i] > t->rate[b] * (b == t->home ? MARGIN : 1))
            b = i;
    return b;
}

/* A choice to be tried behind a window of `took` seconds: one never seen, at once unless steps are
 * long, or behind enough patience one next to home; or -1. */
static int trial(struct tuner *t, double took, double clock)
{
    double patience = took > LONG && t->patience < SHARE * took ? SHARE * took : t->patience;
    bool patient = clock - t->tried < patience;
    for (int i = 0; i < t->n && !(patient && took > LONG); i++)
        if (t->rate[i] <= 0)
            return i;
    if (patient)
        return -1;
    int fewer = t->home + 1;
    return t->home > 0 && (fewer == t->n || t->trials++ % 2) ? t->home - 1 : fewer;
}

/* Behind a window of `took` seconds: where to go on, and when to try again. */
static void settle(struct tuner *t, double took, double clock)
{
    int choice = best(t);
    if (t->now != t->home) {
        bool paid = choice == t->now;
        t->patience = paid ? PATIENCE : t->patience < MOST / 2 ? 2 * t->patience : MOST;
        if (t->patience < SHARE * took)
            t->patience = SHARE * took;
    } else if (choice != t->home) {
        t->patience = PATIENCE;
    } else {
        return;
    }
    t->tried = clock;
    t->home = choice;
}

int tuner_next(struct tuner *t, uint64_t samples, double clock)
{
    if (t->n == 1)
        return 1;
    if (t->fresh) {
        t->fresh = false;
        t->since = clock;
        t->samples = 0;
        return t->threads[t->now];
    }
    t->samples += samples;
    double took = clock - t->since;
    if (took < WINDOW)
        return t->threads[t->now];
    double rate = (double)t->samples / took, *known = &t->rate[t->now];
    *known = t->now != t->home || *known <= 0 ? rate : SMOOTHING * *known + (1 - SMOOTHING) * rate;
    settle(t, took, clock);
    int next = trial(t, took, clock);
    if (next < 0)
        next = t->home;
    t->fresh = next != t->now;
    t->now = next;
    t->since = clock;
    t->samples = 0;
    return t->threads[next];
}

void tuner_pause(struct tuner *t, double pause)
{
    t->since += pause;
}
