/* geometry.c - where the pixels of a changed image come from.
 *
 * Forward, an image is scaled and rotated about its middle and moved, a window is cut out of it (or
 * of what pad adds around it), and that is mirrored. What is computed is the way back, from an
 * output pixel to a place in the image. */
#include "data/augment/steps.h"

#include "base/fmath.h"

#include <math.h>

/* A whole number in [-most, most]. */
static int whole(struct rng *r, int most)
{
    return most > 0 ? (int)rng_below(r, 2 * (uint32_t)most + 1) - most : 0;
}

/* Pixels that a side of n may be moved by. */
static int reach(double translate, int n)
{
    return (int)floor(translate < 1 ? translate * n : translate);
}

static struct window draw_window(const struct augment *a, uint64_t epoch, uint32_t sample)
{
    const struct augment_conf *c = &a->conf;
    struct window w = {0, 0, false};
    int pad_x = a->in.w > 1 ? c->pad : 0, pad_y = a->in.h > 1 ? c->pad : 0;
    int room_x = a->in.w + 2 * pad_x - a->out.w, room_y = a->in.h + 2 * pad_y - a->out.h;
    if (room_x > 0 || room_y > 0) {
        struct rng r = augment_rng(a, STREAM_CROP, epoch, sample);
        w.left = (int)rng_below(&r, (uint32_t)room_x + 1) - pad_x;
        w.top = (int)rng_below(&r, (uint32_t)room_y + 1) - pad_y;
    }
    if (c->translate > 0) {
        struct rng r = augment_rng(a, STREAM_TRANSLATE, epoch, sample);
        w.left -= whole(&r, a->in.w > 1 ? reach(c->translate, a->in.w) : 0);
        w.top -= whole(&r, a->in.h > 1 ? reach(c->translate, a->in.h) : 0);
    }
    if (c->flip != FLIP_NONE) {
        bool alternate = c->flip == FLIP_ALTERNATING;
        struct rng r = augment_rng(a, STREAM_FLIP, alternate ? 0 : epoch, sample);
        w.mirror = (rng_u32(&r) >> 31 ^ (alternate ? (uint32_t)(epoch & 1) : 0)) != 0;
    }
    return w;
}

bool geometry_draw(const struct augment *a, uint64_t epoch, uint32_t sample, struct window *w,
                   struct map *m)
{
    const struct augment_conf *c = &a->conf;
    double turn = 0, size = 1, sin = 0, cos = 1;
    *w = draw_window(a, epoch, sample);
    if (c->rotate > 0)
        turn = c->rotate * augment_both(a, STREAM_ROTATE, epoch, sample);
    if (c->scale > 0)
        size = 1 + c->scale * augment_both(a, STREAM_SCALE, epoch, sample);
    if (turn == 0 && size == 1 && c->elastic == 0)
        return true;
    fmath_sincospi(turn / 180, &sin, &cos);
    cos /= size;
    sin /= size;
    double mx = (a->in.w - 1) / 2.0, my = (a->in.h - 1) / 2.0;                 /* the middle */
    double x = w->left + (w->mirror ? a->out.w - 1 : 0) - mx, y = w->top - my; /* of output 0, 0 */
    *m = (struct map){.xx = w->mirror ? -cos : cos,
                      .xy = -sin,
                      .x0 = mx + cos * x - sin * y,
                      .yx = w->mirror ? -sin : sin,
                      .yy = cos,
                      .y0 = my + sin * x + cos * y};
    return false;
}
