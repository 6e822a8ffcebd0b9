/*
 * The parts of the kernel that are closed while any category is on, the ABIs that are
 * off, and what a payload can do to the processes above it.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/landlock.h"
#include "core/plan.h"

TestSuite(surface, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);
TestSuite(abi, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);
TestSuite(rights, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);
TestSuite(names, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);
TestSuite(blind, .init = fixture_enter, .fini = fixture_leave, .timeout = 360);

static struct outcome surface_outcome;

static void surface_expect(const char *const *options, uid_t uid, const char *const *command, int status)
{
	if (uid)
		fixture_need_root();
	fixture_run(&(struct job){ .options = options, .command = command, .uid = uid }, &surface_outcome);
	expect_status(&surface_outcome, status, command[0]);
}

/* Control: the same process may do some of it natively. */
Test(surface, is_open_natively_for_root)
{
	fixture_need_root();
	surface_expect(NULL, 0, WORDS(fixture_guest("refuse_surface"), "native"), 0);
}

Test(surface, is_refused_while_any_category_is_on)
{
	surface_expect(WORDS(WATCH_ALL), 0, WORDS(fixture_guest("refuse_surface")), 0);
	surface_expect(WORDS("-p", "work"), 0, WORDS(fixture_guest("refuse_surface")), 0);
	surface_expect(WORDS("-p", "ro"), 0, WORDS(fixture_guest("refuse_surface")), 0);
	surface_expect(
		WORDS("-p", "off", "-m", "sandbox/stat:on", "-m", "default/stat:allow", "-m", "deny/stat+/nonexistent"),
		0, WORDS(fixture_guest("refuse_surface")), 0);
}

Test(surface, is_refused_to_nobody)
{
	surface_expect(WORDS(WATCH_ALL), NOBODY, WORDS(fixture_guest("refuse_surface")), 0);
}

Test(surface, is_refused_to_i386_callers)
{
	surface_expect(WORDS(WATCH_ALL, ABIS), 0, WORDS(fixture_guest("refuse_surface.32")), 0);
}

Test(surface, is_refused_to_ilp32_callers)
{
	surface_expect(WORDS(WATCH_ALL, ABIS), 0, WORDS(fixture_guest("refuse_surface.ilp32")), 0);
}

Test(surface, nested_filters_mislead_only_the_payload)
{
	surface_expect(NULL, 0, WORDS(fixture_guest("nest_filter"), "native"), 0);
	surface_expect(WORDS(WATCH_ALL), 0, WORDS(fixture_guest("nest_filter")), 0);
}

Test(surface, processes_above_cannot_be_signalled_or_read)
{
	surface_expect(WORDS(WATCH_ALL), 0, WORDS(fixture_guest("attack_supervisor")), 0);
	surface_expect(WORDS("-p", "work"), 0, WORDS(fixture_guest("attack_supervisor")), 0);
}

Test(surface, processes_above_cannot_be_signalled_or_read_by_nobody)
{
	surface_expect(WORDS(WATCH_ALL), NOBODY, WORDS(fixture_guest("attack_supervisor")), 0);
}

Test(surface, processes_above_cannot_be_signalled_or_read_by_i386_callers)
{
	surface_expect(WORDS(WATCH_ALL, ABIS), 0, WORDS(fixture_guest("attack_supervisor.32")), 0);
}

Test(surface, processes_above_cannot_be_signalled_or_read_by_ilp32_callers)
{
	surface_expect(WORDS(WATCH_ALL, ABIS), 0, WORDS(fixture_guest("attack_supervisor.ilp32")), 0);
}

/* The supervisor itself, whose number the test knows and gives away. */
Test(surface, the_supervisor_cannot_be_signalled_or_read_by_number)
{
	const char *guest = fixture_guest("attack_supervisor");
	const char *script = "echo ready; while [ ! -s victim ]; do sleep 0.02; done; exec \"$0\" $(cat victim)";
	struct job job = { .options = WORDS(WATCH_ALL), .command = WORDS("/bin/sh", "-c", script, guest) };
	struct running running;

	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 5000));
	file_write("victim.new", text("%d\n", running.pid));
	cr_assert(rename("victim.new", "victim") == 0);
	fixture_finish(&running, &surface_outcome);
	expect_status(&surface_outcome, 0, "attack by number");
}

#define UNSCOPED "--without", "landlock-scope"

