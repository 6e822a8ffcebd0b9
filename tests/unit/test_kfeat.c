/*
 * Probes against what this kernel does when asked directly, and each feature forced off.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/kfeat.h"
#include "core/landlock.h"
#include "core/util.h"
#include "tests/unit/forked.h"

#ifndef PIDFD_THREAD
#define PIDFD_THREAD O_EXCL
#endif

/* The C library's statfs(). */
#ifdef SYS_statfs64
#define KFEAT_STATFS SYS_statfs64
#else
#define KFEAT_STATFS SYS_statfs
#endif

TestSuite(kfeat, .timeout = 60);

/* Of a descriptor that is there. */
static bool kfeat_takes_null_path(void)
{
	struct statx status;

	return syscall(SYS_statx, STDIN_FILENO, NULL, AT_EMPTY_PATH, STATX_TYPE, &status) == 0;
}

Test(kfeat, probes_say_what_the_kernel_does)
{
	struct kfeat features = { 0 };
	int fd = (int)syscall(SYS_pidfd_open, getpid(), PIDFD_THREAD);

	kfeat_probe(&features);
	cr_expect_eq(features.pidfd_thread, fd >= 0);
	cr_expect_eq(features.null_path, kfeat_takes_null_path());
	cr_expect_eq(features.landlock_abi, landlock_abi());
	cr_expect(features.sync_wake_up, "the listener itself is asked later");
}

Test(kfeat, probing_leaves_no_descriptor_open)
{
	struct kfeat features;
	int before = dup(STDIN_FILENO);

	close(before);
	kfeat_probe(&features);
	cr_expect_null(kfeat_missing());
	cr_expect_eq(dup(STDIN_FILENO), before);
}

Test(kfeat, each_feature_can_be_forced_off_alone)
{
	static const struct kfeat all = {
		.sync_wake_up = true, .recv_ends = true, .pidfd_thread = true, .landlock_abi = 7, .split_opens = true
	};
	static const struct {
		const char *name;
		struct kfeat expected;
	} rows[] = {
		{ "sync-wake-up", { .recv_ends = true, .pidfd_thread = true, .landlock_abi = 7, .split_opens = true } },
		{ "recv-ends", { .sync_wake_up = true, .pidfd_thread = true, .landlock_abi = 7, .split_opens = true } },
		{ "pidfd-thread", { .sync_wake_up = true, .recv_ends = true, .landlock_abi = 7, .split_opens = true } },
		{ "landlock", { .sync_wake_up = true, .recv_ends = true, .pidfd_thread = true, .split_opens = true } },
		{ "landlock-scope", { .sync_wake_up = true,
					    .recv_ends = true,
					    .pidfd_thread = true,
					    .landlock_abi = 5,
					    .split_opens = true } },
		{ "split-opens", { .sync_wake_up = true, .recv_ends = true, .pidfd_thread = true, .landlock_abi = 7 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct kfeat features = all;

		cr_expect(kfeat_disable(&features, rows[i].name));
		cr_expect_eq(features.sync_wake_up, rows[i].expected.sync_wake_up, "%s", rows[i].name);
		cr_expect_eq(features.recv_ends, rows[i].expected.recv_ends, "%s", rows[i].name);
		cr_expect_eq(features.pidfd_thread, rows[i].expected.pidfd_thread, "%s", rows[i].name);
		cr_expect_eq(features.landlock_abi, rows[i].expected.landlock_abi, "%s", rows[i].name);
		cr_expect_eq(features.split_opens, rows[i].expected.split_opens, "%s", rows[i].name);
	}
}

Test(kfeat, null_path_can_be_forced_off)
{
	struct kfeat features = { .null_path = true };

	cr_expect(kfeat_disable(&features, "null-path"));
	cr_expect_not(features.null_path);
}

Test(kfeat, forcing_off_gives_nothing_back)
{
	struct kfeat features = { .landlock_abi = 3 };

	cr_expect(kfeat_disable(&features, "landlock-scope"));
	cr_expect_eq(features.landlock_abi, 3);
}

Test(kfeat, unknown_feature_is_refused_and_changes_nothing)
{
	static const char *const names[] = { "", "land", "landlock ", "LANDLOCK", "pidfd_thread" };
	struct kfeat features = { .sync_wake_up = true, .pidfd_thread = true, .landlock_abi = 7 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		cr_expect_not(kfeat_disable(&features, names[i]), "%s", names[i]);
	cr_expect(features.sync_wake_up && features.pidfd_thread && features.landlock_abi == 7);
}

Test(kfeat, nothing_is_missing_from_5_19_on)
{
	struct utsname name;
	int major, minor;
	char *rest;

	cr_assert_eq(uname(&name), 0);
	major = (int)strtol(name.release, &rest, 10);
	minor = (int)strtol(rest + 1, NULL, 10);
	if (major < 5 || (major == 5 && minor < 19))
		cr_skip_test("a kernel that may lack it");
	cr_expect_null(kfeat_missing());
}

struct kfeat_lack {
	long nr;
	int error;        /* what the call then says */
	const char *word; /* of the message */
};

static void kfeat_without(void *context)
{
	const struct kfeat_lack *lack = context;
	struct sock_filter instructions[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (uint32_t)lack->nr, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (uint32_t)lack->error),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { ARRAY_SIZE(instructions), instructions };
	const char *missing;

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	FORKED_EXPECT(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0);
	missing = kfeat_missing();
	FORKED_EXPECT(missing && strstr(missing, lack->word));
	FORKED_EXPECT(!strchr(missing, '\n'));
}

Test(kfeat, what_is_missing_is_told_in_one_line)
{
	/* A kernel without the call, one that does not know the flag, and a filter that hides it. */
	static const struct kfeat_lack lacks[] = {
		{ SYS_seccomp, EINVAL, "5.19" },
		{ SYS_seccomp, ENOSYS, "CONFIG_SECCOMP_FILTER" },
		{ SYS_pidfd_open, ENOSYS, "pidfd_open" },
		{ SYS_pidfd_getfd, EPERM, "pidfd_getfd" },
		{ SYS_openat2, ENOSYS, "openat2" },
		{ SYS_process_vm_readv, ENOSYS, "CONFIG_CROSS_MEMORY_ATTACH" },
		{ SYS_memfd_create, ENOSYS, "memfd_create" },
		{ KFEAT_STATFS, ENOSYS, "/proc" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lacks); i++)
		cr_expect_eq(forked_run(kfeat_without, (void *)&lacks[i]), 0, "%s", lacks[i].word);
}
