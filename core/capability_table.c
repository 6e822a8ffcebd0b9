/*
 * The table of capabilities. Those are kept that only decide about files, ids, sockets and limits, on which rules
 * decide, too; the others reach past every rule. What a newer kernel has and the table has not is given up.
 */
#include "core/capability.h"

#include <linux/capability.h>

#include "core/category.h"
#include "core/plan.h"
#include "core/policy.h"
#include "core/policy_net.h"
#include "core/unsafe.h"
#include "core/util.h"

#define KEPT UINT32_MAX
#define TAKEN 0

static const struct capability_row {
	uint8_t number;
	uint32_t with; /* kept with one of these UNSAFE_BIT()s */
} capability_rows[] = {
	{ CAP_CHOWN, KEPT },                         /* files: chown and chgrp decide */
	{ CAP_DAC_OVERRIDE, KEPT },                  /* files: read and write decide */
	{ CAP_DAC_READ_SEARCH, KEPT },               /* the same; file handles are refused to all */
	{ CAP_FOWNER, KEPT },                        /* files: chmod, utime and delete decide */
	{ CAP_FSETID, KEPT },                        /* set-id bits: chmod decides, and no exec honours them */
	{ CAP_KILL, KEPT },                          /* signals do not leave the sandbox */
	{ CAP_SETGID, KEPT },                        /* ids: setgid+ decides */
	{ CAP_SETUID, KEPT },                        /* ids: setuid+ decides */
	{ CAP_SETPCAP, KEPT },                       /* only takes away from what is left */
	{ CAP_LINUX_IMMUTABLE, TAKEN },              /* stops others, and is no chmod */
	{ CAP_NET_BIND_SERVICE, KEPT },              /* sockets: net/bind decides */
	{ CAP_NET_BROADCAST, KEPT },                 /* unused */
	{ CAP_NET_ADMIN, TAKEN },                    /* changes the machine's network, firewall and tunnels */
	{ CAP_NET_RAW, KEPT },                       /* sockets: raw ones are refused while net is judged */
	{ CAP_IPC_LOCK, KEPT },                      /* its own memory */
	{ CAP_IPC_OWNER, TAKEN },                    /* memory and messages of other users, which have no names */
	{ CAP_SYS_MODULE, TAKEN },                   /* code in the kernel */
	{ CAP_SYS_RAWIO, UNSAFE_BIT(UNSAFE_RAWIO) }, /* ports and memory of the machine */
	{ CAP_SYS_CHROOT, TAKEN },                   /* another root changes what names mean */
	{ CAP_SYS_PTRACE, TAKEN },                   /* memory and descriptors of every process */
	{ CAP_SYS_PACCT, TAKEN },                    /* lets the kernel write to a file */
	{ CAP_SYS_ADMIN, TAKEN },                    /* mounts, and nearly everything */
	{ CAP_SYS_BOOT, UNSAFE_BIT(UNSAFE_REBOOT) }, /* ends the machine */
	{ CAP_SYS_NICE, KEPT },                      /* shares of time and memory */
	{ CAP_SYS_RESOURCE, KEPT },                  /* its own limits; rlimit/ takes it */
	{ CAP_SYS_TIME, UNSAFE_BIT(UNSAFE_TIME) },   /* the machine's clock */
	{ CAP_SYS_TTY_CONFIG, TAKEN },               /* hangs up terminals of others */
	{ CAP_MKNOD, KEPT },                         /* files: mkbdev and mkcdev decide */
	{ CAP_LEASE, KEPT },                         /* files that it can open */
	{ CAP_AUDIT_WRITE, KEPT },                   /* records of logins, which say who wrote them */
	{ CAP_AUDIT_CONTROL, TAKEN },                /* what the machine records */
	{ CAP_SETFCAP, KEPT },                       /* files: chattr decides, and no exec honours them */
	{ CAP_MAC_OVERRIDE, TAKEN },                 /* the machine's own rules */
	{ CAP_MAC_ADMIN, TAKEN },                    /* the same */
	{ CAP_SYSLOG, UNSAFE_BIT(UNSAFE_SYSLOG) },   /* the kernel's log and addresses */
	{ CAP_WAKE_ALARM, TAKEN },                   /* wakes the machine */
	{ CAP_BLOCK_SUSPEND, TAKEN },                /* keeps it awake */
	{ CAP_AUDIT_READ, TAKEN },                   /* what other processes do */
	{ 38, UNSAFE_BIT(UNSAFE_PERF) },             /* CAP_PERFMON (5.8): the same, in the kernel too */
	{ 39, TAKEN },                               /* CAP_BPF: code in the kernel */
	{ 40, TAKEN }, /* CAP_CHECKPOINT_RESTORE (5.9): files that processes of others hold */
};

uint64_t capability_kept(const struct policy *policy)
{
	uint64_t kept = 0;

	if (unsafe_given(policy_settings(policy), UNSAFE_CAPS) || !plan_refuses_surface(policy))
		return UINT64_MAX;
	for (size_t i = 0; i < ARRAY_SIZE(capability_rows); i++)
		if (capability_rows[i].with == KEPT || capability_rows[i].with & policy_settings(policy)->unsafe)
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
