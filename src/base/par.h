/* par.h - one team of threads per run, its barrier, and queues of work that threads share.
 *
 * All threads of a team execute the same functions (SPMD) and split work by their number `tid` of
 * `nt`. The barrier spins for 20 microseconds, or 200 where threads seldom wait so long, and then
 * sleeps, so that a busy machine does not collapse. The only OpenMP directive of the project stands
 * in par.c; without OpenMP a team has one thread. */
#ifndef BASE_PAR_H
#define BASE_PAR_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAR_MAX 256 /* most threads in a team */

struct team;

/* Threads that are used where nobody says how many: the processors that this process may use (1
 * without OpenMP), or what par_set_default has set (0: the processors again). */
int par_default(void);
void par_set_default(int nt);

/* Without a team: runs fn(arg, lo, hi) on parts of 0 .. n of at least `grain` (> 0), at once by up
 * to par_default() threads; returns when all have ended. */
void par_for(size_t n, size_t grain, void (*fn)(void *arg, size_t lo, size_t hi), void *arg);

/* A team of nt threads (1 .. PAR_MAX; 1 without OpenMP, whatever is asked). Free with team_free. */
struct team *team_new(int nt, struct err *e);
void team_free(struct team *t);

int team_size(const struct team *t);

/* Runs fn(arg, tid, nt) on every thread; returns when all have. Not from inside itself. Where the
 * system grants fewer threads, nt is what it granted. */
void team_run(struct team *t, void (*fn)(void *arg, int tid, int nt), void *arg);

/* Inside team_run: returns when every thread in use has called it; what was written before is seen
 * after. true: the thread was out of use meanwhile (team_use). */
bool team_barrier(struct team *t, int tid);

/* Threads in use: all of them when team_run starts. */
int team_active(const struct team *t);

/* Inside team_run, by one thread between two barriers: from the next barrier on, threads 0 .. n-1
 * are in use. Those from n on stay asleep in that barrier until another one, at the same place of
 * the program, puts them in use again; all must be before the function that team_run runs returns.
 */
void team_use(struct team *t, int n);

/* Pieces of one thread's work, 0 .. n-1. It takes them from the front, and threads that have
 * nothing else to do from the back, so that all end together though one is slower. */
struct par_queue {
    _Alignas(64) _Atomic uint64_t left; /* 16 bits of a round, 24 of the first piece left, 24 of the
                                           one behind the last */
    const void *_Atomic work;
};
#define PAR_PIECES ((1 << 24) - 1) /* most pieces */

/* A queue for each thread of a team, the team's. */
struct par_queue *team_queues(struct team *t);

/* By the queue's thread, once the last opening's pieces are taken: there are n pieces of `work`, a
 * name that all threads know. What this thread has written so far is seen by those who take one. */
static inline void par_queue_open(struct par_queue *q, const void *work, int n)
{
    uint64_t round = (atomic_load_explicit(&q->left, memory_order_relaxed) >> 48) + 1;
    atomic_store_explicit(&q->work, work, memory_order_relaxed);
    atomic_store_explicit(&q->left, round << 48 | (uint64_t)n, memory_order_release);
}

static inline uint64_t par_queue_length(uint64_t left)
{
    return (left & PAR_PIECES) - (left >> 24 & PAR_PIECES);
}

/* By the queue's thread: how many of the next pieces are its own, at most `most`. If none is, the
 * rest is others'. */
static inline int par_queue_take(struct par_queue *q, int most)
{
    uint64_t left = atomic_load_explicit(&q->left, memory_order_relaxed), n;
    do {
        n = par_queue_length(left);
        n = n < (uint64_t)most ? n : (uint64_t)most;
    } while (n > 0 &&
             !atomic_compare_exchange_weak_explicit(&q->left, &left, left + (n << 24),
                                                    memory_order_relaxed, memory_order_relaxed));
    return (int)n;
}

/* By another thread that is at `work`: the number of the last piece left, or -1. Where the queue's
 * thread is at other work by now, nothing of this one was left. */
static inline int par_queue_steal(struct par_queue *q, const void *work)
{
    uint64_t left = atomic_load_explicit(&q->left, memory_order_acquire);
    while (par_queue_length(left) > 0 &&
           atomic_load_explicit(&q->work, memory_order_relaxed) == work)
        if (atomic_compare_exchange_weak_explicit(&q->left, &left, left - 1, memory_order_acquire,
                                                  memory_order_acquire))
            return (int)(left & PAR_PIECES) - 1;
    return -1;
}

/* The part [*lo, *hi) of 0 .. n that thread tid of nt takes, in multiples of `grain` (> 0). Parts
 * differ by at most one grain. */
static inline void par_range(size_t n, size_t grain, int tid, int nt, size_t *lo, size_t *hi)
{
    size_t pieces = (n + grain - 1) / grain;
    *lo = pieces * (size_t)tid / (size_t)nt * grain;
    *hi = pieces * ((size_t)tid + 1) / (size_t)nt * grain;
    if (*lo > n)
        *lo = n;
    if (*hi > n)
        *hi = n;
}

#endif
