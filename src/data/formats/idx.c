/* idx.c - IDX, the format of MNIST and its relatives.
 *
 * Two zero bytes, the type of the numbers, the number of dimensions, the dimensions as 32-bit
 * numbers, the numbers; all of it with the most significant byte first. Labels are a second file
 * of one dimension, called labels-idx1 where the first one is called images-idx3. */
#include "data/array.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

#define HEAD 4 /* bytes in front of the dimensions */

static const struct {
    unsigned char code, type, size;
} types[] = {{0x08, ARRAY_UINT, 1}, {0x09, ARRAY_INT, 1},   {0x0b, ARRAY_INT, 2},
             {0x0c, ARRAY_INT, 4},  {0x0d, ARRAY_FLOAT, 4}, {0x0e, ARRAY_FLOAT, 8}};

static bool is_magic(const unsigned char *p, size_t n)
{
    bool known = false;
    for (size_t i = 0; n >= HEAD && i < sizeof types / sizeof *types; i++)
        known = known || types[i].code == p[2];
    return known && p[0] == 0 && p[1] == 0 && p[3] >= 1 && p[3] <= ARRAY_DIMS;
}

static int parse(struct array *a, const char *path, const struct blob *b, struct err *e)
{
    const unsigned char *p = (const unsigned char *)b->data;
    *a = (struct array){.path = path, .big = true};
    if (!is_magic(p, b->size))
        return err_set(e, ERR_DATA,
                       "%s: no IDX file: it must begin with 00 00, a type (08 to 0e) and the "
                       "number of dimensions",
                       path);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (types[i].code == p[2]) {
            a->type = (enum array_type)types[i].type;
            a->size = types[i].size;
        }
    }
    a->nd = p[3];
    size_t header = HEAD + 4 * (size_t)a->nd;
    if (b->size < header)
        return err_set(e, ERR_DATA, "%s: cut short: its header alone has %zu bytes", path, header);
    for (int d = 0; d < a->nd; d++) {
        const unsigned char *v = p + HEAD + 4 * (size_t)d;
        a->dim[d] = (size_t)v[0] << 24 | (size_t)v[1] << 16 | (size_t)v[2] << 8 | v[3];
    }
    return array_attach(a, b, header, e);
}

/* "DIR/train-labels-idx1-ubyte.gz" for "DIR/train-images-idx3-ubyte.gz", packed or not as it is
 * there; "" for a name without that pattern. NULL: out of memory. */
static char *labels_of(const char *path, struct err *e)
{
    static const char *const packed[] = {"", ".gz", ".bz2"};
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *images = strstr(base, "images"), *idx = images ? strstr(images, "idx") : NULL;
    if (!idx || idx[3] < '1' || idx[3] > '9')
        return mem_strdup("", e);
    char *name = mem_printf(e, "%.*slabels%.*sidx1%s", (int)(images - path), path,
                            (int)(idx - images - 6), images + 6, idx + 4);
    if (!name || io_exists(name))
        return name;
    size_t len = strlen(name);
    for (int i = 1; i < 3; i++) {
        size_t ext = strlen(packed[i]);
        if (len > ext && strcasecmp(name + len - ext, packed[i]) == 0)
            len -= ext;
    }
    for (int i = 0; i < 3; i++) {
        char *other = mem_printf(e, "%.*s%s", (int)len, name, packed[i]);
        if (!other || io_exists(other)) {
            mem_free(name);
            return other;
        }
        mem_free(other);
    }
    return name;
}

static int idx_read(struct samples *s, const char *path, const struct blob *b,
                    const struct data_conf *c, struct err *e)
{
    struct array a;
    if (parse(&a, path, b, e))
        return -1;
    char *labels = labels_of(path, e);
    if (!labels)
        return -1;
    int rc = array_samples(s, &a, c, *labels ? labels : NULL, e);
    mem_free(labels);
    return rc;
}

static bool idx_detect(const char *path, const char *head, size_t n)
{
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *idx = strstr(base, "-idx"), *dot = strrchr(base, '.');
    if ((idx && idx[4] >= '1' && idx[4] <= '9') || (dot && strcasecmp(dot, ".idx") == 0))
        return true;
    return is_magic((const unsigned char *)head, n);
}

const struct data_format format_idx = {
    .name = "idx",
    .help = "arrays as MNIST has them: images in one file, labels in another",
    .detect = idx_detect,
    .read = idx_read,
};
