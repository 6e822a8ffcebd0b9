/*
 * Which capabilities a payload keeps under which policy, and that what was given up is gone for good. What changes
 * a process runs in one of its own.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "core/capability.h"
#include "core/status.h"
#include "core/util.h"
#include "tests/unit/forked.h"
#include "tests/unit/policy_fixture.h"

TestSuite(capability, .timeout = 60);

#define POLICY(...) fixture_policy((const char *const[]){ __VA_ARGS__, NULL })

static uint64_t kept_of(struct policy *policy)
{
	uint64_t kept = capability_kept(policy);

	policy_free(policy);
	return kept;
}

static uint64_t own_of(struct policy *policy)
{
	uint64_t own = capability_own(policy);

	policy_free(policy);
	return own;
}

Test(capability, where_nothing_is_refused_all_are_kept)
{
	cr_expect_eq(kept_of(POLICY("sandbox/all:off")), UINT64_MAX);
	cr_expect_eq(kept_of(POLICY("default/all:allow")), UINT64_MAX);
	cr_expect_eq(kept_of(POLICY("allow_unsafe/caps:on")), UINT64_MAX);
	cr_expect_eq(own_of(POLICY("sandbox/all:off")), 0);
	cr_expect_eq(own_of(POLICY("allow_unsafe/caps:on")), 0);
}

Test(capability, any_category_named_ids_or_an_open_policy_takes_those_that_pass_by_rules)
{
	static const unsigned taken[] = { CAP_SYS_ADMIN, CAP_SYS_PTRACE, CAP_SYS_MODULE, CAP_SYS_RAWIO, CAP_SYS_BOOT,
		CAP_SYS_TIME, CAP_SYSLOG, CAP_SYS_CHROOT, CAP_SYS_PACCT, CAP_SYS_TTY_CONFIG, CAP_MAC_ADMIN,
		CAP_MAC_OVERRIDE, CAP_NET_ADMIN, CAP_AUDIT_CONTROL, CAP_AUDIT_READ, CAP_WAKE_ALARM, CAP_BLOCK_SUSPEND,
		CAP_LINUX_IMMUTABLE, CAP_IPC_OWNER, 38, 39, 40, 41, 63 };
	static const unsigned left[] = { CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER, CAP_FSETID,
		CAP_KILL, CAP_SETUID, CAP_SETGID, CAP_SETPCAP, CAP_SETFCAP, CAP_MKNOD, CAP_NET_BIND_SERVICE,
		CAP_NET_RAW, CAP_SYS_RESOURCE, CAP_SYS_NICE, CAP_IPC_LOCK, CAP_LEASE, CAP_AUDIT_WRITE,
		CAP_NET_BROADCAST };
	const uint64_t kept[] = { kept_of(POLICY("sandbox/all:off", "sandbox/net/link:on")),
		kept_of(POLICY("sandbox/all:off", "setuid+1.2")), kept_of(POLICY("sandbox/all:off", "lock:read")) };

	for (size_t i = 0; i < ARRAY_SIZE(kept); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(taken); j++)
			cr_expect_not(kept[i] >> taken[j] & 1, "%zu: %u", i, taken[j]);
		for (size_t j = 0; j < ARRAY_SIZE(left); j++)
			cr_expect(kept[i] >> left[j] & 1, "%zu: %u", i, left[j]);
	}
}

Test(capability, the_supervisor_needs_more_only_where_processes_and_messages_are_judged)
{
	const uint64_t reach = CAPABILITY_BIT(CAP_SYS_PTRACE);

	cr_expect_eq(own_of(POLICY("sandbox/net:off")), reach);
	cr_expect_eq(own_of(POLICY("default/net/bind:deny")), reach | CAPABILITY_BIT(CAP_SYS_ADMIN));
}

static void capability_status(struct status *status_out)
{
	char text[STATUS_TEXT_SIZE];
	int proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	FORKED_EXPECT(status_read(proc, getpid(), text, status_out) == 0);
	close(proc);
}

static void capability_dropped(void *context)
{
	const uint64_t kept = CAPABILITY_BIT(CAP_CHOWN) | CAPABILITY_BIT(CAP_SETPCAP);
	const uint64_t own = CAPABILITY_BIT(CAP_KILL);
	static struct status status;

	(void)context;
	FORKED_EXPECT(capability_drop(kept, own) == 0);
	capability_status(&status);
	FORKED_EXPECT(status.effective == kept && status.permitted == (kept | own));
	FORKED_EXPECT(capability_permitted(CAP_KILL) && !capability_permitted(CAP_FOWNER));
	for (unsigned number = 0; number < 41; number++)
		FORKED_EXPECT(prctl(PR_CAPBSET_READ, number) == (int)((kept | own) >> number & 1));
	FORKED_EXPECT(capability_drop(0, 0) == 0);
	capability_status(&status);
	FORKED_EXPECT(!status.effective && !status.permitted && prctl(PR_CAPBSET_READ, CAP_CHOWN) == 0);
}

Test(capability, what_is_given_up_is_in_no_set)
{
	if (geteuid() != 0 || prctl(PR_CAPBSET_READ, CAP_SETPCAP) != 1 || !capability_permitted(CAP_SETPCAP))
		cr_skip_test("needs root");
	cr_expect_eq(forked_run(capability_dropped, NULL), 0);
}

static void capability_ordinary(void *context)
{
	static struct status status;

	(void)context;
	FORKED_EXPECT(geteuid() != 0 || setresuid(12345, 12345, 12345) == 0);
	FORKED_EXPECT(capability_drop(1, 0) == 0);
	capability_status(&status);
	FORKED_EXPECT(!status.effective && !status.permitted);
}

Test(capability, who_has_none_gives_up_nothing)
{
	cr_expect_eq(forked_run(capability_ordinary, NULL), 0);
}
