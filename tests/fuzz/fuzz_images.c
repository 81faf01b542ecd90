/* libFuzzer target: any bytes as an image file. Their own checksum chooses a shape. Checksums of
 * PNG chunks are made right, or nothing behind them would ever be seen. What is decoded must be as
 * large as its header says, and every size can be made of it. */
#include "base/mem.h"
#include "image/image.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);
int LLVMFuzzerInitialize(int *argc, char ***argv);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    setenv("DIYNN_MEMORY", "512", 1);
    return 0;
}

static size_t big(const unsigned char *p)
{
    return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

static void fix_checksums(struct blob *b)
{
    unsigned char *p = (unsigned char *)b->data;
    if (image_kind(p, b->size) != IMAGE_PNG)
        return;
    for (size_t at = 8; b->size - at >= 12;) {
        size_t size = big(p + at);
        if (size > b->size - at - 12)
            return;
        uint32_t crc = io_crc32(0, p + at + 4, size + 4);
        for (int i = 0; i < 4; i++)
            p[at + 8 + size + (size_t)i] = (unsigned char)(crc >> 8 * (3 - i));
        at += 12 + size;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    static unsigned char out[3 * 16 * 16];
    struct image probed, im;
    struct err e = {0}, again = {0};
    size_t live = mem_live();
    if (n == 0)
        return 0;
    unsigned how = io_crc32(0, p, n);
    const struct shape shape = {how & 1 ? 3 : 1, 1 + (how >> 1 & 15), 1 + (how >> 5 & 15)};
    struct blob b = {mem_strndup((const char *)p, n, &e), n};
    if (!b.data)
        return 0;
    fix_checksums(&b);
    /* large ones are slow, and no different */
    if (image_probe(&probed, &b, "x", &e) == 0 && probed.w < 2000 && probed.h < 2000) {
        if (image_decode(&im, &b, "x", &again) == 0) {
            if (im.w != probed.w || im.h != probed.h || im.channels != probed.channels)
                abort();
            if (image_fit(out, shape, &im, how >> 9 & 1 ? IMAGE_CROP : IMAGE_STRETCH, &again) &&
                again.kind != ERR_INTERNAL)
                abort();
            image_free(&im);
        } else if (again.kind == ERR_NONE) {
            abort();
        }
    }
    blob_free(&b);
    if (mem_live() != live)
        abort();
    return 0;
}
