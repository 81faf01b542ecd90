/* pool_window.h - which taps of a window are inside, which windows have an input. */
#ifndef KERNELS_POOL_WINDOW_H
#define KERNELS_POOL_WINDOW_H

/* Numbers lo .. hi - 1. */
struct span {
    int lo, hi;
};

/* Taps of window o that are inside of `size` inputs. */
static inline struct span pool_taps(int o, int k, int stride, int pad, int size)
{
    int first = o * stride - pad;
    return (struct span){first < 0 ? -first : 0, size - first < k ? size - first : k};
}

/* Those of `windows` windows that have input i. */
static inline struct span pool_windows(int i, int k, int stride, int pad, int windows)
{
    int lo = i + pad - k + stride, hi = (i + pad) / stride + 1;
    return (struct span){lo > 0 ? lo / stride : 0, hi < windows ? hi : windows};
}

#endif
