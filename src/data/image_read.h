/* image_read.h - image files as samples. */
#ifndef DATA_IMAGE_READ_H
#define DATA_IMAGE_READ_H

#include "data/image_list.h"

/* The images of a list, decoded by all processors, or as a cache has them (c->cache), in the shape
 * that c states (1xHxW or 3xHxW) or else all of them have. What is broken is an error, or is named
 * and left out (c->broken). */
int image_read_list(struct samples *s, struct image_list *l, const struct data_conf *c,
                    struct err *e);

/* A file that is one image: a sample without a class. */
int image_read_one(struct samples *s, const char *path, const struct blob *b,
                   const struct data_conf *c, struct err *e);

#endif
