/*
 * Whose rights we act with: the status text, and real switches of ids and capabilities
 * towards child processes. Each test is a process of its own.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/call.h"
#include "core/identity.h"
#include "core/identity_state.h"
#include "core/sandbox.h"
#include "core/status.h"
#include "core/supervisor.h"

#define SOMEBODY 12345

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor };
static struct call call = { .sandbox = &sandbox };
static pid_t target = -1;

static void identity_setup(void)
{
	supervisor.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	supervisor.identity = identity_new();
	cr_assert(supervisor.identity);
	supervisor.privileged = identity_privileged(supervisor.identity);
	call.tid = getpid();
}

static void identity_end(void)
{
	if (target > 0) {
		kill(target, SIGKILL);
		waitpid(target, NULL, 0);
	}
	identity_free(supervisor.identity);
}

TestSuite(identity, .init = identity_setup, .fini = identity_end, .timeout = 60);

/* A child that has become what `become` makes of it, and waits. */
static void identity_target(void (*become)(void))
{
	int ready[2];
	char byte;

	cr_assert_eq(pipe(ready), 0);
	target = fork();
	if (!target) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		become();
		byte = 1;
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	call = (struct call){ .sandbox = &sandbox, .tid = target };
}

static uint64_t identity_effective(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	cr_assert_eq(syscall(SYS_capget, &header, data), 0);
	return data[0].effective | (uint64_t)data[1].effective << 32;
}

static void identity_skip_unless_root(void)
{
	if (geteuid() != 0 || !supervisor.privileged)
		cr_skip_test("needs root");
}

static const char status_text[] =
	"Name:\tUid:\\n9 9 9 9\nUmask:\t0027\nState:\tS (sleeping)\nTgid:\t41\nNgid:\t0\nPid:\t42\nPPid:\t1\n"
	"TracerPid:\t0\nUid:\t1\t2\t3\t4294967294\nGid:\t5\t6\t7\t8\nFDSize:\t64\nGroups:\t10 20 4294967294 \n"
	"NStgid:\t41\nCapInh:\t0000000000000001\nCapPrm:\t000001ffffffffff\nCapEff:\t0000000000000400\n";

Test(identity, status_is_parsed_line_by_line)
{
	static struct status status;

	cr_assert_eq(status_parse(status_text, &status), 0);
	cr_expect_eq(status.leader, 41);
	cr_expect_eq(status.umask, 027);
	cr_expect(status.uid[STATUS_REAL] == 1 && status.uid[STATUS_FS] == 4294967294U);
	cr_expect(status.gid[STATUS_REAL] == 5 && status.gid[STATUS_FS] == 8);
	cr_expect_eq(status.fd_size, 64);
	cr_expect(status.groups_count == 3 && status.groups[0] == 10 && status.groups[2] == 4294967294U);
	cr_expect_eq(status.permitted, UINT64_C(0x1ffffffffff));
	cr_expect_eq(status.effective, 0x400);
}

Test(identity, status_of_nobody_in_a_group_has_no_groups)
{
	static struct status status;

	cr_assert_eq(status_parse("Umask:\t0\nTgid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t1\nGroups:\t \n"
				  "CapPrm:\t0\nCapEff:\t0\n",
			     &status),
		0);
	cr_expect_eq(status.groups_count, 0);
}

Test(identity, status_without_a_line_is_refused_wherever_it_ends)
{
	static struct status status;
	char text[sizeof(status_text)];

	for (size_t len = 0; len < strlen(status_text) - strlen("0000000000000400\n"); len++) {
		memcpy(text, status_text, len);
		text[len] = '\0';
		cr_expect_eq(status_parse(text, &status), -EINVAL, "cut at %zu", len);
	}
}

Test(identity, status_with_more_groups_than_can_be_followed_is_refused)
{
	static struct status status;
	static char text[STATUS_TEXT_SIZE];
	size_t len =
		(size_t)sprintf(text, "Umask:\t0\nTgid:\t1\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nFDSize:\t1\nGroups:\t");

	for (unsigned i = 0; i <= STATUS_GROUPS_MAX; i++)
		len += (size_t)sprintf(text + len, "%u ", i);
	cr_expect_eq(status_parse(text, &status), -E2BIG);
}

Test(identity, nothing_is_read_while_ids_cannot_differ)
{
	call.tid = -1;
	cr_expect_eq(identity_assume(&call), 0);
	cr_expect_not(call.identity_read);
	identity_drop(&call);
}

