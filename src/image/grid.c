/* grid.c - draws images side by side. */
#include "image/grid.h"

#include "base/mem.h"
#include "image/png.h"

#include <math.h>
#include <string.h>

#define MOST   100  /* images */
#define SIDE   1024 /* pixels that enlarging does not go beyond */
#define BORDER 64   /* grey of the lines */

bool grid_shows(struct shape s)
{
    return (s.c == 1 || s.c == 3) && s.h > 1;
}

/* Images in a row of n, and rows. */
static void arrange(int n, struct shape s, int *columns, int *rows)
{
    *columns = (int)ceil(sqrt((double)n * s.h / s.w));
    *columns = *columns < 1 ? 1 : *columns > n ? n : *columns;
    *rows = (n + *columns - 1) / *columns;
}

static bool fits(int n, struct shape s)
{
    int columns, rows;
    arrange(n, s, &columns, &rows);
    return (long)columns * (s.w + 1) < PNG_SIDE_MAX && (long)rows * (s.h + 1) < PNG_SIDE_MAX;
}

int grid_most(struct shape s)
{
    int n = MOST;
    while (n > 0 && !fits(n, s))
        n--;
    return n;
}

static unsigned char grey(real v, real lo, real hi)
{
    if (!(v > lo)) /* and NaN */
        return 0;
    return v >= hi ? 255 : (unsigned char)((v - lo) / (hi - lo) * 255 + (real)0.5);
}

int grid_png(struct blob *png, const real *const *image, int n, struct shape s, real lo, real hi,
             struct err *e)
{
    int columns, rows;
    *png = (struct blob){0};
    if (n < 1 || n > MOST || !grid_shows(s) || !fits(n, s))
        return err_set(e, ERR_INTERNAL, "%d images cannot be shown in a grid", n);
    arrange(n, s, &columns, &rows);
    int zoom =
        SIDE / (columns * (s.w + 1) > rows * (s.h + 1) ? columns * (s.w + 1) : rows * (s.h + 1));
    zoom = zoom < 1 ? 1 : zoom;
    size_t c = (size_t)s.c;
    int tile_w = s.w * zoom + 1, tile_h = s.h * zoom + 1;
    int w = columns * tile_w + 1, h = rows * tile_h + 1;
    unsigned char *pixels = mem_alloc((size_t)w * (size_t)h, c, e);
    if (!pixels)
        return -1;
    memset(pixels, BORDER, (size_t)w * (size_t)h * c);
    for (int i = 0; i < n; i++)
        for (int y = 0; y < s.h * zoom; y++) {
            size_t row = (size_t)(i / columns * tile_h + 1 + y) * (size_t)w;
            unsigned char *to = pixels + (row + (size_t)(i % columns * tile_w + 1)) * c;
            const real *from = image[i] + (size_t)(y / zoom) * (size_t)s.w * c;
            for (int x = 0; x < s.w * zoom; x++)
                for (size_t k = 0; k < c; k++)
                    *to++ = grey(from[(size_t)(x / zoom) * c + k], lo, hi);
        }
    int r = png_encode(png, pixels, w, h, s.c, e);
    mem_free(pixels);
    return r;
}
