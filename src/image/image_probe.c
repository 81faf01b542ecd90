/* image_probe.c - what the headers of image files say, and whether it can be true. */
#include "image/image.h"

#include <string.h>
#include <strings.h>

#define PNG_HEAD  33   /* signature and the chunk IHDR */
#define INFLATE   1040 /* more than the most that a byte of a PNG can unpack to */
#define MAXVAL    255  /* of PGM and PPM */
#define BMP_CORE  12   /* size of OS/2's header */
#define BMP_BEGIN 14   /* bytes in front of the header that has a size */

static uint32_t big(const unsigned char *p, int n)
{
    uint32_t v = 0;
    for (int i = 0; i < n; i++)
        v = v << 8 | p[i];
    return v;
}

static uint32_t little(const unsigned char *p, int n)
{
    uint32_t v = 0;
    for (int i = n; i > 0; i--)
        v = v << 8 | p[i - 1];
    return v;
}

/* What parts the words of a PGM's header. */
static bool is_blank(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum image_kind image_kind(const void *p, size_t n)
{
    const unsigned char *b = p;
    if (n >= 8 && memcmp(b, "\x89PNG\r\n\x1a\n", 8) == 0)
        return IMAGE_PNG;
    if (n >= 3 && memcmp(b, "\xff\xd8\xff", 3) == 0)
        return IMAGE_JPEG;
    if (n >= 2 && memcmp(b, "BM", 2) == 0)
        return IMAGE_BMP;
    if (n >= 3 && b[0] == 'P' && (b[1] == '5' || b[1] == '6') && (is_blank(b[2]) || b[2] == '#'))
        return IMAGE_PNM;
    return IMAGE_NONE;
}

bool image_is_name(const char *path)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg", ".bmp", ".pgm", ".ppm", NULL};
    const char *dot = strrchr(path, '.');
    for (int i = 0; dot && endings[i]; i++)
        if (strcasecmp(dot, endings[i]) == 0)
            return true;
    return false;
}

static int cut_short(const char *path, struct err *e)
{
    return err_set(e, ERR_DATA, "%s: the image is cut short", path);
}

static int set_size(struct image *out, uint32_t w, uint32_t h, int channels, const char *path,
                    struct err *e)
{
    if (w == 0 || h == 0)
        return err_set(e, ERR_DATA, "%s: an image of %u x %u pixels", path, w, h);
    if (w > IMAGE_SIDE_MAX || h > IMAGE_SIDE_MAX || (uint64_t)w * h > IMAGE_PIXELS_MAX)
        return err_set(e, ERR_DATA,
                       "%s: %u x %u pixels are too many: at most %d to a side, and %d Mi", path, w,
                       h, IMAGE_SIDE_MAX, IMAGE_PIXELS_MAX >> 20);
    *out = (struct image){(int)w, (int)h, channels, NULL};
    return 0;
}

/* All chunks are whole, those that matter as they were written, and the last one ends the image. */
static int check_chunks(const unsigned char *p, size_t n, const char *path, struct err *e)
{
    for (size_t at = 8; n - at >= 12;) {
        size_t size = big(p + at, 4);
        if (size > n - at - 12)
            break;
        bool matters = !(p[at + 4] & 0x20); /* a capital letter */
        if (matters && big(p + at + 8 + size, 4) != io_crc32(0, p + at + 4, size + 4))
            return err_set(e, ERR_DATA, "%s: damaged: a wrong checksum at byte %zu", path, at);
        if (memcmp(p + at + 4, "IEND", 4) == 0)
            return 0;
        at += 12 + size;
    }
    return cut_short(path, e);
}

static int probe_png(struct image *out, const unsigned char *p, size_t n, const char *path,
                     struct err *e)
{
    static const unsigned char samples[] = {[0] = 1, [2] = 3, [3] = 1, [4] = 2, [6] = 4};
    if (n < PNG_HEAD)
        return cut_short(path, e);
    unsigned bits = p[24], colour = p[25];
    if (big(p + 8, 4) != 13 || memcmp(p + 12, "IHDR", 4) != 0 || colour > 6 || !samples[colour] ||
        bits > 16)
        return err_set(e, ERR_DATA, "%s: damaged: no header of a PNG", path);
    uint32_t w = big(p + 16, 4), h = big(p + 20, 4);
    if (set_size(out, w, h, colour == 0 || colour == 4 ? 1 : 3, path, e))
        return -1;
    if (((uint64_t)w * samples[colour] * bits + 7) / 8 * h / INFLATE > n)
        return cut_short(path, e);
    return check_chunks(p, n, path, e);
}

/* Whether Huffman tables (n bytes behind their length) hold no more codes than there can be: stb
 * relies on it. */
static bool sound_tables(const unsigned char *p, size_t n)
{
    for (size_t at = 0; at < n;) {
        size_t codes = 0;
        for (size_t i = 1; i <= 16 && at + i < n; i++)
            codes += p[at + i];
        if (n - at < 17 || codes > 256 || codes > n - at - 17)
            return false;
        at += 17 + codes;
    }
    return true;
}

/* The same for all tables behind the first scan: the mark of a table cannot occur in a scan. */
static bool sound_scans(const unsigned char *p, size_t n)
{
    const unsigned char *end = p + n;
    while (n >= 2 && (p = memchr(p, 0xff, (size_t)(end - p))) && end - p >= 2) {
        if (p[1] == 0xc4) {
            size_t left = (size_t)(end - p) - 2, size = left < 2 ? 0 : big(p + 2, 2);
            if (size < 2 || size > left || !sound_tables(p + 4, size - 2))
                return false;
        }
        p++;
    }
    return true;
}

