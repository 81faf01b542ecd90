/* embedding.c - a learned vector for each of a number of words: a sequence of whole numbers, the
 * words' numbers from 0 on, as a sequence of vectors.
 *
 * Numbers are rounded. What names no word gives NaN, so that training stops and names the layer. */
#include "net/layer.h"

#include <math.h>
#include <string.h>

struct embedding {
    int words, units;
};

static int length(const struct layer *l)
{
    return (int)shape_size(l->in[0]->out);
}

static int setup(struct layer *l, struct build *b, struct err *e)
{
    const struct embedding *c = l->conf;
    char shape[SHAPE_TEXT];
    struct shape in = l->in[0]->out;
    if (!shape_is_plain(in))
        return err_set(e, ERR_NET, "needs one whole number at each position, but its input is %s",
                       shape_text(in, shape));
    l->out = (struct shape){c->units, 1, length(l)};
    const int dim[] = {c->words, c->units};
    return build_param(b, "weight", 2, dim, NULL, 0, PARAM_TRAINED, START_INIT, e) ? 0 : -1;
}

/* The word's number, or -1. */
static ptrdiff_t word_of(const struct embedding *c, real x)
{
    double at = rint((double)x);
    return at >= 0 && at < c->words ? (ptrdiff_t)at : -1;
}

static void forward(struct layer *l, const struct pass *p)
{
    int lo, hi, n = length(l);
    const struct embedding *c = l->conf;
    const real *w = l->params[0].w;
    layer_rows(p, &lo, &hi);
    for (ptrdiff_t i = (ptrdiff_t)lo * n; i < (ptrdiff_t)hi * n; i++) {
        ptrdiff_t word = word_of(c, l->in[0]->y[i]);
        real *y = l->y + i * c->units;
        for (int j = 0; word < 0 && j < c->units; j++)
            y[j] = (real)NAN;
        if (word >= 0)
            memcpy(y, w + word * c->units, (size_t)c->units * sizeof *y);
    }
}

/* Each thread adds up its columns of all words' vectors, in the order of samples. */
static void backward_params(struct layer *l, const struct pass *p)
{
    const struct embedding *c = l->conf;
    real *g = l->params[0].g;
    size_t lo, hi;
    par_range((size_t)c->units, 16, p->tid, p->nt, &lo, &hi);
    for (ptrdiff_t i = 0; i < c->words && !p->accumulate; i++)
        memset(g + i * c->units + lo, 0, (hi - lo) * sizeof *g);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)p->n * length(l); i++) {
        ptrdiff_t word = word_of(c, l->in[0]->y[i]);
        real *to = g + word * c->units + lo;
        if (word >= 0)
            p->k->add(to, to, l->dy + i * c->units + lo, hi - lo);
    }
}

static void backward(struct layer *l, const struct pass *p)
{
    int lo, hi;
    size_t n = (size_t)length(l);
    layer_rows(p, &lo, &hi);
    if (l->in[0]->dy && l->dx_mode[0] == GRAD_STORE) /* words have no slope */
        memset(l->in[0]->dy + (size_t)lo * n, 0, (size_t)(hi - lo) * n * sizeof(real));
}

static const struct opt opts[] = {{.name = "words",
                                   .type = OPT_INT,
                                   .offset = offsetof(struct embedding, words),
                                   .min = 2,
                                   .max = 1 << 24,
                                   .flags = OPT_REQUIRED,
                                   .help = "how many words there are: inputs are 0 to words - 1"},
                                  {.name = "units",
                                   .type = OPT_INT,
                                   .offset = offsetof(struct embedding, units),
                                   .min = 1,
                                   .max = 1 << 16,
                                   .flags = OPT_REQUIRED,
                                   .help = "numbers in a word's vector"},
                                  OPT_END};

static const struct layer_example examples[] = {
    {"1x6", "[embedding]\nwords = 4\nunits = 3\n"},
    {"5", "[embedding]\nwords = 2\nunits = 20\n[conv1d]\nfilters = 3\nsize = 2\n[relu]\n"
          "[global_avgpool]\n[linear]\nunits = 2\n"},
    {NULL, NULL}};

const struct layer_ops layer_embedding = {.name = "embedding",
                                          .help = "a learned vector for each word of a sequence",
                                          .opts = opts,
                                          .conf_size = sizeof(struct embedding),
                                          .setup = setup,
                                          .forward = forward,
                                          .backward = backward,
                                          .backward_params = backward_params,
                                          .flags = LAYER_PARAMS | LAYER_INIT | LAYER_BWD_NEEDS_X |
                                                   LAYER_INDICES | LAYER_KINKED,
                                          .examples = examples};
