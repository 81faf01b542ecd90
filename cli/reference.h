/* reference.h - docs/REFERENCE.md: the whole language and all commands, out of the tables. */
#ifndef REFERENCE_H
#define REFERENCE_H

/* On stdout. The same text on every machine. */
void reference_print(void);

#endif
