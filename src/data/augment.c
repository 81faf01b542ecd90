/* augment.c - the section [augment], and the order of its steps. */
#include "data/augment/steps.h"

#include "base/mem.h"

#include <math.h>
#include <string.h>

#define FIELD(f) offsetof(struct augment_conf, f)

static const char *const fill_words[] = {"black", "mean", "edge", "reflect", NULL};
static const char *const flip_words[] = {"none", "random", "alternating", NULL};
static const char *const view_words[] = {"none", "flip", "flip_translate", "flip_diagonals", NULL};

const struct opt augment_opts[] = {
    {.name = "crop",
     .type = OPT_PAIR,
     .offset = FIELD(crop),
     .min = 1,
     .max = 1 << 20,
     .help = "size of a window cut out at a random place, and for evaluation in the middle; not "
             "given: the image's own"},
    {.name = "pad",
     .type = OPT_INT,
     .offset = FIELD(pad),
     .def = "0",
     .min = 0,
     .max = 1024,
     .help = "pixels added on every side before the window is cut out"},
    {.name = "fill",
     .type = OPT_WORD,
     .offset = FIELD(fill),
     .def = "black",
     .words = fill_words,
     .help = "what lies outside of an image: black: the least value of the training part; mean: "
             "each channel's mean (so does cutout with the words that follow); edge: the nearest "
             "pixel; reflect: its mirror image"},
    {.name = "flip",
     .type = OPT_WORD,
     .offset = FIELD(flip),
     .def = "none",
     .words = flip_words,
     .help = "left becomes right: random: of every second image; alternating: at random in the "
             "first epoch, then each image in turn"},
    {.name = "rotate",
     .type = OPT_FLOAT,
     .offset = FIELD(rotate),
     .def = "0",
     .min = 0,
     .max = 180,
     .help = "turns about the middle by up to so many degrees either way"},
    {.name = "scale",
     .type = OPT_FLOAT,
     .offset = FIELD(scale),
     .def = "0",
     .min = 0,
     .max = 0.9,
     .help = "makes larger or smaller by a factor between 1 - scale and 1 + scale"},
    {.name = "translate",
     .type = OPT_FLOAT,
     .offset = FIELD(translate),
     .def = "0",
     .min = 0,
     .max = 1024,
     .help = "moves by a whole number of pixels, up to so many each way; below 1: up to this part "
             "of the sides"},
    {.name = "elastic",
     .type = OPT_FLOAT,
     .offset = FIELD(elastic),
     .def = "0",
     .min = 0,
     .max = 100,
     .help = "moves each pixel, neighbours alike: deviation in pixels"},
    {.name = "elastic_sigma",
     .type = OPT_FLOAT,
     .offset = FIELD(elastic_sigma),
     .def = "4",
     .min = 0.5,
     .max = 64,
     .help = "elastic: pixels over which neighbours move alike"},
    {.name = "brightness",
     .type = OPT_FLOAT,
     .offset = FIELD(brightness),
     .def = "0",
     .min = 0,
     .max = 1,
     .help = "multiplies an image, black being 0, by 1 - brightness to 1 + brightness"},
    {.name = "contrast",
     .type = OPT_FLOAT,
     .offset = FIELD(contrast),
     .def = "0",
     .min = 0,
     .max = 1,
     .help = "multiplies the distance from the image's mean grey by 1 - contrast to 1 + contrast"},
    {.name = "saturation",
     .type = OPT_FLOAT,
     .offset = FIELD(saturation),
     .def = "0",
     .min = 0,
     .max = 1,
     .help = "multiplies the distance from the pixel's grey by 1 - saturation to 1 + saturation"},
    {.name = "hue",
     .type = OPT_FLOAT,
     .offset = FIELD(hue),
     .def = "0",
     .min = 0,
     .max = 0.5,
     .help = "turns colours about the axis of greys by up to this part of a turn either way"},
    {.name = "blur",
     .type = OPT_FLOAT,
     .offset = FIELD(blur),
     .def = "0",
     .min = 0,
     .max = 32,
     .help = "smooths by a Gaussian of deviation 0 to blur pixels"},
    {.name = "cutout",
     .type = OPT_INT,
     .offset = FIELD(cutout),
     .def = "0",
     .min = 0,
     .max = 1024,
     .help = "side of a square of fill put at a random place"},
    {.name = "noise",
     .type = OPT_FLOAT,
     .offset = FIELD(noise),
     .def = "0",
     .min = 0,
     .max = 1000,
     .help = "deviation of normal noise added to every value, as normalized"},
    {.name = "mixup",
     .type = OPT_FLOAT,
     .offset = FIELD(mixup),
     .def = "0",
     .min = 0,
     .max = 100,
     .help = "mixes each sample and its target with another's, by a share drawn from Beta(mixup, "
             "mixup); 0: never"},
    {.name = "mixup_off_epoch",
     .type = OPT_INT,
     .offset = FIELD(mixup_off_epoch),
     .def = "0",
     .min = 0,
     .max = 1e9,
     .help = "mixup in so many epochs only, the first ones, and then none; 0: in all"},
    {.name = "test_views",
     .type = OPT_WORD,
     .offset = FIELD(test_views),
     .def = "none",
     .words = view_words,
     .help =
         "evaluation takes the mean of what the net says (before softmax or sigmoid) of an "
         "image and: flip: its mirror image; flip_translate: and both moved by a pixel up and "
         "left, down and right, at half the weight; flip_diagonals: also up and right, down and "
         "left, and all ten alike"},
    OPT_END};

