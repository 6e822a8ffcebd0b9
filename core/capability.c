/*
 * The calls that read capabilities and give them up. Which, core/capability_table.c says.
 */
#include "core/capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/util.h"

int capability_get(struct capability_sets *sets_out)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data) < 0)
		return -errno;
	*sets_out = (struct capability_sets){
		.effective = data[0].effective | (uint64_t)data[1].effective << 32,
		.permitted = data[0].permitted | (uint64_t)data[1].permitted << 32,
		.inheritable = data[0].inheritable | (uint64_t)data[1].inheritable << 32,
	};
	return 0;
}

int capability_set(const struct capability_sets *sets)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	for (unsigned i = 0; i < 2; i++) {
		data[i].effective = (uint32_t)(sets->effective >> 32 * i);
		data[i].permitted = (uint32_t)(sets->permitted >> 32 * i);
		data[i].inheritable = (uint32_t)(sets->inheritable >> 32 * i);
	}
	return (int)errno_result(syscall(SYS_capset, &header, data));
}

int capability_unbind(uint64_t kept)
{
	for (unsigned number = 0; number < 64; number++) {
		int bound = kept >> number & 1 ? 0 : prctl(PR_CAPBSET_READ, number);

		if (bound < 0) /* the kernel has no more */
			return 0;
		if (bound == 1 && prctl(PR_CAPBSET_DROP, number) < 0)
			return -errno;
	}
	return 0;
}

int capability_drop(uint64_t kept, uint64_t own)
{
	struct capability_sets sets;
	int error = capability_get(&sets);

	if (error < 0 || !(sets.permitted | sets.inheritable))
		return error;
	if (sets.effective & CAPABILITY_BIT(CAP_SETPCAP))
		error = capability_unbind(kept | own);
	/* Ambient ones follow: they are always permitted and inheritable. */
	sets.effective &= kept;
	sets.permitted &= kept | own;
	sets.inheritable &= kept;
	return error ? error : capability_set(&sets);
}

bool capability_permitted(unsigned number)
{
	struct capability_sets sets;

	return capability_get(&sets) < 0 || sets.permitted >> number & 1;
}
