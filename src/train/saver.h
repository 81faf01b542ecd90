/* saver.h - writes checkpoints beside training: a thread with one request at a time. */
#ifndef TRAIN_SAVER_H
#define TRAIN_SAVER_H

#include "base/io.h"
#include "train/runlog.h"

struct saver;

/* Writes into the folder `dir`; syncs `log` before. Both must outlive it. Its first request is
 * net.ini, whose text is taken over (*net is emptied). Free with saver_close. */
struct saver *saver_open(const char *dir, struct runlog *log, struct blob *net, struct err *e);

/* Whether a request would have to wait. */
bool saver_busy(struct saver *s);

/* Asks for log, best.safetensors (if best->data; taken over, *best is emptied) and last.safetensors
 * (stays the caller's, and must not change until the saver is idle). Waits for the request before.
 * -1: that one failed. */
int saver_submit(struct saver *s, struct blob *best, const struct blob *last, struct err *e);

/* Waits until all is written. -1: it failed. */
int saver_wait(struct saver *s, struct err *e);

void saver_close(struct saver *s); /* waits, says nothing */

#endif
