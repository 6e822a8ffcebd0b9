/*
 * The table of capabilities, and the calls that give them up. Those are kept that only decide about files, ids,
 * sockets and limits, on which rules decide too; the others reach past every rule. What a newer kernel has and
 * the table has not is given up.
 */
#include "core/capability.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/category.h"
#include "core/plan.h"
#include "core/policy.h"
#include "core/policy_net.h"
#include "core/unsafe.h"
#include "core/util.h"

static const struct capability_row {
	uint8_t number;
	bool kept;
} capability_rows[] = {
	{ CAP_CHOWN, true },            /* files: chown and chgrp decide */
	{ CAP_DAC_OVERRIDE, true },     /* files: read and write decide */
	{ CAP_DAC_READ_SEARCH, true },  /* the same; file handles are refused to all */
	{ CAP_FOWNER, true },           /* files: chmod, utime and delete decide */
	{ CAP_FSETID, true },           /* set-id bits: chmod decides, and no exec honours them */
	{ CAP_KILL, true },             /* signals do not leave the sandbox */
	{ CAP_SETGID, true },           /* ids: setgid+ decides */
	{ CAP_SETUID, true },           /* ids: setuid+ decides */
	{ CAP_SETPCAP, true },          /* only takes away from what is left */
	{ CAP_LINUX_IMMUTABLE, false }, /* stops others, and is no chmod */
	{ CAP_NET_BIND_SERVICE, true }, /* sockets: net/bind decides */
	{ CAP_NET_BROADCAST, true },    /* unused */
	{ CAP_NET_ADMIN, false },       /* changes the machine's network, firewall and tunnels */
	{ CAP_NET_RAW, true },          /* sockets: raw ones are refused while net is judged */
	{ CAP_IPC_LOCK, true },         /* its own memory */
	{ CAP_IPC_OWNER, false },       /* memory and messages of other users, which have no names */
	{ CAP_SYS_MODULE, false },      /* code in the kernel */
	{ CAP_SYS_RAWIO, false },       /* ports and memory of the machine */
	{ CAP_SYS_CHROOT, false },      /* another root changes what names mean */
	{ CAP_SYS_PTRACE, false },      /* memory and descriptors of every process */
	{ CAP_SYS_PACCT, false },       /* lets the kernel write to a file */
	{ CAP_SYS_ADMIN, false },       /* mounts, and nearly everything */
	{ CAP_SYS_BOOT, false },        /* ends the machine */
	{ CAP_SYS_NICE, true },         /* shares of time and memory */
	{ CAP_SYS_RESOURCE, true },     /* its own limits; rlimit/ takes it */
	{ CAP_SYS_TIME, false },        /* the machine's clock */
	{ CAP_SYS_TTY_CONFIG, false },  /* hangs up terminals of others */
	{ CAP_MKNOD, true },            /* files: mkbdev and mkcdev decide */
	{ CAP_LEASE, true },            /* files that it can open */
	{ CAP_AUDIT_WRITE, true },      /* records of logins, which say who wrote them */
	{ CAP_AUDIT_CONTROL, false },   /* what the machine records */
	{ CAP_SETFCAP, true },          /* files: chattr decides, and no exec honours them */
	{ CAP_MAC_OVERRIDE, false },    /* the machine's own rules */
	{ CAP_MAC_ADMIN, false },       /* the same */
	{ CAP_SYSLOG, false },          /* the kernel's log and addresses */
	{ CAP_WAKE_ALARM, false },      /* wakes the machine */
	{ CAP_BLOCK_SUSPEND, false },   /* keeps it awake */
	{ CAP_AUDIT_READ, false },      /* what other processes do */
	{ 38, false },                  /* CAP_PERFMON (5.8): the same, in the kernel too */
	{ 39, false },                  /* CAP_BPF: code in the kernel */
	{ 40, false },                  /* CAP_CHECKPOINT_RESTORE (5.9): files that processes of others hold */
};

uint64_t capability_kept(const struct policy *policy)
{
	uint64_t kept = 0;

	if (unsafe_given(policy_settings(policy), UNSAFE_CAPS) || !plan_refuses_surface(policy))
		return UINT64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(capability_rows); i++)
		if (capability_rows[i].kept)
			kept |= CAPABILITY_BIT(capability_rows[i].number);
	return kept;
}

uint64_t capability_own(const struct policy *policy)
{
	uint64_t own = CAPABILITY_BIT(CAP_SYS_PTRACE);

	if (policy_active_bits(policy) & POLICY_NET_BITS)
		own |= CAPABILITY_BIT(CAP_SYS_ADMIN);
	return own & ~capability_kept(policy);
}

static int capability_get(struct __user_cap_data_struct sets_out[2])
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

	return (int)errno_result(syscall(SYS_capget, &header, sets_out));
}

/* What this capability permits is needed for it: done before that is given up. Without it, no_new_privs has to do. */
static int capability_unbind(uint64_t kept)
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
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };
	uint32_t any = 0;
	int error = capability_get(sets);

	if (!error && sets[0].effective & CAPABILITY_BIT(CAP_SETPCAP))
		error = capability_unbind(kept | own);
	/* Ambient ones follow: they are always permitted and inheritable. */
	for (unsigned i = 0; i < 2; i++) {
		any |= sets[i].permitted | sets[i].inheritable;
		sets[i].effective &= (uint32_t)(kept >> 32 * i);
		sets[i].permitted &= (uint32_t)((kept | own) >> 32 * i);
		sets[i].inheritable &= (uint32_t)(kept >> 32 * i);
	}
	return error || !any ? error : (int)errno_result(syscall(SYS_capset, &header, sets));
}

bool capability_permitted(unsigned number)
{
	struct __user_cap_data_struct sets[2] = { { 0 } };

	return capability_get(sets) < 0 || (sets[number / 32].permitted >> number % 32 & 1);
}