int augment_read(struct augment_conf *c, const struct netfile *nf, const struct section *s,
                 struct diag *d, struct err *e)
{
    const struct opt_target t[] = {{augment_opts, c}};
    return opt_read(nf, s, t, 1, d, e);
}

/* ---- what settings are and ask for ---- */

static bool colours(const struct augment_conf *c)
{
    return c->brightness > 0 || c->contrast > 0 || c->saturation > 0 || c->hue > 0;
}

/* Whether pixels come from places between pixels. */
static bool resamples(const struct augment_conf *c)
{
    return c->rotate > 0 || c->scale > 0 || c->elastic > 0;
}

static bool moves(const struct augment_conf *c)
{
    return c->crop[0] > 0 || c->pad > 0 || c->flip != FLIP_NONE || c->translate > 0 || resamples(c);
}

bool augment_changes(const struct augment_conf *c)
{
    return moves(c) || colours(c) || c->blur > 0 || c->cutout > 0 || c->noise > 0 || c->mixup > 0;
}

bool augment_given(const struct augment_conf *c)
{
    return augment_changes(c) || c->test_views != VIEWS_NONE;
}

struct shape augment_shape(const struct augment_conf *c, struct shape in)
{
    if (c->crop[0] > 0 && c->crop[0] <= in.h && c->crop[1] <= in.w)
        return (struct shape){in.c, c->crop[0], c->crop[1]};
    return in;
}

struct check {
    const struct netfile *nf;
    const struct section *s;
    struct diag *d;
    char shape[SHAPE_TEXT];
};

static void refuse(const struct check *k, bool wrong, const char *key, const char *needs)
{
    if (wrong)
        diag_add(k->d, k->nf->path, opt_line(k->s, key),
                 "[augment] %s needs %s, but samples are %s", key, needs, k->shape);
}

