/* main.c - bench: how fast diynn multiplies matrices, convolves and trains, and which share of the
 * machine's peak that is; and how fast its memory is.
 *
 *   bench [OPTION..] [CASE..]
 *
 * A CASE is a part of a case's name (sq, conv2, A1.dW), or a whole name with '=' in front (=A/10);
 * names: --list. Without any: all cases. Figures are medians of repetitions that alternate between
 * the cases. A case's share of the peak is its floating-point operations (a multiplication and an
 * addition count 2; a convolution counts as a direct sum) over what a loop of multiply-adds in
 * registers reaches, on the same number of threads and with the same instruction set, between the
 * same repetitions. */
#include "bench.h"

#include "base/mem.h"
#include "train/profile.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage[] =
    "usage: bench [OPTION..] [CASE..]\n"
    "  -m, --matmul       products of matrices only\n"
    "  -C, --conv         passes of convolutions only\n"
    "  -t, --train        training steps only\n"
    "  -M, --memory       memory only: bytes a second of y += a x in each level\n"
    "  -n, --threads N,M  numbers of threads, each measured (default: 1, and all processors)\n"
    "  -i, --isa NAME     instruction set (default: the best one)\n"
    "      --bf16         convolutions of factors rounded to bfloat16 (precision = bf16)\n"
    "  -r, --reps N       repetitions (default: 5)\n"
    "  -s, --seconds S    of a repetition (default: 0.05 for a kernel, 0.3 for training)\n"
    "      --set KEY=V    set a key of the network files (train.chunk=500); repeatable\n"
    "  -c, --csv          print kind,case,threads,isa,rate,unit,gflops,share,low,high; low and "
    "high:\n"
    "                     the slowest and the fastest repetition\n"
    "  -w, --wait         for each line of standard input, the name of a case or 'peak': one\n"
    "                     repetition, whose rate is printed; on the first number of threads\n"
    "  -l, --list         names of the cases\n"
    "  CASE               part of a name, or =NAME\n";

static const char *const kind_names[] = {"matmul", "conv", "train", "memory"};
static const char *const units[] = {"gflops", "gflops", "samples/s", "gbytes/s"};
/* of a rate, in its unit */
static const double scales[] = {1e-9, 1e-9, 1, 1e-9};
static const char *const sizes[] = {"m x n x k", "input > outputs", "flop a sample",
                                    "bytes a thread"};
static const char *const headings[] = {"  %d: GFLOP/s  %%peak", "  %d: GFLOP/s  %%peak",
                                       "  %d: samples/s GFLOP/s  %%peak", "  %d: GB/s"};

struct bench {
    struct bench_conf conf;
    bool kinds[KINDS];
    bool csv, list, wait;
    int threads[BENCH_THREADS], n_threads;
    char **patterns;
    int n_patterns;
    struct team *team[BENCH_THREADS];
    struct row *rows;
    size_t n_rows, cap_rows;
    double peak[BENCH_THREADS][BENCH_REPS];
};

/* ---- options ---- */

static bool read_threads(struct bench *b, const char *text)
{
    for (b->n_threads = 0; *text && b->n_threads < BENCH_THREADS;) {
        char *end;
        long n = strtol(text, &end, 10);
        if (end == text || n < 1 || n > BENCH_THREADS || (*end && *end != ','))
            return false;
        b->threads[b->n_threads++] = (int)n;
        text = end + (*end == ',');
    }
    return b->n_threads > 0 && !*text;
}

static bool read_option(struct bench *b, int option)
{
    switch (option) {
    case 'm':
        return b->kinds[MATMUL] = true;
    case 'C':
        return b->kinds[CONV] = true;
    case 't':
        return b->kinds[TRAIN] = true;
    case 'M':
        return b->kinds[MEMORY] = true;
    case 'n':
        return read_threads(b, optarg);
    case 'i':
        b->conf.k = kernels_get(optarg);
        return b->conf.k != NULL;
    case 'r':
        b->conf.reps = atoi(optarg);
        return b->conf.reps > 0 && b->conf.reps <= BENCH_REPS;
    case 's':
        b->conf.seconds = atof(optarg);
        return b->conf.seconds > 0 && b->conf.seconds <= 60;
    case 'B':
        return b->conf.bf16 = true;
    case 'S':
        b->conf.n_sets++;
        return true;
    case 'c':
        return b->csv = true;
    case 'w':
        return b->wait = true;
    case 'l':
        return b->list = true;
    default:
        return false;
    }
}

