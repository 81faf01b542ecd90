/* cpu.c - which instruction sets are built in, which this processor has, and their tables. */
#include "kernels/fill.h"
#include "kernels/kernels.h"
#include "kernels/ref.h"

#include <pthread.h>
#include <string.h>

/* The compiler's check covers the operating system too: whether it saves the wide registers. */
static bool has_ref(void)
{
    return true;
}

#define X(set) static bool has_##set(void);
#include "gen/isas.def"
#undef X

#ifndef REAL_DOUBLE
static bool has_base(void)
{
    return true;
}

#ifdef __x86_64__
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}

static bool has_avx512(void)
{
    return has_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq");
}
#endif
#endif

/* The build lists the sets slowest first. */
#define X(set) #set,
const char *const kernels_names[] = {"ref",
#include "gen/isas.def"
                                     NULL};
#undef X

#define N_SETS (sizeof kernels_names / sizeof *kernels_names - 1)

#define X(set) has_##set,
static bool (*const supported[N_SETS])(void) = {
    has_ref,
#include "gen/isas.def"
};
#undef X

static void fill_ref(struct kernels *k)
{
    (void)k;
}

#define X(set)                                                                                     \
    static void fill_##set(struct kernels *k)                                                      \
    {                                                                                              \
        k->isa = #set;                                                                             \
        columns_fill_##set(k);                                                                     \
        conv_fill_##set(k);                                                                        \
        conv_weights_fill_##set(k);                                                                \
        curve_fill_##set(k);                                                                       \
        eltwise_fill_##set(k);                                                                     \
        matmul_fill_##set(k);                                                                      \
        peak_fill_##set(k);                                                                        \
        philox_fill_##set(k);                                                                      \
        pool_fill_##set(k);                                                                        \
        rows_fill_##set(k);                                                                        \
        update_fill_##set(k);                                                                      \
    }
#include "gen/isas.def"
#undef X

#define X(set) fill_##set,
static void (*const fill[N_SETS])(struct kernels *k) = {
    fill_ref,
#include "gen/isas.def"
};
#undef X

static struct kernels tables[N_SETS]; /* isa NULL: not filled yet */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* Filled when it is asked for: the functions that do it are compiled for the set, too, so they must
 * not run without it, and they lie all over its code, which is not to be read in for nothing. */
static const struct kernels *table(size_t i)
{
    pthread_mutex_lock(&lock);
    if (!tables[i].isa) {
        ref_fill(&tables[i]);
        fill[i](&tables[i]);
    }
    pthread_mutex_unlock(&lock);
    return &tables[i];
}

bool kernels_supported(const char *isa)
{
    for (size_t i = 0; i < N_SETS; i++)
        if (strcmp(isa, kernels_names[i]) == 0)
            return supported[i]();
    return false;
}

const struct kernels *kernels_get(const char *isa)
{
    bool best = !isa || strcmp(isa, "auto") == 0;
    for (size_t i = N_SETS; i-- > 0;)
        if ((best || strcmp(isa, kernels_names[i]) == 0) && supported[i]())
            return table(i);
    return NULL;
}
