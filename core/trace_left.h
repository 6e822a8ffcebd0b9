/*
 * The call that a stopped thread is in, or has just left. For core/trace.c and core/trace_signal.c.
 */
#ifndef KENNEL_CORE_TRACE_LEFT_H
#define KENNEL_CORE_TRACE_LEFT_H

#include <stdint.h>

struct ptrace_call;
struct traced;

/* The number (-1: none) and the arguments of its call as the kernel itself shows them, in /proc. 0 or -errno. */
int trace_kernel_call(const struct traced *traced, int64_t *number_out, uint64_t args_out[6]);

/* As ptrace_left_call(), also where registers do not tell the call. 0 or -errno. */
int trace_left_call(const struct traced *traced, struct ptrace_call *call_out, int64_t *result_out);

/*
 * At a STOP_FORK: what parent and child share, as flags of clone (CLONE_VM, CLONE_FS), or -errno: nobody can tell
 * (clone3 has them in memory).
 */
int trace_fork_flags(const struct traced *traced);

#endif
