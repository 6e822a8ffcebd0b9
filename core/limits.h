/*
 * The target's RLIMIT_FSIZE, assumed for one call that may make a file longer.
 */
#ifndef KENNEL_CORE_LIMITS_H
#define KENNEL_CORE_LIMITS_H

#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

struct call;

struct limits_fsize {
	struct rlimit ours;
	rlim_t target;
};

/* RLIMIT_CORE of a process (0: the caller's). 0 or -errno as prlimit(2). */
int limits_core(struct call *call, pid_t pid, uint64_t *soft_out, uint64_t *hard_out);

/* Our soft limit becomes the target's until limits_drop_fsize(). 0 or -errno (nothing to drop then). */
int limits_take_fsize(struct call *call, struct limits_fsize *limit_out);
void limits_drop_fsize(const struct limits_fsize *limit);

/*
 * To be asked when the call failed with EFBIG: sends SIGXFSZ to the calling thread when
 * it was its limit that a file of `end` bytes would have crossed, as the kernel does.
 */
void limits_signal_fsize(struct call *call, const struct limits_fsize *limit, uint64_t end);

/* SIGPIPE to the calling thread, as from its own write to a stream that has ended. */
void limits_signal_pipe(struct call *call);

#endif
