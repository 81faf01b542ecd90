/* lint_tidy.h - read by clang-tidy in front of every file: tells it that these never return 0,
 * which it cannot see across files, and without which it follows paths that do not exist. */
#include "base/err.h"

#define err_set(...)    (err_set(__VA_ARGS__), -1)
#define err_errno(...)  (err_errno(__VA_ARGS__), -1)
#define err_prefix(...) (err_prefix(__VA_ARGS__), -1)
