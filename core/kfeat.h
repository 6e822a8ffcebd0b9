/*
 * What this kernel can do, probed once at the start by using it. Every feature can be
 * forced off (kennel run --without FEATURE) so that each fallback is tested on a new
 * kernel too.
 */
#ifndef KENNEL_CORE_KFEAT_H
#define KENNEL_CORE_KFEAT_H

#include <stdbool.h>

struct kfeat {
	bool sync_wake_up;     /* SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP, 6.6 */
	bool recv_ends;        /* receiving a notification fails when no task is left, 6.11: by the release */
	bool pidfd_thread;     /* PIDFD_THREAD, 6.9 */
	bool get_syscall_info; /* PTRACE_GET_SYSCALL_INFO, 5.3: always there; off in tests only */
	bool set_syscall_info; /* PTRACE_SET_SYSCALL_INFO, 6.16; the first use tells */
	bool entry_result;     /* a result written at the entry stop may stick (the ABI says whether) */
	bool null_path;        /* AT_EMPTY_PATH takes NULL for an empty string, 6.11 */
	int landlock_abi;      /* 0: none */
	bool split_opens;      /* opens may be told apart by their flags; off in tests only: all are notified */
};

void kfeat_probe(struct kfeat *features);

/* Forces one feature off by name; false when there is no such feature. */
bool kfeat_disable(struct kfeat *features, const char *name);

/* NULL, or one line that names what this kernel lacks and Kennel cannot do without. */
const char *kfeat_missing(void);

/* A setting of one digit below /proc/sys, by its whole name; -1 where there is none, or none to be read. */
int kfeat_setting(const char *name);

#endif
