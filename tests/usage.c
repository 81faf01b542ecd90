/* usage.c - runs a command and says what it took: in FILE, a line "kib N" (peak of its resident
 * memory) and a line "ms N" (from its start to its end). A program of its own because a child's
 * peak begins with its parent's: a shell or Python would be measured too.
 *
 *     usage FILE COMMAND [ARGUMENT..]
 *
 * Ends with the command's exit code; 126 where it cannot be run. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return 1e3 * (double)ts.tv_sec + 1e-6 * (double)ts.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 126;
    double start = now_ms();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        _exit(126);
    }
    int status;
    struct rusage u;
    if (child < 0 || wait4(child, &status, 0, &u) < 0)
        return 126;
    double ms = now_ms() - start;
    FILE *f = fopen(argv[1], "w");
    if (!f)
        return 126;
    fprintf(f, "kib %ld\nms %.2f\n", u.ru_maxrss, ms);
    if (fclose(f))
        return 126;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
