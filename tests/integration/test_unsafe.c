/*
 * What is refused whatever the rules say, and given back by its name: capabilities of root's payload, and calls.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/landlock.h"
#include "core/plan.h"

TestSuite(unsafe, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

#define BIT(number) (UINT64_C(1) << (number))
#define SHELL(script) WORDS("/bin/sh", "-c", script)

static struct outcome unsafe_outcome;

/* The sets of a process by its status, in the kernel's order. */
struct capabilities {
	uint64_t inheritable, permitted, effective, bounding, ambient;
};

static struct capabilities unsafe_parse(const char *status)
{
	static const char *const keys[] = { "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:" };
	uint64_t sets[5];

	for (size_t i = 0; i < 5; i++) {
		const char *line = strstr(status, keys[i]);

		cr_assert(line, "%s: %s", keys[i], status);
		sets[i] = strtoull(line + strlen(keys[i]), NULL, 16);
	}
	return (struct capabilities){ sets[0], sets[1], sets[2], sets[3], sets[4] };
}

static struct capabilities unsafe_of(const char *name)
{
	char status[8192];

	cr_assert(file_read(name, status, sizeof(status)) > 0, "%s", name);
	return unsafe_parse(status);
}

static void unsafe_expect_sets(struct capabilities found, struct capabilities native, uint64_t usable, uint64_t bound)
{
	cr_expect_eq(found.inheritable, native.inheritable & usable, "%lx", found.inheritable);
	cr_expect_eq(found.permitted, native.permitted & bound, "%lx", found.permitted);
	cr_expect_eq(found.effective, native.effective & usable, "%lx", found.effective);
	cr_expect_eq(found.bounding, native.bounding & bound, "%lx", found.bounding);
	cr_expect_eq(found.ambient, native.ambient & usable, "%lx", found.ambient);
}

static void unsafe_expect_payload(const char *const *options, uint64_t kept)
{
	struct capabilities native = unsafe_of("/proc/self/status");

	run_kennel(options, WORDS("/bin/cat", "/proc/self/status"), &unsafe_outcome);
	expect_status(&unsafe_outcome, 0, "cat");
	unsafe_expect_sets(unsafe_parse(unsafe_outcome.out), native, kept, kept);
}

Test(unsafe, a_payload_of_root_keeps_the_capabilities_that_rules_decide_about)
{
	fixture_need_root();
	unsafe_expect_payload(WORDS("-p", "work"), FIXTURE_CAPABILITIES);
	unsafe_expect_payload(WORDS(WATCH_ALL), FIXTURE_CAPABILITIES);
	unsafe_expect_payload(WORDS("-p", "off", "-m", "setuid+1.2"), FIXTURE_CAPABILITIES);
	unsafe_expect_payload(
		WORDS("-p", "work", "-m", "rlimit/core:0"), FIXTURE_CAPABILITIES & ~BIT(CAP_SYS_RESOURCE));
}

Test(unsafe, capabilities_are_given_back_or_never_taken)
{
	unsafe_expect_payload(WORDS("-p", "work", "-m", "allow_unsafe/caps:on"), UINT64_MAX);
	unsafe_expect_payload(WORDS("-p", "work", "-m", "trace/allow_unsafe_caps:on"), UINT64_MAX);
	unsafe_expect_payload(WORDS("-p", "off"), UINT64_MAX);
}

static void unsafe_expect_supervisor(const char *const *options, uint64_t own)
{
	struct capabilities found, native = unsafe_of("/proc/self/status");
	struct job job = { .options = options,
		.command = SHELL("grep . /proc/$PPID/comm; echo ready; while [ ! -e end ]; do sleep 0.02; done") };
	struct running running;

	unlink("end");
	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 5000));
	found = unsafe_of(text("/proc/%d/status", running.pid));
	cr_expect_eq(found.effective, native.effective & FIXTURE_CAPABILITIES, "%lx", found.effective);
	cr_expect_eq(found.permitted, native.permitted & (FIXTURE_CAPABILITIES | own), "%lx", found.permitted);
	cr_expect_eq(found.inheritable | found.bounding | found.ambient, 0, "nothing is ever gained");
	file_write("end", "");
	fixture_finish(&running, &unsafe_outcome);
	expect_status(&unsafe_outcome, 0, "wait");
}

Test(unsafe, the_supervisor_keeps_what_it_needs_besides_and_wields_it_only_then)
{
	fixture_need_root();
	unsafe_expect_supervisor(WORDS(WATCH_ALL), BIT(CAP_SYS_PTRACE) | BIT(CAP_SYS_ADMIN));
	unsafe_expect_supervisor(WORDS(WATCH_ALL, "-m", "sandbox/net:off"), BIT(CAP_SYS_PTRACE));
}

