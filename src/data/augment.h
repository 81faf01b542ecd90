/* augment.h - random changes of training samples, so that a net never sees the same one twice.
 *
 * What happens to a sample depends on (seed, epoch, number of the sample in its file) alone, and
 * each key of [augment] draws from a stream of its own: threads, batches and resuming change no
 * bit, and a further key does not move the draws of the others. Only + - * / and sqrt are used, so
 * the bits are the same on every machine.
 *
 * Order: scale, rotate, translate and elastic, then crop, then flip, all in one bilinear
 * resampling (exact copies where only crop, flip and translate are at work); brightness, contrast,
 * saturation and hue in one step; blur; cutout; noise; mixup.
 *
 * Samples come normalized. Where a channel has one mean and one deviation that makes no difference
 * to geometry and blur, and colours are computed as if it had not been done; where every value has
 * its own, the sample is brought back first and normalized again behind cutout. */
#ifndef DATA_AUGMENT_H
#define DATA_AUGMENT_H

#include "base/rng.h"
#include "data/data.h"

/* [augment] */
struct augment_conf {
    int crop[2];                   /* h, w; 0: the image's own size */
    int pad;                       /* pixels */
    int fill;                      /* enum augment_fill */
    int flip;                      /* enum augment_flip */
    double rotate;                 /* degrees */
    double scale, translate;       /* translate: pixels, or below 1 part of a side */
    double elastic, elastic_sigma; /* pixels */
    double brightness, contrast, saturation, hue;
    double blur;         /* pixels */
    int cutout;          /* pixels */
    double noise;        /* in what the net sees */
    double mixup;        /* 0: none */
    int mixup_off_epoch; /* from which on there is none; 0: never */
    int test_views;      /* enum augment_views */
};

enum augment_fill {
    FILL_BLACK,  /* the least value of the training part */
    FILL_MEAN,   /* each channel's mean there */
    FILL_EDGE,   /* the nearest pixel */
    FILL_REFLECT /* the image mirrored at its border pixels */
};
enum augment_flip { FLIP_NONE, FLIP_RANDOM, FLIP_ALTERNATING };
enum augment_views { VIEWS_NONE, VIEWS_FLIP, VIEWS_FLIP_TRANSLATE, VIEWS_FLIP_DIAGONALS };

extern const struct opt augment_opts[];

/* Reads [augment] (s may be NULL). Problems go to *d. -1 only for lack of memory. */
int augment_read(struct augment_conf *c, const struct netfile *nf, const struct section *s,
                 struct diag *d, struct err *e);

/* Appends to *d what the settings ask of samples of this shape that these are not fit for. */
void augment_check(const struct augment_conf *c, struct shape s, const struct netfile *nf,
                   const struct section *section, struct diag *d);

/* Whether training samples are changed at random, and whether the section says anything at all. */
bool augment_changes(const struct augment_conf *c);
bool augment_given(const struct augment_conf *c);

/* The shape of what comes out: the net's input. */
struct shape augment_shape(const struct augment_conf *c, struct shape in);

/* Sample i as evaluation sees it: the middle of the image, as large as `out`. Exact copies. */
void augment_centre(real *y, struct shape out, const struct samples *s, size_t i);

/* The views that evaluation averages over (Jordan 2024): how many, what view v counts (together 1),
 * and view v of sample i. View 0 is augment_centre's; odd ones are mirrored, those from 2 on moved
 * by a pixel along a diagonal. room: a sample's numbers. */
int augment_views(const struct augment_conf *c);
real augment_view_weight(const struct augment_conf *c, int v);
void augment_view(int v, real *y, struct shape out, const struct samples *s, size_t i, real *room);

/* The keys that draw random numbers. */
enum augment_stream {
    STREAM_CROP,
    STREAM_FLIP,
    STREAM_ROTATE,
    STREAM_SCALE,
    STREAM_TRANSLATE,
    STREAM_ELASTIC,
    STREAM_BRIGHTNESS,
    STREAM_CONTRAST,
    STREAM_SATURATION,
    STREAM_HUE,
    STREAM_BLUR,
    STREAM_CUTOUT,
    STREAM_NOISE,
    STREAM_MIXUP,
    STREAMS
};

/* Settings made ready for the samples of one training part. */
struct augment {
    struct augment_conf conf;
    struct shape in, out;
    struct rng stream[STREAMS]; /* at index 0 */
    const real *mean, *std;     /* the data's, n_norm each, as in struct data */
    int n_norm;
    bool raw;        /* every value has its own mean: samples are brought back first */
    double lo, hi;   /* of the training part before normalization */
    real *fill;      /* a pixel: what FILL_BLACK or FILL_MEAN put in */
    real *elastic_g; /* taps of the smoothing of displacements */
    int elastic_r;   /* their radius */
    size_t scratch;  /* reals a thread needs */
};

/* For the training part of d, whose normalization must outlive it. Free with augment_free. */
int augment_new(struct augment *a, const struct augment_conf *c, const struct data *d,
                uint64_t seed, struct err *e);
void augment_free(struct augment *a);

/* Sample number `sample` of s, the training file, in epoch `epoch` (from 0), without mixup, into y.
 * scratch: a->scratch reals, this thread's own. */
void augment_sample(const struct augment *a, real *y, const struct samples *s, uint32_t sample,
                    uint64_t epoch, real *scratch);

/* mixup: how much of the sample remains, in [1/2, 1], and which of the n samples of the part (its
 * place there) makes up the rest. All of it remains in epochs without mixup. */
real augment_partner(const struct augment *a, uint64_t epoch, uint32_t sample, uint32_t n,
                     uint32_t *partner);

/* y = share y + (1 - share) z */
void augment_mix(real *y, const real *z, real share, size_t n);

#endif
