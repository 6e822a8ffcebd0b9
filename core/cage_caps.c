/*
 * The payload's capabilities are not ours to change here: it is forked before.
 */
#include "core/cage_caps.h"

#include <errno.h>
#include <linux/capability.h>
#include <linux/securebits.h>
#include <stdint.h>
#include <sys/prctl.h>

#include "core/capability.h"

/* Younger than some headers. */
enum { CAGE_CAP_BPF = 39 };

/* No call that is answered, or made by a worker, asks for them. */
#define CAGE_USELESS \
	(CAPABILITY_BIT(CAP_SETPCAP) | CAPABILITY_BIT(CAP_SYS_MODULE) | CAPABILITY_BIT(CAP_SYS_BOOT) | \
		CAPABILITY_BIT(CAP_SYS_TIME) | CAPABILITY_BIT(CAP_SYS_PACCT) | CAPABILITY_BIT(CAP_SYS_TTY_CONFIG) | \
		CAPABILITY_BIT(CAP_SYS_CHROOT) | CAPABILITY_BIT(CAP_SYS_NICE) | CAPABILITY_BIT(CAP_IPC_OWNER) | \
		CAPABILITY_BIT(CAP_WAKE_ALARM) | CAPABILITY_BIT(CAP_BLOCK_SUSPEND) | CAPABILITY_BIT(CAGE_CAP_BPF))

/* No exec of ours, which is not to be, gives root anything; ids go on taking capabilities with them. */
#define CAGE_SECUREBITS \
	(SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED | \
		SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED)

/* A sandbox around this one may keep us from it: then there is nothing of ours to lose. */
static int cage_caps_lock(void)
{
	int error = capability_unbind(0);

	if (error)
		return error == -EPERM ? 0 : error;
	return prctl(PR_SET_SECUREBITS, CAGE_SECUREBITS, 0, 0, 0) == 0 || errno == EPERM ? 0 : -errno;
}

int cage_caps_drop(bool acts)
{
	uint64_t kept = CAPABILITY_BIT(CAP_KILL);
	struct capability_sets sets;
	int error = capability_get(&sets);

	if (error < 0)
		return error;
	/* Whoever cannot trace everybody reads the memory of those only who have no capability that he lacks. */
	if (acts)
		kept = sets.effective & CAPABILITY_BIT(CAP_SYS_PTRACE) ? ~CAGE_USELESS : UINT64_MAX;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
		return -errno;
	error = sets.effective & CAPABILITY_BIT(CAP_SETPCAP) ? cage_caps_lock() : 0;
	if (error)
		return error;
	return capability_set(
		&(struct capability_sets){ .effective = sets.effective & kept, .permitted = sets.permitted & kept });
}