/* The frame header has the size. */
static int take_frame(struct image *out, unsigned marker, const unsigned char *p, size_t size,
                      const char *path, struct err *e)
{
    if (size < 8)
        return cut_short(path, e);
    if (marker > 0xc2 || p[0] != 8)
        return err_set(e, ERR_DATA,
                       "%s: a JPEG of a rare kind (lossless, arithmetic or not of 8 bits) cannot "
                       "be read",
                       path);
    return set_size(out, big(p + 3, 2), big(p + 1, 2), p[5] == 1 ? 1 : 3, path, e);
}

/* Goes from marker to marker to the first scan. */
static int probe_jpeg(struct image *out, const unsigned char *p, size_t n, const char *path,
                      struct err *e)
{
    for (size_t at = 2; at + 4 <= n;) {
        if (p[at] != 0xff)
            return err_set(e, ERR_DATA, "%s: damaged: no marker at byte %zu of a JPEG", path, at);
        unsigned marker = p[at + 1];
        if (marker == 0xff) { /* filling */
            at++;
            continue;
        }
        size_t size = big(p + at + 2, 2);
        if (size < 2 || n - at - 2 < size)
            return cut_short(path, e);
        bool frame =
            marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc;
        if (frame && take_frame(out, marker, p + at + 4, size, path, e))
            return -1;
        if ((marker == 0xd9 || marker == 0xda) && out->w == 0)
            return err_set(e, ERR_DATA, "%s: damaged: a JPEG without a frame header", path);
        if ((marker == 0xc4 && !sound_tables(p + at + 4, size - 2)) ||
            (marker == 0xda && !sound_scans(p + at, n - at)))
            return err_set(e, ERR_DATA, "%s: damaged: a wrong Huffman table", path);
        if (marker == 0xda)
            return 0;
        at += 2 + size;
    }
    return cut_short(path, e);
}

static int probe_bmp(struct image *out, const unsigned char *p, size_t n, const char *path,
                     struct err *e)
{
    if (n < BMP_BEGIN + BMP_CORE)
        return cut_short(path, e);
    uint32_t head = little(p + BMP_BEGIN, 4), from = little(p + 10, 4), w, h, bits;
    if (head == BMP_CORE) {
        w = little(p + 18, 2);
        h = little(p + 20, 2);
        bits = little(p + 24, 2);
    } else {
        if (n < BMP_BEGIN + 40 || head < 40)
            return cut_short(path, e);
        w = little(p + 18, 4);
        h = little(p + 22, 4);
        h = h >> 31 ? 0 - h : h; /* rows from the top */
        bits = little(p + 28, 2);
    }
    if (bits == 0 || bits > 32)
        return err_set(e, ERR_DATA, "%s: damaged: a BMP of %u bits a pixel", path, bits);
    if (set_size(out, w, h, 3, path, e))
        return -1;
    if (head > n || from > n || n - from < ((uint64_t)w * bits + 31) / 32 * 4 * h)
        return cut_short(path, e);
    return 0;
}

/* A number of a PGM's header behind blanks and comments; at: where it stands, then what follows. */
static bool pnm_number(const unsigned char *p, size_t n, size_t *at, uint32_t *v)
{
    size_t i = *at;
    while (i < n && (is_blank(p[i]) || p[i] == '#'))
        if (p[i] == '#')
            while (i < n && p[i] != '\n' && p[i] != '\r')
                i++;
        else
            i++;
    size_t start = i;
    for (*v = 0; i < n && p[i] >= '0' && p[i] <= '9' && i - start < 9; i++)
        *v = *v * 10 + (p[i] - '0');
    *at = i;
    return i > start && i < n && !(p[i] >= '0' && p[i] <= '9');
}

static int probe_pnm(struct image *out, const unsigned char *p, size_t n, const char *path,
                     struct err *e)
{
    size_t at = 2;
    uint32_t w, h, maxval;
    if (!pnm_number(p, n, &at, &w) || !pnm_number(p, n, &at, &h) ||
        !pnm_number(p, n, &at, &maxval) || !is_blank(p[at]))
        return err_set(e, ERR_DATA, "%s: damaged: no header of a PGM or PPM", path);
    if (maxval != MAXVAL)
        return err_set(e, ERR_DATA, "%s: values up to %u: only %d can be read", path, maxval,
                       MAXVAL);
    if (set_size(out, w, h, p[1] == '5' ? 1 : 3, path, e))
        return -1;
    return n - at - 1 < (uint64_t)w * h * (unsigned)out->channels ? cut_short(path, e) : 0;
}

int image_probe(struct image *out, const struct blob *file, const char *path, struct err *e)
{
    const unsigned char *p = (const unsigned char *)file->data;
    *out = (struct image){.w = 0};
    switch (image_kind(p, file->size)) {
    case IMAGE_PNG:
        return probe_png(out, p, file->size, path, e);
    case IMAGE_JPEG:
        return probe_jpeg(out, p, file->size, path, e);
    case IMAGE_BMP:
        return probe_bmp(out, p, file->size, path, e);
    case IMAGE_PNM:
        return probe_pnm(out, p, file->size, path, e);
    case IMAGE_NONE:
        break;
    }
    if (file->size == 0)
        return err_set(e, ERR_DATA, "%s: is empty", path);
    return err_set(e, ERR_DATA, "%s: is no PNG, JPEG, BMP, PGM or PPM", path);
}
