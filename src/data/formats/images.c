/* images.c - image files: a folder for each class, a list, or a single one. */
#include "data/image_list.h"
#include "data/image_read.h"
#include "image/image.h"

#include <string.h>
#include <strings.h>

static int images_read(struct samples *s, const char *path, const struct blob *b,
                       const struct data_conf *c, struct err *e)
{
    struct image_list l;
    bool one = image_is_name(path) || image_kind(b->data, b->size) != IMAGE_NONE;
    if (b->data && one)
        return image_read_one(s, path, b, c, e);
    int rc = b->data ? image_list_text(&l, path, b, e) : image_list_folder(&l, path, e);
    if (rc == 0)
        rc = image_read_list(s, &l, c, e);
    image_list_free(&l);
    return rc;
}

/* A text begins with BM or P5 too: of these kinds more is asked for. */
static bool is_image(const char *head, size_t n)
{
    switch (image_kind(head, n)) {
    case IMAGE_BMP:
        return n > 26 && memcmp(head + 6, "\0\0\0\0", 4) == 0;
    case IMAGE_PNM:
        return n > 3 && (head[3] == '#' || (head[3] >= '0' && head[3] <= '9'));
    case IMAGE_PNG:
    case IMAGE_JPEG:
        return true;
    case IMAGE_NONE:
        break;
    }
    return false;
}

static bool images_detect(const char *path, const char *head, size_t n)
{
    const char *dot = strrchr(path, '.');
    return image_is_name(path) || (dot && strcasecmp(dot, ".lst") == 0) || is_image(head, n) ||
           image_list_look(head, n);
}

const struct data_format format_images = {
    .name = "images",
    .help = "PNG, JPEG, BMP, PGM: a folder with a folder for each class, or a list, PATH CLASS a "
            "line",
    .folders = true,
    .detect = images_detect,
    .read = images_read,
};