void augment_check(const struct augment_conf *c, struct shape s, const struct netfile *nf,
                   const struct section *section, struct diag *d)
{
    struct check k = {.nf = nf, .s = section, .d = d};
    bool line = s.w == 1, flat = s.h == 1;
    if (!section)
        return;
    shape_text(s, k.shape);
    const char *image = "an image", *row = "an image or a sequence";
    refuse(&k, line && c->crop[0] > 0, "crop", row);
    refuse(&k, line && c->pad > 0, "pad", row);
    refuse(&k, line && c->flip != FLIP_NONE, "flip", row);
    refuse(&k, line && c->scale > 0, "scale", row);
    refuse(&k, line && c->translate > 0, "translate", row);
    refuse(&k, line && c->blur > 0, "blur", row);
    refuse(&k, line && c->cutout > 0, "cutout", row);
    refuse(&k, line && c->test_views != VIEWS_NONE, "test_views", row);
    refuse(&k, flat && c->rotate > 0, "rotate", image);
    refuse(&k, flat && c->elastic > 0, "elastic", image);
    const char *colour = "an image of 1 or 3 channels", *three = "a colour image (3 channels)";
    bool pixels = !flat && (s.c == 1 || s.c == 3);
    refuse(&k, !pixels && c->brightness > 0, "brightness", colour);
    refuse(&k, !pixels && c->contrast > 0, "contrast", colour);
    refuse(&k, (flat || s.c != 3) && c->saturation > 0, "saturation", three);
    refuse(&k, (flat || s.c != 3) && c->hue > 0, "hue", three);
    if (!line && (c->crop[0] > s.h || c->crop[1] > s.w))
        diag_add(d, nf->path, opt_line(section, "crop"),
                 "[augment] crop = %dx%d is larger than samples of %s", c->crop[0], c->crop[1],
                 k.shape);
    if (!line && (c->cutout > s.h || c->cutout > s.w) && !(flat && c->cutout <= s.w))
        diag_add(d, nf->path, opt_line(section, "cutout"),
                 "[augment] cutout = %d is larger than samples of %s", c->cutout, k.shape);
}

/* ---- evaluation ---- */

void augment_centre(real *y, struct shape out, const struct samples *s, size_t i)
{
    struct shape in = s->shape;
    size_t n = (size_t)out.w * (size_t)out.c;
    if (shape_equal(in, out)) {
        samples_row(s, i, y);
        return;
    }
    size_t left = (size_t)(in.w - out.w) / 2, top = (size_t)(in.h - out.h) / 2;
    for (size_t row = 0; row < (size_t)out.h; row++)
        samples_part(s, i, ((top + row) * (size_t)in.w + left) * (size_t)in.c, n, y + row * n);
}

int augment_views(const struct augment_conf *c)
{
    static const int views[] = {1, 2, 6, 10};
    return views[c->test_views];
}

real augment_view_weight(const struct augment_conf *c, int v)
{
    if (c->test_views == VIEWS_FLIP_TRANSLATE)
        return v < 2 ? (real)0.25 : (real)0.125;
    return (real)1 / (real)augment_views(c);
}

void augment_view(int v, real *y, struct shape out, const struct samples *s, size_t i, real *room)
{
    static const int moves[][2] = {{0, 0}, {-1, -1}, {1, 1}, {1, -1}, {-1, 1}}; /* right, down */
    const struct shape in = s->shape;
    const struct window w = {(in.w - out.w) / 2 + moves[v / 2][0],
                             (in.h - out.h) / 2 + moves[v / 2][1], v % 2 == 1};
    warp_copy(y, out, samples_at(s, i, room), in, &w, FILL_REFLECT, NULL);
}

/* ---- settings made ready ---- */

static const char *const stream_names[STREAMS] = {
    "crop",     "flip",       "rotate", "scale", "translate", "elastic", "brightness",
    "contrast", "saturation", "hue",    "blur",  "cutout",    "noise",   "mixup"};

/* Number v of a sample (in memory) as the steps see it. */
static real seen(const struct augment *a, real x, size_t v)
{
    if (!a->raw)
        return x;
    size_t c = (size_t)a->in.c, g = v % c * (size_t)(a->in.h * a->in.w) + v / c;
    return x * a->std[g] + a->mean[g];
}

