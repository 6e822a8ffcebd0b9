/*
 * Raw calls: the sets are two words. The payload's capabilities are not ours to change here: it is forked before.
 */
#include "core/cage_caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/util.h"

#define CAGE_BIT(capability) (UINT64_C(1) << (capability))
#define CAGE_CAPS_MAX 64

/* Younger than some headers. */
enum { CAGE_CAP_BPF = 39 };

/* No call that is answered, or made by a worker, asks for them. */
#define CAGE_USELESS \
	(CAGE_BIT(CAP_SETPCAP) | CAGE_BIT(CAP_SYS_MODULE) | CAGE_BIT(CAP_SYS_BOOT) | CAGE_BIT(CAP_SYS_TIME) | \
		CAGE_BIT(CAP_SYS_PACCT) | CAGE_BIT(CAP_SYS_TTY_CONFIG) | CAGE_BIT(CAP_SYS_CHROOT) | \
		CAGE_BIT(CAP_SYS_NICE) | CAGE_BIT(CAP_IPC_OWNER) | CAGE_BIT(CAP_WAKE_ALARM) | \
		CAGE_BIT(CAP_BLOCK_SUSPEND) | CAGE_BIT(CAGE_CAP_BPF))

/* No exec of ours, which is not to be, gives root anything; ids go on taking capabilities with them. */
#define CAGE_SECUREBITS \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | \
		SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* A sandbox around this one may keep us from it: then there is nothing of ours to lose. */
static int cage_caps_lock(void)
{
	for (unsigned long capability = 0; capability < CAGE_CAPS_MAX; capability++) {
		if (prctl(PR_CAPBSET_DROP, capability, 0, 0, 0) == 0)
			continue;
		if (errno == EINVAL)
			break;
		return errno == EPERM ? 0 : -errno;
	}
	return prctl(PR_SET_SECUREBITS, CAGE_SECUREBITS, 0, 0, 0) == 0 || errno == EPERM ? 0 : -errno;
}

int cage_caps_drop(bool acts)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };
	uint64_t kept = CAGE_BIT(CAP_KILL);
	int error;

	if (syscall(SYS_capget, &header, sets) < 0)
		return -errno;
	/* Whoever cannot trace everybody reads the memory of those only who have no capability that he lacks. */
	if (acts)
		kept = sets[0].effective & CAGE_BIT(CAP_SYS_PTRACE) ? ~CAGE_USELESS : UINT64_MAX;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	error = sets[0].effective & CAGE_BIT(CAP_SETPCAP) ? cage_caps_lock() : 0;
	if (error)
		return error;
	for (unsigned i = 0; i < ARRAY_SIZE(sets); i++) {
		sets[i].effective &= (uint32_t)(kept >> 32 * i);
		sets[i].permitted &= (uint32_t)(kept >> 32 * i);
		sets[i].inheritable = 0;
	}
	return (int)errno_result(syscall(SYS_capset, &header, sets));
}