Test(identity, thread_that_is_gone_is_told_apart)
{
	sandbox.ids_may_differ = true;
	call.tid = -1;
	cr_expect_eq(identity_assume(&call), -ESRCH);
}

Test(identity, marking_does_nothing_without_privilege)
{
	supervisor.privileged = false;
	identity_mark_changing(&call);
	cr_expect_not(sandbox.ids_may_differ);
	supervisor.privileged = true;
	identity_mark_changing(&call);
	cr_expect(sandbox.ids_may_differ);
}

static void become_somebody(void)
{
	gid_t groups[] = { 77, 88 };

	if (setgroups(2, groups) || setresgid(SOMEBODY, SOMEBODY, SOMEBODY) || setresuid(SOMEBODY, SOMEBODY, SOMEBODY))
		_exit(1);
}

Test(identity, another_user_is_assumed_whole_and_dropped_again)
{
	uint64_t ours = identity_effective();
	gid_t before[64], groups[64];
	int count;

	identity_skip_unless_root();
	count = getgroups(64, before);
	identity_target(become_somebody);
	sandbox.ids_may_differ = true;
	cr_assert_eq(identity_assume(&call), 0);
	cr_expect_eq(setfsuid((uid_t)-1), SOMEBODY);
	cr_expect_eq(setfsgid((gid_t)-1), SOMEBODY);
	cr_expect(getgroups(64, groups) == 2 && groups[0] == 77 && groups[1] == 88);
	cr_expect_eq(identity_effective(), 0);
	cr_expect_eq(geteuid(), 0);
	identity_drop(&call);
	cr_expect_eq(setfsuid((uid_t)-1), 0);
	cr_expect_eq(setfsgid((gid_t)-1), 0);
	cr_expect_eq(getgroups(64, groups), count);
	cr_expect_arr_eq(groups, before, (size_t)count * sizeof(gid_t));
	cr_expect_eq(identity_effective(), ours);
}

Test(identity, lifting_gives_capabilities_back_for_a_moment_only)
{
	uint64_t ours = identity_effective();

	identity_skip_unless_root();
	identity_target(become_somebody);
	sandbox.ids_may_differ = true;
	cr_expect_not(identity_lift(&call));
	cr_assert_eq(identity_assume(&call), 0);
	cr_expect(identity_lift(&call));
	cr_expect_eq(identity_effective(), ours);
	cr_expect_eq(setfsuid((uid_t)-1), SOMEBODY);
	identity_lower(&call);
	cr_expect_eq(identity_effective(), 0);
	identity_drop(&call);
}

static void become_weak_root(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { { .effective = 1 << CAP_CHOWN, .permitted = 1 << CAP_CHOWN } };

	if (syscall(SYS_capset, &header, data))
		_exit(1);
}

Test(identity, root_with_fewer_capabilities_is_not_taken_for_ours)
{
	uint64_t ours = identity_effective();

	identity_skip_unless_root();
	identity_target(become_weak_root);
	sandbox.ids_may_differ = true;
	cr_assert_eq(identity_assume(&call), 0);
	cr_expect_eq(identity_effective(), 1 << CAP_CHOWN);
	identity_drop(&call);
	cr_expect_eq(identity_effective(), ours);
}

static void become_split_user(void)
{
	if (setresuid(SOMEBODY, 0, 0) || setresgid(SOMEBODY, 0, 0))
		_exit(1);
}

static void become_everybody(void)
{
	if (setresgid(11, 12, 13) || setresuid(21, 0, 23))
		_exit(1);
	setfsgid(14);
	setfsuid(24);
}

Test(identity, ids_of_the_target_are_told_one_by_one)
{
	struct identity_ids ids;

	identity_skip_unless_root();
	identity_target(become_everybody);
	cr_assert_eq(identity_ids(&call, false, &ids), 0);
	cr_expect(ids.real == 21 && ids.effective == 0 && ids.saved == 23 && ids.fs == 24);
	cr_assert_eq(identity_ids(&call, true, &ids), 0);
	cr_expect(ids.real == 11 && ids.effective == 12 && ids.saved == 13 && ids.fs == 14);
}

Test(identity, capabilities_of_the_target_are_told_one_by_one)
{
	identity_skip_unless_root();
	identity_target(become_weak_root);
	cr_expect_eq(identity_capable(&call, CAP_CHOWN), 1);
	cr_expect_eq(identity_capable(&call, CAP_SETGID), 0);
}

