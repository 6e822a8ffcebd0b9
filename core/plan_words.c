/*
 * What arguments and their values are called. Data, and how it is put together; decides nothing. The number of this
 * process is known by what it is: a plan that is printed is this process's own.
 */
#include "core/plan_words.h"

#include <fcntl.h>
#include <linux/net.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/fanotify.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ioctl_names.h"
#include "core/util.h"

#define INT_MASK UINT64_C(0xffffffff)
#define COUNT_LIMIT 0x400000 /* above it, numbers are bits rather than counts or processes */

struct word {
	uint64_t value;
	const char *name;
};

#define WORD(constant) \
	{ \
		(uint64_t)(constant), #constant \
	}
#define LAST \
	{ \
		0, NULL \
	}

/* The names of the kernel's headers, of which some are younger than a distribution's. */
static const struct word open_flags[] = { WORD(O_WRONLY), WORD(O_RDWR), WORD(O_CREAT), WORD(O_TRUNC), WORD(O_PATH),
	{ O_TMPFILE & ~O_DIRECTORY, "O_TMPFILE" }, LAST };
static const struct word commands[] = { WORD(F_SETFL), WORD(F_SETOWN), WORD(F_SETOWN_EX), WORD(F_SETSIG), LAST };
static const struct word status_flags[] = { WORD(O_APPEND), LAST };
static const struct word options[] = { WORD(PR_SET_DUMPABLE), WORD(PR_GET_DUMPABLE), WORD(PR_CAPBSET_DROP),
	WORD(PR_CAP_AMBIENT), WORD(PR_SET_SECUREBITS), WORD(PR_SET_MM), { 65, "PR_SET_MDWE" }, LAST };
static const struct word resources[] = { WORD(RLIMIT_CORE), LAST };
static const struct word whose[] = { WORD(PRIO_PROCESS), WORD(PRIO_PGRP), WORD(PRIO_USER), LAST };
static const struct word priorities[] = { { 1, "IOPRIO_WHO_PROCESS" }, { 2, "IOPRIO_WHO_PGRP" },
	{ 3, "IOPRIO_WHO_USER" }, LAST };
static const struct word traces[] = { { 16, "PTRACE_ATTACH" }, { 0x4206, "PTRACE_SEIZE" }, LAST };
static const struct word domains[] = { WORD(AF_UNIX), WORD(AF_INET), WORD(AF_INET6), WORD(AF_NETLINK), LAST };
static const struct word types[] = { WORD(SOCK_STREAM), WORD(SOCK_DGRAM), WORD(SOCK_RAW), WORD(SOCK_PACKET), LAST };
static const struct word levels[] = { WORD(IPPROTO_IP), WORD(IPPROTO_IPV6), LAST };
static const struct word socket_options[] = { WORD(IP_OPTIONS), { 5, "IPV6_2292RTHDR" }, { 6, "IPV6_2292PKTOPTIONS" },
	{ 32, "IPV6_FLOWLABEL_MGR" }, { 57, "IPV6_RTHDR" }, LAST };
static const struct word subcalls[] = { WORD(SYS_SOCKET), WORD(SYS_BIND), WORD(SYS_CONNECT), WORD(SYS_LISTEN),
	WORD(SYS_ACCEPT), WORD(SYS_GETSOCKNAME), WORD(SYS_GETPEERNAME), WORD(SYS_SOCKETPAIR), WORD(SYS_SENDTO),
	WORD(SYS_SETSOCKOPT), WORD(SYS_SENDMSG), WORD(SYS_ACCEPT4), WORD(SYS_SENDMMSG), LAST };
static const struct word clone_flags[] = { WORD(CLONE_NEWNS), WORD(CLONE_NEWCGROUP), WORD(CLONE_NEWUTS),
	WORD(CLONE_NEWIPC), WORD(CLONE_NEWUSER), WORD(CLONE_NEWPID), WORD(CLONE_NEWNET), WORD(CLONE_UNTRACED), LAST };