Test(surface, processes_above_are_out_of_reach_where_landlock_keeps_no_signals_inside)
{
	surface_expect(WORDS(UNSCOPED, WATCH_ALL), 0, WORDS(fixture_guest("attack_supervisor")), 0);
	surface_expect(WORDS(UNSCOPED, WATCH_ALL), NOBODY, WORDS(fixture_guest("attack_supervisor")), 0);
	surface_expect(WORDS(UNSCOPED, WATCH_ALL, ABIS), 0, WORDS(fixture_guest("attack_supervisor.32")), 0);
}

/* This test's own process is outside; the signal does nothing to it. */
Test(surface, signals_stay_inside_whatever_landlock_can_do)
{
	static const char *const outside[] = { "kill -0 %d", "kill -URG %d", "kill -URG -%d", "kill -0 -999999999",
		"kill -0 999999999" };
	/* A child that stops interrupts calls of its parent: 0.1 s. The group has lost its leader when it is killed. */
	static const char *const inside =
		"sleep 30 & kill -STOP $! && sleep 0.1 && kill -CONT $! && sleep 0.1 && kill -TERM $!; wait $!; "
		"test $? = 143 && { setsid sh -c 'sleep 30 & sleep 30 & exit' & wait $!; } && kill -0 -$! && "
		"kill -KILL -$! && { sh -c 'trap \"exit 7\" USR1; kill -USR1 $$; sleep 9'; test $? = 7; }";
	const char *const *const ways[] = { WORDS("-p", "work"), WORDS(UNSCOPED, "-p", "work"),
		WORDS(UNSCOPED, WATCH_ALL) };

	setpgid(0, 0);
	for (size_t i = 0; i < 3; i++) {
		surface_expect(ways[i], 0, WORDS("/bin/sh", "-c", inside), 0);
		for (size_t j = 0; j < sizeof(outside) / sizeof(outside[0]); j++) {
			run_kennel(ways[i], WORDS("/bin/sh", "-c", text(outside[j], getpid())), &surface_outcome);
			cr_assert_eq(surface_outcome.status, 1, "%zu: %s: %d", i, outside[j], surface_outcome.status);
		}
	}
	surface_expect(NULL, 0, WORDS("/bin/sh", "-c", text(outside[0], getpid())), 0);
}

/* Its foreground group is ours, too, and that of who started us. */
Test(surface, terminals_signal_nobody_outside_whatever_landlock_can_do)
{
	const char *guest = fixture_guest("signal_terminal");

	surface_expect(NULL, 0, WORDS(guest), 0);
	surface_expect(WORDS(UNSCOPED, WATCH_ALL), 0, WORDS(guest, "fcntl", "ioctl"), 0);
	surface_expect(WORDS(UNSCOPED, WATCH_ALL, "-m", "append+/nonexistent"), 0, WORDS(guest, "fcntl", "ioctl"), 0);
	/* The supervisor, which would be the owner, is in no domain itself. */
	if (landlock_abi() >= LANDLOCK_ABI_SIGNALS)
		surface_expect(WORDS(WATCH_ALL, "-m", "append+/nonexistent"), 0, WORDS(guest, "fcntl"), 0);
}

/* A limit of time would kill it. */
Test(surface, limits_of_processes_outside_are_not_set)
{
	const char *outside = text("prlimit --pid %d --nofile=500:500", getpid());
	struct rlimit before, after;

	cr_assert_eq(getrlimit(RLIMIT_NOFILE, &before), 0);
	for (size_t i = 0; i < 2; i++) {
		const char *const *options = i ? WORDS(WATCH_ALL) : WORDS("-p", "work");

		run_kennel(options, WORDS("/bin/sh", "-c", outside), &surface_outcome);
		cr_expect_eq(surface_outcome.status, 1, "%s", surface_outcome.err);
		surface_expect(options, 0,
			WORDS("/bin/sh", "-c",
				"prlimit --pid $$ --nofile >/dev/null && "
				"prlimit --nofile=50:50 /bin/sh -c 'test $(ulimit -n) = 50'"),
			0);
	}
	cr_expect(getrlimit(RLIMIT_NOFILE, &after) == 0 && after.rlim_cur == before.rlim_cur);
	run_native(WORDS("/bin/sh", "-c", outside), &surface_outcome);
	cr_expect(getrlimit(RLIMIT_NOFILE, &after) == 0 && after.rlim_cur == 500, "it works natively");
}

