/* peer.h - what drivers of other libraries share: they print "ready", and then, for each line of
 * standard input, run one repetition and print its rate, so that compare.py can let peers take
 * turns. */
#ifndef BENCH_PEERS_PEER_H
#define BENCH_PEERS_PEER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double peer_clock(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Calls step(arg) for `seconds`, after a first call that does not count. Calls a second. */
static double peer_rate(void (*step)(void *), void *arg, double seconds)
{
    long n = 0;
    double start, t;
    step(arg);
    start = peer_clock();
    do {
        step(arg);
        n++;
        t = peer_clock() - start;
    } while (t < seconds);
    return (double)n / t;
}

/* rate(line) is the answer to each line; below 0: the line is refused. The exit code. */
static int peer_serve(double (*rate)(const char *line))
{
    char line[64];
    puts("ready");
    fflush(stdout);
    while (fgets(line, sizeof line, stdin)) {
        double r;
        line[strcspn(line, "\n")] = '\0';
        r = rate(line);
        if (r < 0)
            return 2;
        printf("%.8g\n", r);
        fflush(stdout);
    }
    return 0;
}

/* Uniform in [0, 1). */
static float peer_random(void)
{
    return (float)((double)rand() / ((double)RAND_MAX + 1));
}

#endif