/* sets: room for as many as there are arguments. */
static bool read_options(struct bench *b, int argc, char **argv, const char **sets)
{
    static const struct option options[] = {
        {"matmul", no_argument, NULL, 'm'},        {"conv", no_argument, NULL, 'C'},
        {"train", no_argument, NULL, 't'},         {"memory", no_argument, NULL, 'M'},
        {"threads", required_argument, NULL, 'n'}, {"isa", required_argument, NULL, 'i'},
        {"reps", required_argument, NULL, 'r'},    {"seconds", required_argument, NULL, 's'},
        {"bf16", no_argument, NULL, 'B'},          {"set", required_argument, NULL, 'S'},
        {"csv", no_argument, NULL, 'c'},           {"wait", no_argument, NULL, 'w'},
        {"list", no_argument, NULL, 'l'},          {NULL, 0, NULL, 0}};
    int option, all = par_default();
    b->conf = (struct bench_conf){.k = kernels_get(NULL), .sets = sets, .reps = 5};
    b->threads[0] = 1;
    b->threads[1] = all < BENCH_THREADS ? all : BENCH_THREADS;
    b->n_threads = all > 1 ? 2 : 1;
    while ((option = getopt_long(argc, argv, "mCtMn:i:r:s:cwl", options, NULL)) != -1) {
        if (option == 'S')
            sets[b->conf.n_sets] = optarg;
        if (!read_option(b, option)) {
            if (option != '?')
                fprintf(stderr, "bench: what -%c is given makes no sense\n", option);
            return false;
        }
    }
    bool any = false;
    for (int kind = 0; kind < KINDS; kind++)
        any |= b->kinds[kind];
    for (int kind = 0; kind < KINDS; kind++)
        b->kinds[kind] |= !any;
    b->patterns = argv + optind;
    b->n_patterns = argc - optind;
    return true;
}

/* ---- cases ---- */

static bool wanted(const struct bench *b, const char *name)
{
    for (int i = 0; i < b->n_patterns; i++) {
        const char *p = b->patterns[i];
        if (*p == '=' ? !strcmp(p + 1, name) : strstr(name, p) != NULL)
            return true;
    }
    return b->n_patterns == 0;
}

static int add_row(void *arg, const struct row *r, struct err *e)
{
    struct bench *b = arg;
    if (!wanted(b, r->name))
        return 0;
    if (mem_grow(&b->rows, &b->cap_rows, b->n_rows + 1, sizeof *b->rows, e))
        return -1;
    b->rows[b->n_rows++] = *r;
    return 0;
}

static int add_rows(struct bench *b, struct err *e)
{
    for (int kind = 0; kind < KINDS; kind++)
        if (b->kinds[kind] && rows_of((enum kind)kind, add_row, b, e))
            return -1;
    if (b->n_rows == 0)
        return err_set(e, ERR_USAGE, "no case has such a name; --list shows them");
    return 0;
}

/* ---- measuring ---- */

static int measure_row(struct bench *b, struct row *r, int t, int rep, struct err *e)
{
    return row_measure(r, &r->rate[t][rep], b->threads[t], b->team[t], &b->conf, e);
}

/* All repetitions of the rows lo .. hi-1, in turn. */
static int measure_rows(struct bench *b, size_t lo, size_t hi, struct err *e)
{
    for (int rep = 0; rep < b->conf.reps; rep++)
        for (int t = 0; t < b->n_threads; t++) {
            b->peak[t][rep] = profile_peak(b->team[t], b->conf.k);
            for (size_t i = lo; i < hi; i++)
                if (measure_row(b, &b->rows[i], t, rep, e))
                    return -1;
        }
    return 0;
}

