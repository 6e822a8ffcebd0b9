/*
 * Included first: calls by their numbers on every architecture. Where longs have 32 bits, fstatat64 fills what libc has
 * for a struct stat while its times have 32 bits.
 */
#ifndef KENNEL_BENCH_NUMBERS_H
#define KENNEL_BENCH_NUMBERS_H

#undef _TIME_BITS

#include <sys/syscall.h>

#ifndef SYS_newfstatat
#define SYS_newfstatat SYS_fstatat64
#endif

#endif