/* Each would set what is already so. */
Test(unsafe, the_machine_is_not_changed_by_root)
{
	static const char *const scripts[] = {
		"hostname \"$(cat /proc/sys/kernel/hostname)\"",
		"date -s @$(date +%s)",
		"dmesg -n 4",
	};

	fixture_need_root();
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		run_kennel(WORDS(WATCH_ALL), SHELL(scripts[i]), &unsafe_outcome);
		cr_expect(unsafe_outcome.status > 0 && unsafe_outcome.status < 125, "%s: status %d", scripts[i],
			unsafe_outcome.status);
	}
}

/* Whoever changed its ids is reached with a capability that is raised for that; what it may not read it does not. */
Test(unsafe, processes_of_other_users_are_served_and_not_read)
{
	const char *denied = text("deny/read,stat+%s", fixture_path("secret"));
	const char *script =
		"setpriv --reuid=65534 --clear-groups sh -c 'cat plain; cat secret; cd /; pwd'; sleep 30 & "
		"setpriv --reuid=65534 --clear-groups sleep 30 & sleep 0.2; "
		"cat /proc/$!/environ >/dev/null && echo read; kill %1 %2";

	fixture_need_root();
	file_write("secret", "secret");
	file_write("plain", "plain\n");
	run_kennel(WORDS(WATCH_ALL, "-m", denied), SHELL(script), &unsafe_outcome);
	cr_expect_str_eq(unsafe_outcome.out, "plain\n/\n", "%s%s", unsafe_outcome.out, unsafe_outcome.err);
}

static void unsafe_expect_surface(const char *guest, uid_t uid, const char *const *options, const char *given)
{
	struct job job = { .options = options, .command = WORDS(fixture_guest(guest), given), .uid = uid };

	fixture_run(&job, &unsafe_outcome);
	expect_status(&unsafe_outcome, 0, given ? given : guest);
}

/* Each gives back what it names, and nothing else. */
static void unsafe_expect_options(const char *guest, uid_t uid)
{
	static const char *const names[] = { "keyring", "legacy", "nice", "perf", "personality", "prctl", "ptrace",
		"rawio", "reboot", "syslog", "time", "userfaultfd" };
	static const char *const requests[] = { "TIOCSTI", "TIOCLINUX", "KDSKBENT", "KDSKBSENT" };
	/* What ptrace is for is left out, so that it can be given back. */
	const char *without = "sandbox/exec,chdir,walk:off";

	if (uid)
		fixture_need_root();
	unsafe_expect_surface(guest, uid, WORDS(WATCH_ALL, ABIS), NULL);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		/* It needs a Landlock domain with scopes (Linux 6.12). */
		if (strcmp(names[i], "ptrace") == 0 && landlock_abi() < LANDLOCK_ABI_SIGNALS)
			continue;
		unsafe_expect_surface(guest, uid,
			WORDS(WATCH_ALL, ABIS, "-m", without, "-m", text("allow_unsafe/%s:on", names[i])), names[i]);
	}
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++)
		unsafe_expect_surface(
			guest, uid, WORDS(WATCH_ALL, ABIS, "-m", text("allow/ioctl+%s", requests[i])), requests[i]);
}

Test(unsafe, each_call_is_refused_with_its_errno_and_given_back_by_its_option)
{
	unsafe_expect_options("give_back", 0);
}

Test(unsafe, each_call_is_refused_and_given_back_to_nobody)
{
	unsafe_expect_options("give_back", NOBODY);
}

Test(unsafe, each_call_is_refused_and_given_back_to_i386_callers)
{
	unsafe_expect_options("give_back.32", 0);
}

Test(unsafe, each_call_is_refused_and_given_back_to_ilp32_callers)
{
	unsafe_expect_options("give_back.ilp32", 0);
}

/* Those that need a capability come with it. */
Test(unsafe, an_option_leaves_the_capability_that_it_is_for)
{
	fixture_need_root();
	unsafe_expect_payload(
		WORDS("-p", "work", "-m", "allow_unsafe/time:on"), FIXTURE_CAPABILITIES | BIT(CAP_SYS_TIME));
	unsafe_expect_payload(WORDS("-p", "work", "-m", "allow_unsafe/reboot:on", "-m", "allow_unsafe/syslog:on"),
		FIXTURE_CAPABILITIES | BIT(CAP_SYS_BOOT) | BIT(CAP_SYSLOG));
	unsafe_expect_payload(WORDS("-p", "work", "-m", "allow_unsafe/perf:on"), FIXTURE_CAPABILITIES | BIT(38));
	unsafe_expect_payload(
		WORDS("-p", "work", "-m", "allow_unsafe/rawio:on"), FIXTURE_CAPABILITIES | BIT(CAP_SYS_RAWIO));
}
