/* Tests of base/par.c: nobody passes a barrier early, whatever the number of threads and however
 * late some of them are; and parts cover their range. */
#include "base/par.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

struct shared {
    struct team *team;
    int rounds, late_every;
    long slot[2][PAR_MAX], at;
    atomic_int wrong, called;
};

static void pause_us(long us)
{
    nanosleep(&(struct timespec){.tv_nsec = us * 1000}, NULL);
}

/* Every thread writes its slot, waits, and reads those of the others. Two sets of slots take turns,
 * so that one barrier a round is enough, and missing one shows. */
static void count_rounds(void *arg, int tid, int nt)
{
    struct shared *s = arg;
    atomic_fetch_add(&s->called, 1);
    for (int round = 1; round <= s->rounds; round++) {
        if (s->late_every && round % s->late_every == tid % s->late_every)
            pause_us(100); /* longer than others spin */
        s->slot[round % 2][tid] = (long)round * (tid + 1);
        team_barrier(s->team, tid);
        for (int other = 0; other < nt; other++)
            if (s->slot[round % 2][other] != (long)round * (other + 1))
                atomic_fetch_add(&s->wrong, 1);
    }
}

static void run(int nt, int rounds, int late_every)
{
    struct err e = {0};
    static struct shared s;
    memset(&s, 0, sizeof s);
    s.team = team_new(nt, &e);
    s.rounds = rounds;
    s.late_every = late_every;
    assert_non_null(s.team);
    for (int again = 1; again <= 3; again++) { /* a team runs as often as one likes */
        team_run(s.team, count_rounds, &s);
        assert_int_equal(s.wrong, 0);
        assert_int_equal(s.called, again * team_size(s.team));
    }
    team_free(s.team);
}

/* Each round is done by as many threads as the last one decided; nobody misses or repeats one. */
static void change_use(void *arg, int tid, int nt)
{
    struct shared *s = arg;
    for (int round = 1; round <= s->rounds; round++) {
        int n = team_active(s->team);
        if (tid >= n)
            atomic_fetch_add(&s->wrong, 1);
        s->slot[round % 2][tid] = s->at;
        team_barrier(s->team, tid);
        for (int other = 0; other < n; other++)
            if (s->slot[round % 2][other] != s->at)
                atomic_fetch_add(&s->wrong, 1);
        team_barrier(s->team, tid);
        if (tid == 0) {
            s->at++;
            team_use(s->team, round + 1 >= s->rounds ? nt : 1 + (int)(s->at * 7 / 3 % nt));
        }
        team_barrier(s->team, tid);
        round = (int)s->at;
    }
}

static void use_changes(void **state)
{
    (void)state;
    for (int nt = 1; nt <= 5; nt++) {
        struct err e = {0};
        static struct shared s;
        memset(&s, 0, sizeof s);
        s.team = team_new(nt, &e);
        assert_non_null(s.team);
        s.rounds = 20000;
        team_run(s.team, change_use, &s);
        assert_int_equal(s.wrong, 0);
        assert_int_equal(s.at, s.rounds);
        team_free(s.team);
    }
}

static void barrier_holds(void **state)
{
    (void)state;
    for (int nt = 1; nt <= 4; nt++)
        run(nt, nt <= 2 ? 5000 : 500, 0);
}

static void late_threads_are_waited_for(void **state)
{
    (void)state;
    for (int nt = 2; nt <= 4; nt++)
        run(nt, 60, 7);
}

static void many_more_threads_than_processors(void **state)
{
    (void)state;
    run(16, 40, 0);
}

static void team_sizes(void **state)
{
    (void)state;
    struct err e = {0};
    static const int asked[] = {-3, 0, 1, 2, PAR_MAX, PAR_MAX + 1, 100000};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct team *t = team_new(asked[i], &e);
        assert_non_null(t);
#ifdef _OPENMP
        assert_int_equal(team_size(t), asked[i] < 1 ? 1 : asked[i] > PAR_MAX ? PAR_MAX : asked[i]);
#else
        assert_int_equal(team_size(t), 1);
#endif
        team_free(t);
    }
    team_free(NULL);
    assert_in_range(par_default(), 1, PAR_MAX);
}

static void ranges_cover(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 15, 16, 17, 100, 1000, 65537, (size_t)1 << 40};
    static const size_t grains[] = {1, 2, 16, 64, 100};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++)
        for (size_t g = 0; g < sizeof grains / sizeof *grains; g++)
            for (int nt = 1; nt <= 9; nt++) {
                size_t n = sizes[s], grain = grains[g], at = 0, most = 0, fewest = SIZE_MAX;
                for (int tid = 0; tid < nt; tid++) {
                    size_t lo, hi;
                    par_range(n, grain, tid, nt, &lo, &hi);
                    assert_true(lo == at && lo <= hi && hi <= n);
                    assert_true(hi == n || hi % grain == 0);
                    size_t pieces = (hi - lo + grain - 1) / grain;
                    most = pieces > most ? pieces : most;
                    fewest = pieces < fewest ? pieces : fewest;
                    at = hi;
                }
                assert_true(at == n && most - fewest <= 1);
            }
}

