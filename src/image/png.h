/* png.h - pixels as PNG. */
#ifndef IMAGE_PNG_H
#define IMAGE_PNG_H

#include "base/io.h"

/* Most pixels to a side. */
#define PNG_SIDE_MAX 16384

/* The bytes of a PNG file of w x h pixels (both at most PNG_SIDE_MAX) with 1 (grey) or 3 (red,
 * green, blue) bytes each, rows from the top. *out by blob_free. */
int png_encode(struct blob *out, const unsigned char *pixels, int w, int h, int channels,
               struct err *e);

#endif
