/*
 * The small program loaded before every other one: ABIs that are off kill, numbers
 * above the last that we know are ENOSYS. Depends on the enabled ABIs only.
 */
#ifndef KENNEL_CORE_GUARD_H
#define KENNEL_CORE_GUARD_H

#include <linux/filter.h>

struct abi;

#define GUARD_ABIS_MAX 8
#define GUARD_LENGTH_MAX (2 + GUARD_ABIS_MAX * 12)

/*
 * Fills instructions (the storage is the caller's) and points out at them. 0, or -EINVAL when there
 * are no ABIs or more than GUARD_ABIS_MAX.
 */
int guard_build(const struct abi *const *abis, unsigned count, struct sock_filter instructions[GUARD_LENGTH_MAX],
	struct sock_fprog *out);

#endif
