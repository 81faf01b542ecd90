/* netfile_names.h - for netfile.c alone. */
#ifndef BASE_NETFILE_NAMES_H
#define BASE_NETFILE_NAMES_H

#include "base/netfile.h"

/* Reports layers that go by one name, given or automatic, with both lines. -1: out of memory. */
int netfile_check_names(const struct netfile *nf, struct diag *d, struct err *e);

#endif
