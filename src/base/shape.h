/* shape.h - the shape of one sample.
 *
 * A vector is {k,1,1}, a sequence {c,1,w}, an image {c,h,w}. In memory a sample is h, w, c
 * (channels last); everything outside the process is c, h, w. */
#ifndef BASE_SHAPE_H
#define BASE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>

struct shape {
    int c, h, w;
};

static inline size_t shape_size(struct shape s)
{
    return (size_t)s.c * (size_t)s.h * (size_t)s.w;
}

static inline bool shape_equal(struct shape a, struct shape b)
{
    return a.c == b.c && a.h == b.h && a.w == b.w;
}

static inline bool shape_is_vector(struct shape s)
{
    return s.h == 1 && s.w == 1;
}

/* Whether channels-last and channels-first order of a sample are the same. */
static inline bool shape_is_plain(struct shape s)
{
    return s.c == 1 || (s.h == 1 && s.w == 1);
}

#define SHAPE_TEXT 40

/* "256", "16x100" (c x w), "3x32x32"; out has SHAPE_TEXT bytes. Returns out. */
const char *shape_text(struct shape s, char *out);

#endif