/* Least, greatest and mean number at every place of the training part's samples: 3 size doubles. */
static void measure(const struct augment *a, const struct part *p, double *least, double *most,
                    double *mean, real *room)
{
    size_t size = shape_size(a->in);
    for (uint32_t i = 0; i < p->n; i++) {
        const real *x = samples_at(p->of, p->index[i], room);
        for (size_t v = 0; v < size; v++) {
            double t = (double)x[v];
            least[v] = i == 0 || t < least[v] ? t : least[v];
            most[v] = i == 0 || t > most[v] ? t : most[v];
            mean[v] += t;
        }
    }
    for (size_t v = 0; v < size; v++)
        mean[v] /= p->n;
}

/* The value before normalization of t, which stands as number v of samples. */
static double before(const struct augment *a, double t, size_t v)
{
    size_t c = (size_t)a->in.c;
    if (a->n_norm == 0)
        return t;
    if (a->raw)
        return (double)seen(a, (real)t, v);
    size_t g = a->n_norm == 1 ? 0 : v % c;
    return t * (double)a->std[g] + (double)a->mean[g];
}

/* Whether black or white occurs in the steps. */
static bool needs_range(const struct augment_conf *c)
{
    bool outside = c->pad > 0 || c->translate > 0 || resamples(c);
    return colours(c) || c->cutout > 0 ||
           (outside && (c->fill == FILL_BLACK || c->fill == FILL_MEAN));
}

/* a->lo and a->hi by the numbers at every place of samples, which stand in room: 3 of each. */
static void range_by_place(struct augment *a, const double *least, const double *most)
{
    a->lo = (double)INFINITY;
    a->hi = -(double)INFINITY;
    for (size_t v = 0; v < shape_size(a->in); v++) {
        double lo = before(a, least[v], v), hi = before(a, most[v], v);
        a->lo = lo < a->lo ? lo : a->lo;
        a->hi = hi > a->hi ? hi : a->hi;
    }
}

/* a->lo, a->hi and a->fill; of bytes, black is 0 and white 255. */
static int find_range(struct augment *a, const struct part *p, struct err *e)
{
    size_t size = shape_size(a->in), c = (size_t)a->in.c;
    bool bytes = p->of->bytes != NULL;
    double *least = mem_alloc(mem_mul(3, size), sizeof *least, e), *most, *mean;
    real *room = least ? mem_alloc(size, sizeof *room, e) : NULL;
    if (!room) {
        mem_free(least);
        return -1;
    }
    most = least + size;
    mean = most + size;
    if (!bytes || a->conf.fill != FILL_BLACK)
        measure(a, p, least, most, mean, room);
    range_by_place(a, least, most);
    if (bytes) {
        a->lo = 0;
        a->hi = SAMPLES_BYTES - 1;
    }
    for (size_t j = 0; j < c; j++) {
        double sum = 0;
        size_t g = a->n_norm == 1 ? 0 : j;
        for (size_t v = j; v < size; v += c)
            sum += a->raw ? before(a, mean[v], v) : mean[v];
        if (a->conf.fill != FILL_BLACK)
            a->fill[j] = (real)(sum / (double)(size / c));
        else if (a->raw || a->n_norm == 0)
            a->fill[j] = (real)a->lo;
        else
            a->fill[j] = ((real)a->lo - a->mean[g]) / a->std[g];
    }
    mem_free(room);
    mem_free(least);
    return 0;
}

/* Reals of scratch: what augment_sample lays out in it. */
static size_t scratch_size(const struct augment *a)
{
    const struct augment_conf *c = &a->conf;
    size_t row = shape_size(a->in), plane = (size_t)a->out.h * (size_t)a->out.w;
    int blur = smooth_radius(c->blur);
    size_t warp = resamples(c) ? warp_room(a->in) : 0;
    size_t field = c->elastic > 0 ? 2 * plane : 0;
    size_t smoothing =
        c->elastic > 0 ? smooth_room((struct shape){1, a->out.h, a->out.w}, a->elastic_r) : 0;
    size_t blurring = c->blur > 0 ? smooth_room(a->out, blur) + 2 * (size_t)blur + 1 : 0;
    return row + warp + field + (smoothing > blurring ? smoothing : blurring);
}

