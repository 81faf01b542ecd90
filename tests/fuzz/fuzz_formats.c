/* libFuzzer target: any bytes as a data file, read by every format. The first byte chooses what
 * [data] asks for. What is accepted must be whole: labels within the classes, names for all of them
 * or none, and as many finite numbers as the shape says. */
#include "base/mem.h"
#include "data/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

/* A sparse file may ask for more than libFuzzer allows. */
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    setenv("DIYNN_MEMORY", "512", 1);
    return 0;
}

static void check(const struct samples *s, const struct data_conf *c)
{
    size_t numbers = s->n * shape_size(s->shape);
    bool free_of_target = c->no_target || c->target == TARGET_INPUT;
    if (s->n == 0 || (s->classes == 0 && s->k == 0 && !free_of_target))
        abort();
    if ((s->classes > 0) != (s->label != NULL) || (s->k > 0) != (s->target != NULL))
        abort();
    if (!s->x == !s->bytes)
        abort();
    for (size_t i = 0; s->x && i < numbers; i++) {
        if (!isfinite(s->x[i]))
            abort();
    }
    for (size_t i = 0; i < s->n * (size_t)s->k; i++) {
        if (!isfinite(s->target[i]))
            abort();
    }
    for (size_t i = 0; s->classes > 0 && i < s->n; i++) {
        if (s->label[i] < 0 || s->label[i] >= s->classes)
            abort();
    }
    for (int k = 0; s->names && k < s->classes; k++) {
        if (!*s->names[k])
            abort();
    }
}

static void read_as(const struct data_format *format, const struct data_conf *c, const uint8_t *p,
                    size_t n)
{
    struct samples s = {0};
    struct err e = {0};
    size_t head = n < DATA_HEAD ? n : DATA_HEAD, live = mem_live();
    struct blob b = {mem_alloc(n + 1, 1, &e), n};
    if (!b.data)
        return;
    memcpy(b.data, p, n);
    char *text = mem_strndup(b.data, head, &e);
    if (text)
        format->detect("", text, head);
    mem_free(text);
    struct stream *in = format->read_stream ? stream_of(&b, &e) : NULL;
    int rc = in             ? format->read_stream(&s, "input", in, NULL, NULL, c, &e)
             : format->read ? format->read(&s, "input", &b, c, &e)
                            : -1;
    stream_close(in);
    if (rc == 0)
        check(&s, c);
    else if (s.x || s.bytes || e.kind == ERR_NONE)
        abort();
    samples_free(&s);
    blob_free(&b);
    if (mem_live() != live)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    char *names[] = {"1", "x"}, *columns[] = {"a", "2"}, *ignore[] = {"b"};
    char *known[] = {"a", "b", "c", "d", "e"};
    if (n == 0)
        return 0;
    unsigned how = *p;
    struct data_conf c = {.noise = -1};
    c.target = (int)(how & 3) % 3;
    c.no_target = how & 4;
    c.header = (int)(how >> 3 & 3) % 3;
    c.delimiter = (int)(how >> 5) % 5;
    if (how & 32) {
        c.target_columns = (struct name_list){how & 64 ? 2 : 1, columns};
        c.ignore = (struct name_list){1, ignore};
    }
    if (how & 128) {
        c.shape[0] = c.shape[1] = 2;
        c.shape[2] = 1;
        c.classes = 2;
        c.names = how & 1 ? names : NULL;
        c.numbered = !c.names;
        c.further = true;
        c.columns = known;
        c.n_columns = 5;
    }
    for (int i = 0; format_registry[i]; i++)
        read_as(format_registry[i], &c, p + 1, n - 1);
    return 0;
}
