/* par.c - the team.
 *
 * DESIGN. A barrier has one counter of arrivals and one number of rounds. The last to arrive resets
 * the counter and raises the round; the others watch the round, first spinning, then asleep on a
 * condition variable. A sleeper registers before it checks the round again under the lock, and the
 * last one takes the lock to wake only where somebody registered, so that the common case costs two
 * atomic operations. Threads out of use sleep on a condition variable of their own and are not
 * counted; the last to arrive at a barrier changes how many are in use. */
#include "base/par.h"

#include "base/mem.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* A barrier spins for SPIN_NS; where that is little of the time since a thread last waited longer,
 * for a SPIN_SHARE-th of it, up to SPIN_MOST: going to sleep and waking takes longer than most
 * waits. */
#define SPIN_NS    20000
#define SPIN_MOST  200000
#define SPIN_SHARE 16

struct team {
    int asked, nt;
    _Alignas(64) atomic_int arrived;
    _Alignas(64)
        atomic_uint state; /* round and threads in use, in one: nobody sees half a change */
    atomic_int sleepers;
    int next; /* those from the next barrier on */
    pthread_mutex_t lock;
    pthread_cond_t wake, use;
    struct par_queue queue[PAR_MAX];
    int64_t waited[PAR_MAX]; /* by each thread: when it last waited longer than SPIN_NS */
};

static int default_threads; /* 0: the processors */

#define USE_BITS 9 /* of PAR_MAX */

static int in_use(unsigned state)
{
    return (int)(state & ((1u << USE_BITS) - 1));
}

static unsigned round_of(unsigned state)
{
    return state >> USE_BITS;
}

int par_default(void)
{
#ifdef _OPENMP
    int n = default_threads ? default_threads : omp_get_num_procs();
    return n < 1 ? 1 : n > PAR_MAX ? PAR_MAX : n;
#else
    return 1;
#endif
}

void par_set_default(int nt)
{
    default_threads = nt;
}

struct team *team_new(int nt, struct err *e)
{
    struct team *t = mem_alloc(1, sizeof *t, e);
    if (!t)
        return NULL;
#ifdef _OPENMP
    t->asked = nt < 1 ? 1 : nt > PAR_MAX ? PAR_MAX : nt;
#else
    (void)nt;
    t->asked = 1;
#endif
    t->nt = t->asked;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    pthread_cond_init(&t->use, NULL);
    return t;
}

void team_free(struct team *t)
{
    if (!t)
        return;
    pthread_cond_destroy(&t->wake);
    pthread_cond_destroy(&t->use);
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}

struct par_queue *team_queues(struct team *t)
{
    return t->queue;
}

int team_size(const struct team *t)
{
    return t->nt;
}

void team_run(struct team *t, void (*fn)(void *arg, int tid, int nt), void *arg)
{
    atomic_store(&t->state, (unsigned)(t->next = t->asked));
    if (t->asked == 1) {
        fn(arg, 0, 1);
        return;
    }
#ifdef _OPENMP
#pragma omp parallel num_threads(t->asked)
    {
        if (omp_get_thread_num() == 0)
            atomic_store(&t->state, (unsigned)(t->next = t->nt = omp_get_num_threads()));
#pragma omp barrier
        fn(arg, omp_get_thread_num(), omp_get_num_threads());
    }
#endif
}

void par_for(size_t n, size_t grain, void (*fn)(void *arg, size_t lo, size_t hi), void *arg)
{
    int nt = par_default();
    if (n / grain < (size_t)nt)
        nt = (int)(n / grain);
    if (nt <= 1) {
        fn(arg, 0, n);
        return;
    }
#ifdef _OPENMP
#pragma omp parallel num_threads(nt)
    {
        size_t lo, hi;
        par_range(n, 1, omp_get_thread_num(), omp_get_num_threads(), &lo, &hi);
        fn(arg, lo, hi);
    }
#endif
}

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ __volatile__("yield");
#endif
}

static int64_t now_ns(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void sleep_until_after(struct team *t, unsigned round)
{
    pthread_mutex_lock(&t->lock);
    atomic_fetch_add(&t->sleepers, 1);
    while (round_of(atomic_load(&t->state)) == round)
        pthread_cond_wait(&t->wake, &t->lock);
    atomic_fetch_sub(&t->sleepers, 1);
    pthread_mutex_unlock(&t->lock);
}

int team_active(const struct team *t)
{
    return in_use(atomic_load_explicit(&t->state, memory_order_acquire));
}

void team_use(struct team *t, int n)
{
    t->next = n < 1 ? 1 : n > t->nt ? t->nt : n;
}

/* The last to arrive lets the others go. */
static void release(struct team *t, unsigned state)
{
    int next = t->next;
    unsigned after = (round_of(state) + 1) << USE_BITS | (unsigned)next;
    atomic_store_explicit(&t->arrived, 0, memory_order_relaxed);
    if (next > in_use(state)) {
        pthread_mutex_lock(&t->lock);
        atomic_store(&t->state, after);
        pthread_cond_broadcast(&t->use);
        pthread_mutex_unlock(&t->lock);
    } else {
        atomic_store(&t->state, after);
    }
    if (atomic_load(&t->sleepers)) {
        pthread_mutex_lock(&t->lock);
        pthread_cond_broadcast(&t->wake);
        pthread_mutex_unlock(&t->lock);
    }
}

/* Asleep until thread tid is in use. */
static void rest(struct team *t, int tid)
{
    if (team_active(t) > tid)
        return;
    pthread_mutex_lock(&t->lock);
    while (team_active(t) <= tid)
        pthread_cond_wait(&t->use, &t->lock);
    pthread_mutex_unlock(&t->lock);
}

/* How long a thread spins that has worked for so long since its last long wait. */
static int64_t spin_ns(int64_t worked)
{
    int64_t share = worked / SPIN_SHARE;
    return share < SPIN_NS ? SPIN_NS : share > SPIN_MOST ? SPIN_MOST : share;
}

static void wait_for_others(struct team *t, int tid, unsigned round)
{
    int64_t start = 0, most = 0, now = 0;
    for (unsigned spin = 0; now - start <= most; spin++) {
        if (round_of(atomic_load_explicit(&t->state, memory_order_acquire)) != round)
            return;
        relax();
        if (spin % 64 != 63) /* reading the clock now and then is enough */
            continue;
        now = now_ns();
        if (start == 0) {
            start = now;
            most = spin_ns(start - t->waited[tid]);
        } else if (now - start > SPIN_NS) {
            t->waited[tid] = now;
        }
    }
    sleep_until_after(t, round);
    t->waited[tid] = now_ns();
}

bool team_barrier(struct team *t, int tid)
{
    if (t->nt == 1)
        return false;
    unsigned state = atomic_load_explicit(&t->state, memory_order_acquire), round = round_of(state);
    if (in_use(state) == 1 && t->next == 1)
        return false;
    if (atomic_fetch_add_explicit(&t->arrived, 1, memory_order_acq_rel) == in_use(state) - 1)
        release(t, state);
    else
        wait_for_others(t, tid, round);
    rest(t, tid);
    /* a thread in use misses no round; one out of use may even have slept through all of it */
    return round_of(atomic_load(&t->state)) != (round + 1) % (1u << (32 - USE_BITS));
}
