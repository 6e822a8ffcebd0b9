/* kennel bench: what it costs to intercept system calls, measured where it is asked. */
#ifndef KENNEL_CORE_CMD_BENCH_H
#define KENNEL_CORE_CMD_BENCH_H

/* argv[0] is "bench". Becomes the program that measures; returns 125 when that cannot be, and 0 for --help. */
int cmd_bench(int argc, char **argv);

#endif
