/* peak.isa.c - as many multiply-adds as the processor can: the measure that kernels are held to. */
#include "kernels/fill.h"
#include "kernels/vec.h"

#define CHAINS 12 /* independent: more than latency times units */

static size_t fma_loop(size_t rounds, real *sink)
{
    vf a = v_set(sink[0]), b = v_set(sink[1]), acc[CHAINS];
    for (int i = 0; i < CHAINS; i++)
        acc[i] = v_set((float)i);
    for (size_t r = 0; r < rounds; r++)
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++)
            acc[i] = v_fma(acc[i], a, b);
    for (int i = 1; i < CHAINS; i++)
        acc[0] += acc[i];
    sink[0] = acc[0][0] + a[0];
    return rounds * CHAINS * VW * 2;
}

void ISA_NAME(peak_fill)(struct kernels *k)
{
    k->fma_loop = fma_loop;
}
