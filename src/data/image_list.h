/* image_list.h - which image files there are, and of which classes. */
#ifndef DATA_IMAGE_LIST_H
#define DATA_IMAGE_LIST_H

#include "data/data.h"
#include "data/labels.h"

struct image_list {
    const char *path; /* of the folder, or of the list file */
    const char *unit; /* what messages count: "PATH:LINE" or "PATH: image N" */
    struct image_source {
        char *path;  /* of the file */
        size_t name; /* where in it the part begins that the folder or the list gives */
        int label;   /* as labels_add returned; 0 without classes */
    } * v;
    size_t n, cap;
    struct labels classes;
    bool labelled;
};

/* The images in a folder: those of its folders, at any depth, are of the class that the folder is
 * called by; a folder without folders has images without classes. In the order of the classes'
 * names, then of the files'. ERR_DATA for a class without images, images beside classes, none. */
int image_list_folder(struct image_list *l, const char *path, struct err *e);

/* The images that a text names, in its order: a line each, "PATH CLASS", or "PATH<tab>CLASS" where
 * the class has blanks, or "PATH" alone in all lines. A path begins in the list's folder, unless it
 * begins with a slash. Empty lines and lines that begin with # say nothing. */
int image_list_text(struct image_list *l, const char *path, const struct blob *b, struct err *e);

/* Whether a text looks like such a list. */
bool image_list_look(const char *text, size_t n);

/* In either case. */
void image_list_free(struct image_list *l);

#endif
