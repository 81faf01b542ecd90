/* libFuzzer target: any bytes as a data file, read by every format. What is accepted must be whole:
 * labels within the classes, and as many numbers as the shape says. */
#include "base/mem.h"
#include "data/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void check(const struct samples *s)
{
    size_t numbers = s->n * shape_size(s->shape);
    if (s->n == 0 || (s->classes == 0 && s->k == 0))
        abort();
    for (size_t i = 0; i < numbers; i++) {
        if (!isfinite(s->x[i]))
            abort();
    }
    for (size_t i = 0; s->classes > 0 && i < s->n; i++) {
        if (s->label[i] < 0 || s->label[i] >= s->classes)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    for (int i = 0; format_registry[i]; i++) {
        struct data_conf c = {.noise = -1};
        struct samples s = {0};
        struct err e = {0};
        size_t head = n < DATA_HEAD ? n : DATA_HEAD, live = mem_live();
        struct blob b = {mem_alloc(n + 1, 1, &e), n};
        if (!b.data)
            return 0;
        if (n > 0)
            memcpy(b.data, p, n);
        char *text = mem_strndup(b.data, head, &e);
        if (text)
            format_registry[i]->detect("input", text, head);
        mem_free(text);
        if (format_registry[i]->read(&s, "input", &b, &c, &e) == 0)
            check(&s);
        else if (s.x || e.kind == ERR_NONE)
            abort();
        samples_free(&s);
        blob_free(&b);
        if (mem_live() != live)
            abort();
    }
    return 0;
}
