/* tuner.h - how many threads of the team pay: measured while training. Private to train/.
 *
 * Small steps are faster on one thread than on two, and a team one of whose processors is busy with
 * something else waits for it. Results do not depend on the number of threads, so it may change
 * from step to step. */
#ifndef TRAIN_TUNER_H
#define TRAIN_TUNER_H

#include <stdbool.h>
#include <stdint.h>

#define TUNER_CHOICES 10 /* all threads, half of them, .. 1 */

struct tuner {
    int n, threads[TUNER_CHOICES]; /* choices, most threads first */
    double rate[TUNER_CHOICES];    /* samples a second, as last seen; 0: never */
    int now, home;                 /* in use; where a trial returns to where it does not pay */
    bool fresh;                    /* the next step is the first one of its choice: not counted */
    double since;                  /* of the window that is measured */
    uint64_t samples;              /* in it */
    double patience, tried;        /* seconds from one trial to the next; when the last one ended */
    unsigned trials;
};

/* For teams of up to `threads`; starts with all of them at `clock`, in seconds. */
void tuner_start(struct tuner *t, int threads, double clock);

/* Behind a step of so many samples: the threads that the next one should use. */
int tuner_next(struct tuner *t, uint64_t samples, double clock);

/* `pause` seconds went by without steps. */
void tuner_pause(struct tuner *t, double pause);

#endif