static const struct word unshared[] = { WORD(CLONE_FS), WORD(CLONE_FILES), WORD(CLONE_SYSVSEM), LAST };
static const struct word watches[] = { WORD(FAN_CLASS_CONTENT), WORD(FAN_CLASS_PRE_CONTENT), WORD(FAN_REPORT_FID),
	WORD(FAN_REPORT_DIR_FID), { 0x80, "FAN_REPORT_PIDFD" }, { 0x4000, "FAN_REPORT_MNT" }, LAST };
static const struct word marks[] = { WORD(FAN_MARK_MOUNT), WORD(FAN_MARK_FILESYSTEM), LAST };
static const struct word modes[] = { WORD(S_IFBLK), WORD(S_IFCHR), LAST };
static const struct word protections[] = { WORD(PROT_EXEC), LAST };
static const struct word mappings[] = { WORD(MAP_ANONYMOUS), LAST };
static const struct word moves[] = { WORD(MREMAP_MAYMOVE), LAST };
static const struct word personas[] = { WORD(READ_IMPLIES_EXEC), LAST };
static const struct word segments[] = { { 0100000, "SHM_EXEC" }, LAST };
static const struct word ipc_calls[] = { { 21, "SHMAT" }, LAST };
static const struct word memory_files[] = { { 8, "MFD_NOEXEC_SEAL" }, LAST };
static const struct word writes[] = { { 0x20, "RWF_NOAPPEND" }, LAST };
static const struct word faults[] = { { 1, "UFFD_USER_MODE_ONLY" }, LAST };
static const struct word none[] = { LAST };
/* By its address: a number that is ours has a name. */
static const struct word processes[] = { LAST };

static const struct argument {
	enum sysno sysno;
	uint8_t index;
	const char *name;
	const struct word *words;
} arguments[] = {
	{ SC_open, 1, "flags", open_flags },
	{ SC_openat, 2, "flags", open_flags },
	{ SC_newfstatat, 1, "path", none },
	{ SC_fstatat64, 1, "path", none },
	{ SC_statx, 1, "path", none },
	{ SC_mknod, 1, "mode", modes },
	{ SC_mknodat, 2, "mode", modes },
	{ SC_fcntl, 1, "command", commands },
	{ SC_fcntl, 2, "flags", status_flags },
	{ SC_fcntl64, 1, "command", commands },
	{ SC_fcntl64, 2, "flags", status_flags },
	{ SC_pwritev2, PLAN_ARG_WRITE_FLAGS, "flags", writes },
	{ SC_ioctl, 1, "request", none },
	{ SC_fanotify_init, 0, "flags", watches },
	{ SC_fanotify_mark, 1, "flags", marks },
	{ SC_memfd_create, 1, "flags", memory_files },
	{ SC_clone, PLAN_ARG_CLONE_FLAGS, "flags", clone_flags },
	{ SC_unshare, 0, "flags", unshared },
	{ SC_prctl, 0, "option", options },
	{ SC_personality, 0, "persona", personas },
	{ SC_setrlimit, 0, "resource", resources },
	{ SC_prlimit64, 0, "process", processes },
	{ SC_prlimit64, 1, "resource", resources },
	{ SC_prlimit64, 2, "limit", none },
	{ SC_mmap, 2, "prot", protections },
	{ SC_mmap, 3, "flags", mappings },
	{ SC_mmap2, 2, "prot", protections },
	{ SC_mmap2, 3, "flags", mappings },
	{ SC_mprotect, 2, "prot", protections },
	{ SC_pkey_mprotect, 2, "prot", protections },
	{ SC_mremap, 3, "flags", moves },
	{ SC_shmat, 2, "flags", segments },
	{ SC_ipc, 0, "call", ipc_calls },
	{ SC_ipc, 2, "flags", segments },
	{ SC_socket, 0, "domain", domains },
	{ SC_socket, 1, "type", types },
	{ SC_socket, 2, "protocol", none },
	{ SC_socketpair, 0, "domain", domains },
	{ SC_socketcall, 0, "call", subcalls },
	{ SC_sendto, 4, "destination", none },
	{ SC_setsockopt, 1, "level", levels },
	{ SC_setsockopt, 2, "option", socket_options },
	{ SC_kill, 0, "process", processes },
	{ SC_tkill, 0, "process", processes },
	{ SC_tgkill, 0, "process", processes },
	{ SC_rt_sigqueueinfo, 0, "process", processes },
	{ SC_rt_tgsigqueueinfo, 0, "process", processes },
	{ SC_pidfd_open, 0, "process", processes },
	{ SC_sched_setaffinity, 0, "process", processes },
	{ SC_sched_setattr, 0, "process", processes },
	{ SC_sched_setparam, 0, "process", processes },
	{ SC_sched_setscheduler, 0, "process", processes },
	{ SC_migrate_pages, 0, "process", processes },
	{ SC_move_pages, 0, "process", processes },
	{ SC_userfaultfd, 0, "flags", faults },
	{ SC_process_vm_readv, 0, "process", processes },
	{ SC_process_vm_writev, 0, "process", processes },
	{ SC_ptrace, 0, "request", traces },
	{ SC_ptrace, 1, "process", processes },
	{ SC_setpriority, 0, "which", whose },
	{ SC_setpriority, 1, "who", processes },
	{ SC_ioprio_set, 0, "which", priorities },
	{ SC_ioprio_set, 1, "who", processes },
};

