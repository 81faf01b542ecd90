/* shape.c - shapes as text. */
#include "base/shape.h"

#include <stdio.h>

const char *shape_text(struct shape s, char *out)
{
    if (shape_is_vector(s))
        snprintf(out, SHAPE_TEXT, "%d", s.c);
    else if (s.h == 1)
        snprintf(out, SHAPE_TEXT, "%dx%d", s.c, s.w);
    else
        snprintf(out, SHAPE_TEXT, "%dx%dx%d", s.c, s.h, s.w);
    return out;
}