/* The rows from lo on that are measured in turn: those of one kind. */
static size_t group_end(const struct bench *b, size_t lo)
{
    size_t hi = lo + 1;
    while (hi < b->n_rows && b->rows[hi].kind == b->rows[lo].kind)
        hi++;
    return hi;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts the repetitions; the one in the middle. */
static double median(double *v, int n)
{
    qsort(v, (size_t)n, sizeof *v, compare);
    return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

/* ---- printing ---- */

static void print_heading(const struct bench *b, enum kind kind, const double *peak)
{
    printf("%s, %s", kind_names[kind], b->conf.k->isa);
    for (int t = 0; t < b->n_threads; t++)
        printf("%s %.0f GFLOP/s on %d thread%s", t ? "," : "; peak", peak[t] / 1e9, b->threads[t],
               b->threads[t] > 1 ? "s" : "");
    printf("\n%-14s %-20s", "case", sizes[kind]);
    for (int t = 0; t < b->n_threads; t++)
        printf(headings[kind], b->threads[t]);
    printf("\n");
}

static void print_row(const struct bench *b, struct row *r, const double *peak)
{
    char what[32];
    row_sizes(r, what, sizeof what);
    if (!b->csv)
        printf("%-14s %-20s", r->name, what);
    for (int t = 0; t < b->n_threads; t++) {
        int n = b->conf.reps;
        double rate = median(r->rate[t], n), flops = rate * r->flops;
        double scale = scales[r->kind];
        if (b->csv)
            printf("%s,%s,%d,%s,%.8g,%s,%.6g,%.5f,%.8g,%.8g\n", kind_names[r->kind], r->name,
                   b->threads[t], b->conf.k->isa, rate * scale, units[r->kind], flops / 1e9,
                   flops / peak[t], r->rate[t][0] * scale, r->rate[t][n - 1] * scale);
        else if (r->kind == MATMUL || r->kind == CONV)
            printf("  %10.1f %6.1f", flops / 1e9, 100 * flops / peak[t]);
        else if (r->kind == TRAIN)
            printf("  %12.0f %7.1f %6.1f", rate, flops / 1e9, 100 * flops / peak[t]);
        else
            printf("  %7.1f", rate * scale);
    }
    if (!b->csv)
        printf("\n");
}

static void print_rows(struct bench *b, size_t lo, size_t hi)
{
    double peak[BENCH_THREADS];
    for (int t = 0; t < b->n_threads; t++)
        peak[t] = median(b->peak[t], b->conf.reps);
    for (int t = 0; b->csv && t < b->n_threads; t++)
        printf("peak,fma,%d,%s,%.6g,gflops,%.6g,1,%.6g,%.6g\n", b->threads[t], b->conf.k->isa,
               peak[t] / 1e9, peak[t] / 1e9, b->peak[t][0] / 1e9,
               b->peak[t][b->conf.reps - 1] / 1e9);
    if (!b->csv)
        print_heading(b, b->rows[lo].kind, peak);
    for (size_t i = lo; i < hi; i++)
        print_row(b, &b->rows[i], peak);
    if (!b->csv && hi < b->n_rows)
        printf("\n");
    fflush(stdout);
}

/* ---- */

static int prepare(struct bench *b, size_t lo, size_t hi, struct err *e)
{
    for (size_t i = lo; i < hi; i++)
        if (row_prepare(&b->rows[i], &b->conf, e))
            return -1;
    return 0;
}

static void forget(struct bench *b, size_t lo, size_t hi)
{
    for (size_t i = lo; i < hi; i++)
        row_forget(&b->rows[i]);
    train_forget();
}

/* Repetitions on demand, so that others can be measured in between. */
static int serve(struct bench *b, struct err *e)
{
    char line[64];
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = '\0';
        if (!strcmp(line, "peak")) {
            printf("%.8g\n", profile_peak(b->team[0], b->conf.k) / 1e9);
            fflush(stdout);
            continue;
        }
        struct row *r = b->rows;
        while (r < b->rows + b->n_rows && strcmp(r->name, line) != 0)
            r++;
        if (r == b->rows + b->n_rows)
            return err_set(e, ERR_USAGE, "there is no case '%s'", line);
        if (row_prepare(r, &b->conf, e) || measure_row(b, r, 0, 0, e))
            return -1;
        printf("%.8g\n", r->rate[0][0] * scales[r->kind]);
        fflush(stdout);
    }
    return 0;
}

static int run(struct bench *b, struct err *e)
{
    if (add_rows(b, e))
        return -1;
    for (size_t i = 0; b->list && i < b->n_rows; i++)
        printf("%s %s\n", kind_names[b->rows[i].kind], b->rows[i].name);
    if (b->list)
        return 0;
    for (int t = 0; t < b->n_threads; t++)
        if (!(b->team[t] = team_new(b->threads[t], e)))
            return -1;
    if (b->wait) {
        int rc = serve(b, e);
        forget(b, 0, b->n_rows);
        return rc;
    }
    if (b->csv)
        printf("kind,case,threads,isa,rate,unit,gflops,share,low,high\n");
    int rc = 0;
    for (size_t lo = 0, hi; rc == 0 && lo < b->n_rows; lo = hi) {
        hi = group_end(b, lo);
        rc = prepare(b, lo, hi, e) || measure_rows(b, lo, hi, e) ? -1 : 0;
        if (rc == 0)
            print_rows(b, lo, hi);
        forget(b, lo, hi);
    }
    return rc;
}

int main(int argc, char **argv)
{
    static struct bench b;
    struct err e = {0};
    const char **sets = mem_alloc((size_t)argc, sizeof *sets, &e);
    if (!sets || !read_options(&b, argc, argv, sets)) {
        fputs(usage, stderr);
        return ERR_USAGE;
    }
    if (run(&b, &e))
        fprintf(stderr, "bench: %s\n", e.msg);
    for (int t = 0; t < b.n_threads; t++)
        team_free(b.team[t]);
    mem_free(b.rows);
    mem_free(sets);
    return (int)e.kind;
}