int augment_new(struct augment *a, const struct augment_conf *c, const struct data *d,
                uint64_t seed, struct err *e)
{
    struct shape in = d->train.of ? d->train.of->shape : d->shape;
    *a = (struct augment){.conf = *c,
                          .in = in,
                          .out = augment_shape(c, in),
                          .mean = d->mean,
                          .std = d->std,
                          .n_norm = d->n_norm,
                          .elastic_r = smooth_radius(c->elastic_sigma)};
    bool pixels = moves(c) || colours(c) || c->blur > 0 || c->cutout > 0;
    a->raw = pixels && d->n_norm > 1 && d->n_norm != in.c;
    for (int i = 0; i < STREAMS; i++)
        a->stream[i] = rng_stream(seed, "augment", stream_names[i], 0);
    a->fill = mem_alloc((size_t)in.c, sizeof *a->fill, e);
    a->elastic_g = mem_alloc(2 * (size_t)a->elastic_r + 1, sizeof *a->elastic_g, e);
    a->scratch = scratch_size(a);
    if (!a->fill || !a->elastic_g || (needs_range(c) && find_range(a, &d->train, e))) {
        augment_free(a);
        return -1;
    }
    smooth_taps(a->elastic_g, a->elastic_r, c->elastic_sigma);
    return 0;
}

void augment_free(struct augment *a)
{
    mem_free(a->fill);
    mem_free(a->elastic_g);
    *a = (struct augment){0};
}

/* ---- a sample ---- */

/* The net's input has the statistics of the middle of the image. */
static void normalize_again(const struct augment *a, real *y)
{
    int left = (a->in.w - a->out.w) / 2, top = (a->in.h - a->out.h) / 2;
    for (int i = 0; i < a->out.h; i++)
        for (int k = 0; k < a->out.w; k++)
            for (int j = 0; j < a->out.c; j++, y++) {
                size_t g = ((size_t)j * (size_t)a->in.h + (size_t)(top + i)) * (size_t)a->in.w +
                           (size_t)(left + k);
                *y = (*y - a->mean[g]) / a->std[g];
            }
}

void augment_sample(const struct augment *a, real *y, const struct samples *s, uint32_t sample,
                    uint64_t epoch, real *scratch)
{
    const struct augment_conf *c = &a->conf;
    enum augment_fill fill = (enum augment_fill)c->fill;
    size_t plane = (size_t)a->out.h * (size_t)a->out.w;
    struct window w;
    struct map m;
    const real *x = samples_at(s, sample, scratch);
    if (a->raw) {
        for (size_t v = 0; v < shape_size(a->in); v++)
            scratch[v] = seen(a, x[v], v);
        x = scratch;
    }
    scratch += shape_size(a->in);
    if (geometry_draw(a, epoch, sample, &w, &m)) {
        warp_copy(y, a->out, x, a->in, &w, fill, a->fill);
    } else {
        real *field = scratch + warp_room(a->in);
        if (c->elastic > 0) {
            elastic_draw(a, field, epoch, sample, field + 2 * plane);
            m.dx = field;
            m.dy = field + plane;
        }
        warp_resample(y, a->out, x, a->in, &m, fill, a->fill, scratch);
    }
    if (colours(c))
        colour_jitter(a, y, epoch, sample);
    if (c->blur > 0)
        blur_random(a, y, epoch, sample, scratch);
    if (c->cutout > 0)
        cutout_random(a, y, epoch, sample);
    if (a->raw)
        normalize_again(a, y);
    if (c->noise > 0)
        noise_add(a, y, epoch, sample);
}