/* One that nobody named: "arg2". */
static struct argument plan_words_argument(enum sysno sysno, unsigned index)
{
	static const char *const numbered[] = { "arg0", "arg1", "arg2", "arg3", "arg4", "arg5", "flags" };

	for (size_t i = 0; i < ARRAY_SIZE(arguments); i++)
		if (arguments[i].sysno == sysno && arguments[i].index == index)
			return arguments[i];
	return (struct argument){ .name = numbered[index], .words = none };
}

static const char *plan_words_value(enum sysno sysno, const struct argument *argument, uint64_t value)
{
	const struct word *word = argument->words;

	if (sysno == SC_ioctl)
		return ioctl_name((uint32_t)value);
	if (word == processes && value == (uint64_t)getpid())
		return "Kennel's own";
	while (word->name && word->value != value)
		word++;
	return word->name;
}

/* "A|B|0x40" */
static void plan_words_bits(const struct word *words, uint64_t bits, char *buffer, size_t size)
{
	const char *separator = "";
	size_t used = 0;

	buffer[0] = '\0';
	for (; words->name && used < size; words++) {
		if (!words->value || (bits & words->value) != words->value)
			continue;
		bits &= ~words->value;
		snprintf(buffer + used, size - used, "%s%s", separator, words->name);
		used += strlen(buffer + used);
		separator = "|";
	}
	if (bits && used < size)
		snprintf(buffer + used, size - used, "%s%#llx", separator, (unsigned long long)bits);
}

static void plan_words_number(enum sysno sysno, uint64_t value, char *buffer, size_t size)
{
	if (sysno != SC_ioctl && (value < COUNT_LIMIT || value > INT32_MAX))
		snprintf(buffer, size, "%d", (int)(uint32_t)value);
	else
		snprintf(buffer, size, "%#llx", (unsigned long long)value);
}

void plan_words(enum sysno sysno, const struct plan_condition *condition, char *buffer, size_t size)
{
	const struct argument argument = plan_words_argument(sysno, condition->arg);
	const uint64_t mask = condition->mask, value = condition->value;
	const char *name = plan_words_value(sysno, &argument, value);
	char text[128];

	if (mask == UINT64_MAX && value == 0) {
		snprintf(buffer, size, "%s = NULL", argument.name);
	} else if (mask == INT_MASK || (name && mask != value && value != 0)) {
		plan_words_number(sysno, value, text, sizeof(text));
		snprintf(buffer, size, "%s = %s", argument.name, name ? name : text);
	} else if (value == 0 && mask > INT64_MAX) {
		plan_words_bits(argument.words, ~mask, text, sizeof(text));
		snprintf(buffer, size, "%s within %s", argument.name, text);
	} else if (value == 0 || mask == value) {
		plan_words_bits(argument.words == types ? none : argument.words, mask, text, sizeof(text));
		snprintf(buffer, size, "%s %s %s", argument.name, value == 0 ? "without" : "with", text);
	} else {
		snprintf(buffer, size, "%s & %#llx = %#llx", argument.name, (unsigned long long)mask,
			(unsigned long long)value);
	}
}