Test(identity, ids_of_a_thread_that_is_gone_are_not_told)
{
	struct identity_ids ids;

	call.tid = -1;
	cr_expect_eq(identity_ids(&call, false, &ids), -ESRCH);
	cr_expect_eq(identity_capable(&call, CAP_SETGID), -ESRCH);
}

Test(identity, access_takes_the_real_ids_and_their_capabilities)
{
	identity_skip_unless_root();
	identity_target(become_split_user);
	sandbox.ids_may_differ = true;
	cr_assert_eq(identity_assume(&call), 0);
	cr_expect_eq(setfsuid((uid_t)-1), 0);
	cr_assert_eq(identity_take_real(&call), 0);
	cr_expect_eq(setfsuid((uid_t)-1), SOMEBODY);
	cr_expect_eq(setfsgid((gid_t)-1), SOMEBODY);
	cr_expect_eq(identity_effective(), 0);
	identity_drop(&call);
	cr_expect_eq(setfsuid((uid_t)-1), 0);
}

Test(identity, access_changes_nothing_for_plain_root)
{
	uint64_t ours = identity_effective();

	identity_skip_unless_root();
	cr_expect_eq(identity_take_real(&call), 0);
	cr_expect_eq(identity_effective(), ours);
	cr_expect_eq(setfsuid((uid_t)-1), 0);
	identity_drop(&call);
}

static void become_umask(void)
{
	umask(0153);
}

Test(identity, umask_of_the_target_is_ours_afterwards)
{
	mode_t now;
	_Bool crowded = true;

	identity_target(become_umask);
	cr_expect_eq(identity_take_umask(&call, &crowded), 0);
	cr_expect_not(crowded);
	now = umask(0);
	cr_expect_eq(now, 0153);
}

static void become_crowded(void)
{
	struct rlimit limit = { .rlim_cur = 64, .rlim_max = 64 };

	if (setrlimit(RLIMIT_NOFILE, &limit))
		_exit(1);
	while (dup(0) >= 0)
		;
}

Test(identity, full_descriptor_table_is_crowded)
{
	_Bool crowded = false;

	identity_target(become_crowded);
	cr_expect_eq(identity_take_umask(&call, &crowded), 0);
	cr_expect(crowded);
}

static void become_limited(void)
{
	struct rlimit limit = { .rlim_cur = 64, .rlim_max = 64 };

	close_range(3, ~0U, 0);
	if (dup2(2, 9) < 0 || setrlimit(RLIMIT_NOFILE, &limit))
		_exit(1);
}

Test(identity, table_as_large_as_its_limit_is_not_crowded_while_numbers_are_free)
{
	_Bool crowded = true;
	struct stat table;
	int ready;

	if (stat("/proc/self/fd", &table) == 0 && table.st_size == 0)
		cr_skip_test("the kernel does not tell how many descriptors a process has (Linux 6.2)");
	/* The pipe of the helper is closed in the child: wait for its limit to show. */
	target = fork();
	if (!target) {
		become_limited();
		pause();
		_exit(1);
	}
	for (ready = 0; ready < 200; ready++) {
		struct rlimit limit;

		if (prlimit(target, RLIMIT_NOFILE, NULL, &limit) == 0 && limit.rlim_cur == 64)
			break;
		usleep(10000);
	}
	call = (struct call){ .sandbox = &sandbox, .tid = target };
	cr_expect_eq(identity_take_umask(&call, &crowded), 0);
	cr_expect_not(crowded);
}

Test(identity, exported_identity_is_what_a_worker_becomes)
{
	struct identity_spec spec;
	int status;
	pid_t worker;

	identity_skip_unless_root();
	identity_target(become_somebody);
	cr_assert_eq(identity_export(&call, &spec), 0);
	cr_expect_eq(spec.differs, 0);
	sandbox.ids_may_differ = true;
	cr_assert_eq(identity_export(&call, &spec), 0);
	cr_expect_eq(spec.differs, 1);
	worker = fork();
	if (!worker) {
		if (identity_become(&spec) || identity_effective() || (uid_t)setfsuid((uid_t)-1) != SOMEBODY)
			_exit(1);
		_exit(open("/etc/shadow", O_RDONLY) < 0 && errno == EACCES ? 0 : 2);
	}
	cr_assert_eq(waitpid(worker, &status, 0), worker);
	cr_expect_eq(status, 0);
}
