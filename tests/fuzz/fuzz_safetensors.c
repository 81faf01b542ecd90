/* libFuzzer target: any bytes as a safetensors file. What is accepted must survive being written
 * and read again unchanged. */
#include "base/mem.h"
#include "train/safetensors.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    struct err e = {0};
    struct safetensors a, b = {0};
    struct blob in = {mem_alloc(n + 1, 1, &e), n}, first = {0}, second = {0};
    if (!in.data)
        return 0;
    if (n > 0)
        memcpy(in.data, p, n);
    if (safetensors_parse(&a, "input", &in, &e) == 0) {
        if (safetensors_serialise(a.tensors, a.n_tensors, a.meta, a.n_meta, &first, &e) < 0)
            abort();
        in = (struct blob){mem_alloc(first.size + 1, 1, &e), first.size};
        memcpy(in.data, first.data, first.size);
        if (safetensors_parse(&b, "output", &in, &e) < 0 ||
            safetensors_serialise(b.tensors, b.n_tensors, b.meta, b.n_meta, &second, &e) < 0)
            abort();
        if (first.size != second.size || memcmp(first.data, second.data, first.size) != 0)
            abort();
    }
    blob_free(&first);
    blob_free(&second);
    safetensors_free(&a);
    safetensors_free(&b);
    return 0;
}
