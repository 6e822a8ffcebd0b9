/*
 * Every guest that judges itself, natively (its own control), and under Kennel with all
 * calls intercepted: as root and as nobody, as x86_64 and as i386, and in profile work. The
 * main ones also without each kernel feature that can be forced off.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(guests, .init = fixture_enter, .fini = fixture_leave, .timeout = 540);

enum guest_way { WAY_NATIVE, WAY_WATCHED, WAY_WORK };

static void guest_check(const char *name, const char *argument, enum guest_way way, uid_t uid)
{
	static struct outcome outcome;
	const char *const *const ways[] = {
		[WAY_NATIVE] = NULL,
		[WAY_WATCHED] = WORDS(WATCH_ALL, ABIS),
		[WAY_WORK] = WORDS("-p", "work", ABIS),
	};
	const char *guest = fixture_guest(name);
	struct job job = { .options = ways[way], .command = WORDS(guest, argument), .uid = uid, .deadline_ms = 60000 };

	if (uid)
		fixture_need_root();
	fixture_run(&job, &outcome);
	expect_status(&outcome, 0, name);
}

#define GUEST(id, name, argument) \
	Test(guests, id##_native) \
	{ \
		guest_check(name, argument, WAY_NATIVE, 0); \
	} \
	Test(guests, id##_native_i386) \
	{ \
		guest_check(name ".32", argument, WAY_NATIVE, 0); \
	} \
	Test(guests, id##_native_ilp32) \
	{ \
		guest_check(name ".ilp32", argument, WAY_NATIVE, 0); \
	} \
	Test(guests, id##_native_nobody) \
	{ \
		guest_check(name, argument, WAY_NATIVE, NOBODY); \
	} \
	Test(guests, id##_watched) \
	{ \
		guest_check(name, argument, WAY_WATCHED, 0); \
	} \
	Test(guests, id##_watched_i386) \
	{ \
		guest_check(name ".32", argument, WAY_WATCHED, 0); \
	} \
	Test(guests, id##_watched_ilp32) \
	{ \
		guest_check(name ".ilp32", argument, WAY_WATCHED, 0); \
	} \
	Test(guests, id##_watched_nobody) \
	{ \
		guest_check(name, argument, WAY_WATCHED, NOBODY); \
	} \
	Test(guests, id##_watched_nobody_i386) \
	{ \
		guest_check(name ".32", argument, WAY_WATCHED, NOBODY); \
	} \
	Test(guests, id##_in_profile_work) \
	{ \
		guest_check(name, argument, WAY_WORK, 0); \
	}

GUEST(open_flags, "open_flags", NULL)
GUEST(close_last, "close_last", NULL)
GUEST(read_strings, "read_strings", NULL)
GUEST(stat_family, "stat_family", NULL)
GUEST(read_xattrs, "read_xattrs", NULL)
GUEST(truncate_files, "truncate_files", NULL)
GUEST(make_nodes, "make_nodes", NULL)
GUEST(obey_umask, "obey_umask", NULL)
GUEST(obey_fsize, "obey_fsize", NULL)
GUEST(fill_descriptors, "fill_descriptors", NULL)
GUEST(ignore_children, "ignore_children", NULL)
GUEST(drop_ids, "drop_ids", NULL)
GUEST(unshare_threads, "unshare_threads", NULL)
GUEST(lose_directories, "lose_directories", NULL)
GUEST(read_proc, "read_proc", NULL)
GUEST(follow_magic, "follow_magic", NULL)
GUEST(wait_semaphore, "wait_semaphore", NULL)
GUEST(storm_signals, "storm_signals", NULL)
GUEST(storm_signals_plain, "storm_signals", "plain")
GUEST(fifo_meet, "wait_fifo", "meet")
GUEST(fifo_no_wait, "wait_fifo", "no-wait")
GUEST(fifo_interrupted, "wait_fifo", "interrupted")
GUEST(fifo_restarted, "wait_fifo", "restarted")
GUEST(fifo_undisturbed, "wait_fifo", "undisturbed")
GUEST(fifo_crowd, "wait_fifo", "crowd")
GUEST(lease, "wait_fifo", "lease")
GUEST(list_descriptors, "list_descriptors", NULL)

static void guest_check_without(const char *feature, uid_t uid)
{
	static struct outcome outcome;
	static const char *const commands[][2] = {
		{ "open_flags" },
		{ "stat_family" },
		{ "read_proc" },
		{ "follow_magic" },
		{ "lose_directories" },
		{ "fill_descriptors" },
		{ "storm_signals" },
		{ "fork_storm" },
		{ "attack_supervisor" },
		{ "wait_fifo", "interrupted" },
		{ "wait_fifo", "restarted" },
		{ "wait_fifo", "crowd" },
	};

	fixture_need_root();
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		const char *guest = fixture_guest(commands[i][0]);
		struct job job = { .options = WORDS("--without", feature, WATCH_ALL), .uid = uid };
		const char *place = text("%zu", i);

		cr_assert(mkdir(place, 0777) == 0 && chmod(place, 0777) == 0 && chdir(place) == 0);
		job.command = WORDS(guest, commands[i][1]);
		fixture_run(&job, &outcome);
		cr_assert(outcome.status == 0, "%s %s without %s: status %d\n%.2000s", guest,
			commands[i][1] ? commands[i][1] : "", feature, outcome.status, outcome.err);
		cr_assert(chdir("..") == 0);
	}
}

#define WITHOUT(id, feature) \
	Test(guests, main_ones_without_##id) \
	{ \
		guest_check_without(feature, 0); \
	} \
	Test(guests, main_ones_without_##id##_as_nobody) \
	{ \
		guest_check_without(feature, NOBODY); \
	}

WITHOUT(pidfd_thread, "pidfd-thread")
WITHOUT(sync_wake_up, "sync-wake-up")
WITHOUT(recv_ends, "recv-ends")
WITHOUT(landlock_scope, "landlock-scope")
WITHOUT(null_path, "null-path")