Test(abi, a_call_of_an_abi_that_is_off_kills)
{
	surface_expect(NULL, 0, WORDS(fixture_guest("call_int80"), "ids"), 0);
	run_kennel(WORDS(WATCH_ALL), WORDS(fixture_guest("call_int80"), "ids"), &surface_outcome);
	cr_assert(surface_outcome.status == 128 + SIGSYS || surface_outcome.status == 128 + SIGKILL, "status %d",
		surface_outcome.status);
	run_kennel(WORDS("-p", "work"), WORDS(fixture_guest("open_flags.32")), &surface_outcome);
	cr_assert(surface_outcome.status == 128 + SIGSYS || surface_outcome.status == 128 + SIGKILL, "status %d",
		surface_outcome.status);
}

Test(abi, int80_from_64_bit_code_is_judged_by_the_policy)
{
	const char *guest = fixture_guest("call_int80");
	const char *const *deny = WORDS(WATCH_ALL, ABIS, "-m", text("deny/read,write,stat+%s", fixture_path("secret")));

	file_write("secret", "secret");
	file_write("plain", "plain");
	surface_expect(NULL, 0, WORDS(guest, "read", "secret"), 0);
	surface_expect(deny, 0, WORDS(guest, "ids"), 0);
	surface_expect(deny, 0, WORDS(guest, "read", "plain"), 0);
	surface_expect(deny, 0, WORDS(guest, "stat", "plain"), 0);
	surface_expect(deny, 0, WORDS(guest, "write", "made"), 0);
	surface_expect(deny, 0, WORDS(guest, "read", "secret"), 3);
	surface_expect(deny, 0, WORDS(guest, "write", "secret"), 3);
	surface_expect(deny, 0, WORDS(guest, "stat", "secret"), 1);
	surface_expect(NULL, 0, WORDS(guest, "map", guest), 0);
	surface_expect(deny, 0, WORDS(guest, "map", guest), 0);
}

Test(abi, numbers_with_bit_30_kill)
{
	static const char *const calls[] = { "0", "1", "2", "3", "4", "5" };

	/* A kernel that runs x32 programs answers, others say ENOSYS. */
	run_native(WORDS(fixture_guest("call_x32"), "0"), &surface_outcome);
	expect_status(&surface_outcome, surface_outcome.status == 4 ? 4 : 5, "natively");
	for (size_t i = 0; i < 6; i++) {
		run_kennel(WORDS(WATCH_ALL), WORDS(fixture_guest("call_x32"), calls[i]), &surface_outcome);
		cr_assert(surface_outcome.status == 128 + SIGSYS || surface_outcome.status == 128 + SIGKILL,
			"%s: status %d", calls[i], surface_outcome.status);
	}
}

static void rights_check(const char *name, uid_t uid)
{
	const char *rules = text("deny/write,truncate,fown,fattr+%s", fixture_path("plain"));
	const char *hides = text("deny/stat+%s", fixture_path("hidden"));

	file_write("plain", "0123456789");
	file_write("hidden", "hidden");
	cr_assert(symlink("hidden", "alias") == 0 && chmod("plain", 0666) == 0 &&
		  (!uid || chown("plain", uid, uid) == 0));
	surface_expect(WORDS(WATCH_ALL, ABIS, "-m", rules, "-m", hides), uid, WORDS(fixture_guest(name)), 0);
	surface_expect(NULL, uid, WORDS(fixture_guest(name), "native"), 0);
}

Test(rights, are_shut_in_every_way)
{
	rights_check("shut_rights", 0);
}

Test(rights, are_shut_in_every_way_for_nobody)
{
	fixture_need_root();
	rights_check("shut_rights", NOBODY);
}

Test(rights, are_shut_in_every_way_for_i386_callers)
{
	rights_check("shut_rights.32", 0);
}

Test(rights, are_shut_in_every_way_for_ilp32_callers)
{
	rights_check("shut_rights.ilp32", 0);
}

/* Only opened, or written with what is in it: harmless where it wrongly works. */
Test(rights, to_the_machine_are_not_given_by_work)
{
	static const char *const scripts[] = {
		": >> /proc/sysrq-trigger",
		"read -r x < /proc/sys/kernel/core_pattern; printf %s \"$x\" > /proc/sys/kernel/core_pattern",
		": >> /sys/kernel/uevent_helper",
		": >> /proc/sys/vm/drop_caches",
		"dd if=/dev/mem count=0",
		": >> /dev/kmsg",
		"for d in /dev/vda /dev/sda /dev/nvme0n1; do test -e $d && dd if=$d count=0 && exit 0; done; false",
		"for d in /dev/kvm /dev/fuse /dev/loop-control; do test -e $d && (: <> $d) && exit 0; done; false",
		"kill -0 $PPID",
	};

	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		run_kennel(WORDS("-p", "work"), WORDS("/bin/sh", "-c", scripts[i]), &surface_outcome);
		cr_assert(surface_outcome.status > 0 && surface_outcome.status < 125, "%s: status %d", scripts[i],
			surface_outcome.status);
	}
}