struct covered {
    atomic_int times[1000], calls;
};

static void cover(void *arg, size_t lo, size_t hi)
{
    struct covered *c = arg;
    atomic_fetch_add(&c->calls, 1);
    for (size_t i = lo; i < hi; i++)
        atomic_fetch_add(&c->times[i], 1);
}

static void parts_are_done_once(void **state)
{
    (void)state;
    for (int nt = 1; nt <= 5; nt++)
        for (size_t n = 0; n <= 1000; n += 37) {
            struct covered c = {0};
            par_set_default(nt);
            par_for(n, 100, cover, &c);
            for (size_t i = 0; i < 1000; i++)
                assert_int_equal(c.times[i], i < n);
            assert_true(c.calls <= nt && (c.calls == 1 || (size_t)c.calls * 100 <= n));
        }
    par_set_default(PAR_MAX + 1);
    assert_true(par_default() == PAR_MAX || par_default() == 1);
    par_set_default(0);
    assert_true(par_default() >= 1);
}

#define PIECES 40

struct queued {
    struct team *team;
    atomic_int done[PAR_MAX][PIECES]; /* how often */
    atomic_int stolen;
};

/* Rounds of other work each, some behind others without a barrier. Thread 0 is slow, so the others
 * help it. */
static void work_in_turns(void *arg, int tid, int nt)
{
    struct queued *s = arg;
    struct par_queue *q = team_queues(s->team);
    for (int round = 0; round < 30; round++) {
        const void *work = &s->done[0][round];
        par_queue_open(&q[tid], work, PIECES);
        if (round % 3 == 0)
            team_barrier(s->team, tid);
        for (int i = 0, n; (n = par_queue_take(&q[tid], 1 + round % 3)) > 0; i += n) {
            for (int k = i; k < i + n; k++)
                atomic_fetch_add(&s->done[tid][k], 1);
            if (tid == 0)
                pause_us(20);
        }
        for (int other = 0, k; other < nt; other++)
            while (other != tid && (k = par_queue_steal(&q[other], work)) >= 0) {
                atomic_fetch_add(&s->done[other][k], 1);
                atomic_fetch_add(&s->stolen, 1);
            }
    }
}

static void pieces_are_done_once(void **state)
{
    (void)state;
    for (int nt = 1; nt <= 4; nt++) {
        struct err e = {0};
        static struct queued s;
        memset(&s, 0, sizeof s);
        s.team = team_new(nt, &e);
        assert_non_null(s.team);
        team_run(s.team, work_in_turns, &s);
        for (int tid = 0; tid < team_size(s.team); tid++)
            for (int k = 0; k < PIECES; k++)
                assert_int_equal(s.done[tid][k], 30);
        assert_true(team_size(s.team) == 1 || s.stolen > 0);
        team_free(s.team);
    }
}

/* What one thread sees of another's queue. */
static void queues(void **state)
{
    (void)state;
    struct par_queue q = {0};
    int work, other;
    assert_int_equal(par_queue_steal(&q, NULL), -1);
    assert_int_equal(par_queue_take(&q, 5), 0);
    par_queue_open(&q, &work, PAR_PIECES);
    assert_int_equal(par_queue_steal(&q, &other), -1);
    assert_int_equal(par_queue_steal(&q, &work), PAR_PIECES - 1);
    assert_int_equal(par_queue_take(&q, 7), 7);
    assert_int_equal(par_queue_take(&q, PAR_PIECES), PAR_PIECES - 8);
    assert_int_equal(par_queue_take(&q, 1), 0);
    assert_int_equal(par_queue_steal(&q, &work), -1);
    for (long i = 0; i < 70000; i++) { /* rounds begin again */
        par_queue_open(&q, &other, 2);
        assert_int_equal(par_queue_steal(&q, &work), -1);
        assert_int_equal(par_queue_steal(&q, &other), 1);
        assert_int_equal(par_queue_take(&q, 2), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(barrier_holds),
        cmocka_unit_test(use_changes),
        cmocka_unit_test(late_threads_are_waited_for),
        cmocka_unit_test(many_more_threads_than_processors),
        cmocka_unit_test(team_sizes),
        cmocka_unit_test(ranges_cover),
        cmocka_unit_test(parts_are_done_once),
        cmocka_unit_test(pieces_are_done_once),
        cmocka_unit_test(queues),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
