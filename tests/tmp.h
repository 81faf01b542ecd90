/* tmp.h - a folder of its own for a test: group set-up and tear-down for cmocka, and files in it.
 */
#ifndef TESTS_TMP_H
#define TESTS_TMP_H

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char tmp_dir[256];

static int tmp_remove_one(const char *path, const struct stat *st, int type, struct FTW *f)
{
    (void)st;
    (void)type;
    (void)f;
    return remove(path);
}

/* Makes a new folder and goes there. */
static int tmp_setup(void **state)
{
    (void)state;
    const char *t = getenv("TMPDIR");
    snprintf(tmp_dir, sizeof tmp_dir, "%s/diynn-test-XXXXXX", t && *t ? t : "/tmp");
    if (!mkdtemp(tmp_dir) || chdir(tmp_dir) < 0)
        return -1;
    char *full = realpath(".", NULL);
    snprintf(tmp_dir, sizeof tmp_dir, "%s", full ? full : "");
    free(full);
    return 0;
}

static int tmp_teardown(void **state)
{
    (void)state;
    if (chdir("/") < 0)
        return -1;
    return nftw(tmp_dir, tmp_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void tmp_write(const char *name, const void *p, size_t n)
{
    FILE *f = fopen(name, "wb");
    if (!f || fwrite(p, 1, n, f) != n || fclose(f) != 0)
        abort();
}

static inline void tmp_text(const char *name, const char *s)
{
    tmp_write(name, s, strlen(s));
}

#endif
