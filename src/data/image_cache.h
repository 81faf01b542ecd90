/* image_cache.h - images as they were decoded the last time.
 *
 * A cache is a file of its own for each folder or list, shape and way to fit, below
 * $XDG_CACHE_HOME/diynn or ~/.cache/diynn. It is used only where every file is what it was when
 * it was decoded: same names in the same order, and each with its size, its times of modification
 * and of change and its inode; where one of these differs, or a time is so young that a later write
 * could bear the same, the content is read and must have the same hash and checksum. A file that is
 * damaged, or that another version has written, is no cache. */
#ifndef DATA_IMAGE_CACHE_H
#define DATA_IMAGE_CACHE_H

#include "data/image_list.h"

#include "base/folder.h"
#include "image/image.h"

enum image_status { IMAGE_GOOD, IMAGE_BROKEN };

/* All images of a list, decoded. */
struct image_set {
    const struct image_list *list;
    struct shape shape;
    enum image_fit fit;
    bool exact;    /* images of another size are refused */
    int64_t began; /* when the files' stamps were taken: before they were read */
    struct image_file {
        struct folder_stamp stamp;
        uint64_t hash; /* of the content */
        uint32_t crc;
        uint32_t status;  /* enum image_status */
    } * file;             /* one for each of the list */
    unsigned char *bytes; /* shape_size for each of the list, h, w, c */
};

/* Fills size, hash and crc of a file's content. */
void image_cache_print(struct image_file *f, const struct blob *content);

/* 1: set->bytes and set->file are there; 0: no cache that can be used; -1: out of memory. The
 * stamps must be in set->file. */
int image_cache_load(struct image_set *set, struct err *e);

/* Keeps a set. What goes wrong is told with -v. */
void image_cache_store(const struct image_set *set);

#endif
