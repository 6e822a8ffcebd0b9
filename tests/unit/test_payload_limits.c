/*
 * rlimit/NAME:N: what a policy says becomes limits of a process; nothing is ever raised.
 */
#include <criterion/criterion.h>
#include <linux/capability.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/capability.h"
#include "core/payload_limits.h"
#include "core/policy_rlimit.h"
#include "core/util.h"
#include "tests/unit/forked.h"
#include "tests/unit/policy_fixture.h"

TestSuite(payload_limits, .timeout = 60);

static struct payload_limits limits_of(const char *command)
{
	struct policy *policy = fixture_policy((const char *const[]){ command, NULL });
	struct payload_limits limits;

	payload_limits_read(policy, &limits);
	policy_free(policy);
	return limits;
}

Test(payload_limits, every_limit_has_its_unit)
{
	static const struct {
		const char *command;
		unsigned resource;
		uint64_t value;
	} rows[] = {
		{ "rlimit/as:4G", RLIMIT_AS, UINT64_C(4) << 30 },
		{ "rlimit/core:0", RLIMIT_CORE, 0 },
		{ "rlimit/cpu:90", RLIMIT_CPU, 90 },
		{ "rlimit/cpu:2m", RLIMIT_CPU, 120 },
		{ "rlimit/cpu:1h", RLIMIT_CPU, 3600 },
		{ "rlimit/cpu:3000ms", RLIMIT_CPU, 3 },
		{ "rlimit/data:1K", RLIMIT_DATA, 1024 },
		{ "rlimit/fsize:1T", RLIMIT_FSIZE, UINT64_C(1) << 40 },
		{ "rlimit/locks:7", RLIMIT_LOCKS, 7 },
		{ "rlimit/memlock:64K", RLIMIT_MEMLOCK, 65536 },
		{ "rlimit/msgqueue:1M", RLIMIT_MSGQUEUE, 1 << 20 },
		{ "rlimit/nice:20", RLIMIT_NICE, 20 },
		{ "rlimit/nofile:64", RLIMIT_NOFILE, 64 },
		{ "rlimit/nproc:infinity", RLIMIT_NPROC, RLIM_INFINITY },
		{ "rlimit/rss:1234", RLIMIT_RSS, 1234 },
		{ "rlimit/rtprio:3", RLIMIT_RTPRIO, 3 },
		{ "rlimit/rttime:5", RLIMIT_RTTIME, 5 },
		{ "rlimit/rttime:200ms", RLIMIT_RTTIME, 200000 },
		{ "rlimit/rttime:2s", RLIMIT_RTTIME, 2000000 },
		{ "rlimit/sigpending:9", RLIMIT_SIGPENDING, 9 },
		{ "rlimit/stack:8M", RLIMIT_STACK, 8 << 20 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct payload_limits limits = limits_of(rows[i].command);

		cr_expect_eq(limits.set, UINT32_C(1) << rows[i].resource, "%s", rows[i].command);
		cr_expect_eq(limits.values[rows[i].resource], rows[i].value, "%s", rows[i].command);
	}
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		cr_expect_str_neq(policy_rlimit_name(i), "unknown", "%u", i);
}

static void limits_refused(void *context)
{
	struct rlimit lower = { 100, 200 };
	struct policy *above = fixture_policy((const char *const[]){ "rlimit/nofile:201", NULL });
	struct policy *equal = fixture_policy((const char *const[]){ "rlimit/nofile:200", NULL });
	struct policy *endless = fixture_policy((const char *const[]){ "rlimit/nofile:infinity", NULL });
	char why[256];

	(void)context;
	FORKED_EXPECT(setrlimit(RLIMIT_NOFILE, &lower) == 0);
	FORKED_EXPECT(payload_limits_refuse(above, why, sizeof(why)) == why);
	FORKED_EXPECT(strstr(why, "rlimit/nofile") && strstr(why, "200"));
	FORKED_EXPECT(!payload_limits_refuse(equal, why, sizeof(why)));
	FORKED_EXPECT(payload_limits_refuse(endless, why, sizeof(why)) == why);
	policy_free(above);
	policy_free(equal);
	policy_free(endless);
}

Test(payload_limits, above_the_hard_limit_is_refused)
{
	cr_expect_eq(forked_run(limits_refused, NULL), 0);
}

static bool limits_may_raise(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct sets[2] = { { 0 } };

	return syscall(SYS_capget, &header, sets) < 0 || (sets[0].permitted & (UINT32_C(1) << CAP_SYS_RESOURCE)) ||
	       (sets[0].effective & (UINT32_C(1) << CAP_SYS_RESOURCE));
}

static void limits_applied(void *context)
{
	struct payload_limits limits = limits_of("rlimit/nofile:64");
	struct rlimit found;

	(void)context;
	limits.set |= UINT32_C(1) << RLIMIT_CORE;
	limits.values[RLIMIT_CORE] = 0;
	FORKED_EXPECT(setrlimit(RLIMIT_CORE, &(struct rlimit){ 0, 4096 }) == 0);
	FORKED_EXPECT(capability_drop(payload_limits_bind(&limits, UINT64_MAX), 0) == 0);
	FORKED_EXPECT(!limits_may_raise());
	FORKED_EXPECT(payload_limits_apply(&limits, true) == 0);
	FORKED_EXPECT(getrlimit(RLIMIT_NOFILE, &found) == 0 && found.rlim_cur == 64 && found.rlim_max == 64);
	FORKED_EXPECT(setrlimit(RLIMIT_NOFILE, &(struct rlimit){ 64, 65 }) < 0);
	FORKED_EXPECT(getrlimit(RLIMIT_CORE, &found) == 0 && found.rlim_max == 4096);
	FORKED_EXPECT(payload_limits_apply(&limits, false) == 0);
	FORKED_EXPECT(getrlimit(RLIMIT_CORE, &found) == 0 && found.rlim_max == 0);
}

Test(payload_limits, soft_and_hard_are_set_and_stay)
{
	cr_expect_eq(forked_run(limits_applied, NULL), 0);
}

static void limits_nothing(void *context)
{
	struct payload_limits limits = { 0 };
	bool may_raise = limits_may_raise();

	(void)context;
	FORKED_EXPECT(payload_limits_bind(&limits, 1234) == 1234);
	FORKED_EXPECT(capability_drop(payload_limits_bind(&limits, UINT64_MAX), 0) == 0);
	FORKED_EXPECT(limits_may_raise() == may_raise);
	FORKED_EXPECT(payload_limits_apply(&limits, false) == 0);
}

Test(payload_limits, without_a_limit_nothing_changes)
{
	cr_expect_eq(forked_run(limits_nothing, NULL), 0);
}
