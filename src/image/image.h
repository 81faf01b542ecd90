/* image.h - pictures in files (PNG, JPEG, BMP, PGM, PPM) as bytes, and brought to a size.
 *
 * Nothing that a file says is believed: its signature, its size, and whether it has as many bytes
 * as it needs are checked before stb sees it. Alpha is dropped, 16 bits become 8, turns that a
 * camera noted (Exif) are not made. All may be called by several threads at once. */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/io.h"
#include "base/shape.h"

#define IMAGE_SIDE_MAX   16384
#define IMAGE_PIXELS_MAX (1 << 26)
#define IMAGE_BYTES_MAX  ((size_t)1 << 28) /* of a file */

enum image_kind { IMAGE_NONE, IMAGE_PNG, IMAGE_JPEG, IMAGE_BMP, IMAGE_PNM };

struct image {
    int w, h, channels;    /* 1 (grey) or 3 (red, green, blue) */
    unsigned char *pixels; /* h, w, channels; NULL: only the sizes are known */
};

/* How an image is brought to a size. */
enum image_fit {
    IMAGE_CROP,   /* scaled until it covers the size, then its middle */
    IMAGE_STRETCH /* both sides alike, whatever becomes of the proportions */
};

/* By the first bytes of a file (8 are enough). */
enum image_kind image_kind(const void *p, size_t n);

/* Whether a file's name ends as such files' names do. */
bool image_is_name(const char *path);

/* Sizes and channels as the header says; out->pixels is NULL. ERR_DATA "PATH: ..." where it is no
 * image of a kind that can be read, too large, or cut short. */
int image_probe(struct image *out, const struct blob *file, const char *path, struct err *e);

/* The same with pixels. ERR_DATA for damaged files. Free with image_free. */
int image_decode(struct image *out, const struct blob *file, const char *path, struct err *e);
void image_free(struct image *im);

/* The image as c x h x w bytes (c 1 or 3; out is h, w, c): grey is 0.299 red + 0.587 green + 0.114
 * blue; fewer pixels are means over areas, more are interpolated between neighbours. */
int image_fit(unsigned char *out, struct shape to, const struct image *im, enum image_fit how,
              struct err *e);

#endif