static const char *const *names_options(const char *rule, const char *more)
{
	static const char *options[10];

	options[0] = "-m";
	options[1] = "default/all:allow";
	options[2] = "-m";
	options[3] = rule;
	options[4] = "-m";
	options[5] = more;
	options[6] = NULL;
	return options;
}

static void names_tree(void)
{
	cr_assert(mkdir("secret", 0755) == 0 && mkdir("plain", 0755) == 0 && chmod("secret", 0777) == 0 &&
		  chmod("plain", 0777) == 0);
	file_write("secret/file", "secret");
	file_write("plain/file", "plain");
}

Test(names, can_be_moved_natively)
{
	names_tree();
	surface_expect(NULL, 0, WORDS(fixture_guest("hold_names"), "native"), 0);
}

Test(names, hold_still_where_a_rule_tells_them_apart)
{
	names_tree();
	surface_expect(names_options(text("deny/read+%s", fixture_path("secret/file")), "deny/read+/nonexistent"), 0,
		WORDS(fixture_guest("hold_names")), 0);
}

Test(names, hold_still_below_a_pattern)
{
	names_tree();
	surface_expect(WORDS("-m", "default/all:allow", "-m", text("deny/read+%s", fixture_path("secret/***")), ABIS),
		0, WORDS(fixture_guest("hold_names.32")), 0);
}

Test(names, hold_still_where_the_default_denies)
{
	names_tree();
	surface_expect(WORDS("-m", "default/all:allow", "-m", "default/read:deny", "-m", "allow/read+/***", "-m",
			       text("deny/read+%s", fixture_path("secret/***"))),
		0, WORDS(fixture_guest("hold_names")), 0);
}

Test(names, hold_still_though_only_stat_is_on)
{
	static const char *const scripts[] = { "mv secret public", "mv secret/file plain/moved",
		"ln secret/file plain/twin" };

	names_tree();
	for (size_t i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		run_kennel(WORDS("-p", "off", "-m", "sandbox/stat:on", "-m", "default/stat:allow", "-m",
				   text("deny/stat+%s", fixture_path("secret/***"))),
			WORDS("/bin/sh", "-c", scripts[i]), &surface_outcome);
		cr_assert(surface_outcome.status != 0, "%s", scripts[i]);
		cr_assert(access("secret/file", F_OK) == 0 && access("plain/moved", F_OK) != 0 &&
				  access("plain/twin", F_OK) != 0,
			"%s", scripts[i]);
	}
}

/* A process that cannot be read decides nothing by itself. */
Test(blind, a_process_that_hides_its_memory_reads_no_secret)
{
	const char *guest = fixture_guest("hide_memory");
	const char *const *deny = WORDS(WATCH_ALL, "-m", text("deny/read+%s", fixture_path("secret")));

	file_write("secret", "secret");
	surface_expect(NULL, 0, WORDS(guest, "secret", "hide"), 3);
	surface_expect(deny, 0, WORDS(guest, "secret"), 0);
	surface_expect(deny, 0, WORDS(guest, "secret", "pretend"), 0);
	surface_expect(deny, NOBODY, WORDS(guest, "secret", "pretend"), 0);
}

Test(blind, a_program_that_cannot_be_read_reads_no_secret)
{
	const char *guest = fixture_path("hide_memory");
	const char *denied = text("deny/read+%s", fixture_path("secret"));
	/* Where exec or walk is judged, it is refused: nobody could look what it is. */
	const char *const *runs = WORDS(WATCH_ALL, "-m", denied, "-m", "sandbox/exec,walk:off");

	file_write("secret", "secret");
	fixture_need_root();
	/* The guest itself may be a link to that of other tests. */
	run_native(WORDS("cp", fixture_guest("hide_memory"), guest), &surface_outcome);
	cr_assert(chmod(guest, 0111) == 0);
	surface_expect(NULL, NOBODY, WORDS(guest, "secret"), 3);
	surface_expect(runs, NOBODY, WORDS(guest, "secret"), 0);
	surface_expect(WORDS(WATCH_ALL, "-m", denied), NOBODY, WORDS(guest, "secret"), 126);
}
