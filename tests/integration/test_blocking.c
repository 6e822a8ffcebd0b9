/*
 * What blocks holds up its own caller only: FIFOs, leases, and a FUSE filesystem that does not
 * answer, served from outside and from inside of the sandbox.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#define BLOCKING_FUSE_FD 9
#define BLOCKING_HELD_UP_NS 100000000L /* who waits does so for seconds */

TestSuite(blocking, .init = fixture_enter, .fini = fixture_leave, .timeout = 720);

static struct outcome blocking_outcome;

/* In the child that becomes the job: a mount that nobody else sees, its descriptor at a known number. */
static void blocking_mount(void)
{
	int fd = open("/dev/fuse", O_RDWR);

	if (fd < 0 || dup2(fd, BLOCKING_FUSE_FD) < 0 || close(fd) || unshare(CLONE_NEWNS) ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) || mkdir("mnt", 0755) ||
		mount("test", "mnt", "fuse", MS_NOSUID | MS_NODEV,
			"fd=9,rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"))
		_exit(GUEST_SKIP);
}

/* Served from outside until the job ends. */
static void blocking_mount_served(void)
{
	const char *server = fixture_guest("serve_fuse");

	blocking_mount();
	if (fork() == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(server, server, "9", (char *)NULL);
		_exit(1);
	}
	close(BLOCKING_FUSE_FD);
}

static void blocking_need_fuse(void)
{
	fixture_need_root();
	if (access("/dev/fuse", R_OK | W_OK) < 0)
		cr_skip_test("there is no /dev/fuse");
	fixture_guest("serve_fuse");
}

/* "stat A ns alone, B ns beside": nobody else is held up. What exactly it costs, bench/ says. */
static void blocking_expect_undisturbed(const char *out)
{
	long alone, beside;
	unsigned lines = 0;

	for (const char *at = strstr(out, "stat "); at; at = strstr(at + 1, "stat "), lines++) {
		cr_assert_eq(sscanf(at, "stat %ld ns alone, %ld ns beside", &alone, &beside), 2, "%s", at);
		cr_expect_lt(beside, BLOCKING_HELD_UP_NS, "%s", at);
	}
	cr_expect_gt(lines, 0);
}

static void blocking_run(const char *const *options, void (*prepare)(void), const char *part, const char *count)
{
	const struct job job = { .options = options,
		.command = WORDS(fixture_guest("block_calls"), part, count),
		.deadline_ms = 40000,
		.prepare = prepare };

	fixture_run(&job, &blocking_outcome);
	expect_status(&blocking_outcome, 0, part);
}

Test(blocking, many_waiting_for_fifos_disturb_nobody_and_can_be_ended)
{
	blocking_run(WORDS(WATCH_ALL), NULL, "fifo", "64");
	blocking_expect_undisturbed(blocking_outcome.out);
}

Test(blocking, many_waiting_for_a_lease_disturb_nobody_and_can_be_ended)
{
	blocking_run(WORDS(WATCH_ALL), NULL, "lease", "64");
	blocking_expect_undisturbed(blocking_outcome.out);
}

Test(blocking, many_waiting_for_a_stalled_filesystem_disturb_nobody_and_can_be_ended)
{
	blocking_need_fuse();
	blocking_run(WORDS(WATCH_ALL), blocking_mount_served, "fuse", "64");
	blocking_expect_undisturbed(blocking_outcome.out);
}

Test(blocking, filesystem_served_by_the_sandbox_itself_works)
{
	const char *server;

	blocking_need_fuse();
	server = fixture_guest("serve_fuse");
	for (unsigned i = 0; i < 2; i++) {
		const struct job job = { .options = WORDS(WATCH_ALL, "--keep-fd", "9"),
			.command = WORDS(fixture_guest("block_calls"), i ? "surface" : "fuse", "16", server),
			.deadline_ms = 40000,
			.prepare = blocking_mount };

		rmdir("mnt");
		fixture_run(&job, &blocking_outcome);
		expect_status(&blocking_outcome, 0, "served from inside");
	}
}

Test(blocking, sockets_on_a_slow_filesystem_disturb_nobody)
{
	struct job job = { .command = WORDS(fixture_guest("block_sock"), "names"),
		.deadline_ms = 40000,
		.prepare = blocking_mount_served };

	blocking_need_fuse();
	fixture_run(&job, &blocking_outcome);
	expect_status(&blocking_outcome, 0, "natively");
	rmdir("mnt");
	unlink("waits");
	job.options = WORDS(WATCH_ALL);
	job.command = WORDS(fixture_guest("block_sock"), "hanging");
	fixture_run(&job, &blocking_outcome);
	expect_status(&blocking_outcome, 0, "slow sockets");
	cr_expect_str_eq(blocking_outcome.out, "undisturbed\n");
}

Test(blocking, calls_on_a_slow_filesystem_are_what_they_are_natively)
{
	blocking_need_fuse();
	blocking_run(NULL, blocking_mount_served, "surface", "1");
	rmdir("mnt");
	unlink("into");
	blocking_run(WORDS(WATCH_ALL), blocking_mount_served, "surface", "1");
	cr_expect_str_empty(blocking_outcome.err, "%s", blocking_outcome.err);
}

Test(blocking, rules_hold_on_a_slow_filesystem)
{
	const char *script = "cat mnt/file; cat into; (: > mnt/x); cat mnt/dir/in; echo mnt/*";
	struct job job = { .command = WORDS("/bin/sh", "-c", script), .prepare = blocking_mount_served };

	blocking_need_fuse();
	cr_assert(symlink("mnt/file", "into") == 0);
	job.options = WORDS(WATCH_ALL, "-m", text("deny/read+%s", fixture_path("mnt/file")), "-m",
		text("deny/create+%s", fixture_path("mnt/x")), "-m", text("deny/list+%s", fixture_path("mnt/dir")));
	fixture_run(&job, &blocking_outcome);
	expect_status(&blocking_outcome, 0, "rules");
	cr_expect_str_eq(blocking_outcome.out, "inmnt/file mnt/link mnt/program mnt/stalled mnt/sticky\n");
	cr_expect_eq(log_count(blocking_outcome.err, "cap", "read", "path", fixture_path("mnt/file")), 2, "%s",
		blocking_outcome.err);
	cr_expect_eq(log_count(blocking_outcome.err, "cap", "create", "path", fixture_path("mnt/x")), 1);
}

/* While a worker looks, others go on: what it moves may be a directory by then, whose names tell the rule apart. */
Test(blocking, a_move_by_a_worker_is_decided_as_that_of_a_directory)
{
	const char *script = "mkdir a b; : >a/x; ln -s $PWD/b mnt/way; mv a/x mnt/way/x 2>/dev/null || echo held; "
			     "mv a/x b/x && mv b/x mnt/way/y && echo moved";
	struct job job = { .command = WORDS("/bin/sh", "-c", script), .prepare = blocking_mount_served };

	blocking_need_fuse();
	job.options = WORDS(WATCH_ALL, "-m", text("deny/read+%s/**/*.key", fixture_path("a")));
	fixture_run(&job, &blocking_outcome);
	expect_status(&blocking_outcome, 0, "moves");
	cr_expect_str_eq(blocking_outcome.out, "held\nmoved\n");
}

/* Visits the descendants of this name; how many visits went well. */
static unsigned blocking_each(pid_t parent, const char *wanted, bool (*visit)(pid_t pid))
{
	char children[4096], name[64];
	unsigned visited = 0;
	char *rest = children;

	file_read(text("/proc/%d/task/%d/children", parent, parent), children, sizeof(children));
	for (char *at = strsep(&rest, " "); at && *at; at = strsep(&rest, " ")) {
		pid_t pid = (pid_t)atoi(at);

		file_read(text("/proc/%d/comm", pid), name, sizeof(name));
		if (strncmp(name, wanted, strlen(wanted)) == 0 && visit(pid))
			visited++;
		visited += blocking_each(pid, wanted, visit);
	}
	return visited;
}

/* The workers of this test's job. */
static unsigned blocking_each_worker(pid_t supervisor, bool (*visit)(pid_t worker))
{
	return blocking_each(supervisor, "kennel-worker", visit);
}

/* Each once, also where its end is seen late. */
static bool blocking_kill(pid_t worker)
{
	static pid_t last;

	if (worker == last || kill(worker, SIGKILL))
		return false;
	last = worker;
	return true;
}

/* Where a number of the process leads, "" for nowhere. */
static const char *blocking_link(pid_t pid, const char *number)
{
	static char link[512];
	ssize_t length = readlink(text("/proc/%d/fd/%s", pid, number), link, sizeof(link) - 1);

	link[length < 0 ? 0 : length] = '\0';
	return link;
}

static bool blocking_has_no_listener(pid_t worker)
{
	DIR *dir = opendir(text("/proc/%d/fd", worker));
	const struct dirent *entry;

	cr_assert_not_null(dir);
	while ((entry = readdir(dir)))
		cr_expect_null(strstr(blocking_link(worker, entry->d_name), "seccomp"), "%d has a listener", worker);
	closedir(dir);
	return true;
}

/* Runs the job and kills its workers until there were so many. */
static void blocking_run_killing(const struct job *job, unsigned wanted)
{
	struct running running;
	unsigned killed = 0;

	fixture_start(job, &running);
	for (unsigned i = 0; i < 200 * fixture_slower() && killed < wanted; i++) {
		sleep_ms(50);
		killed += blocking_each_worker(running.pid, blocking_kill);
	}
	fixture_finish(&running, &blocking_outcome);
	expect_status(&blocking_outcome, 0, "with killed workers");
	cr_expect_eq(killed, wanted);
	cr_expect_eq(log_count(blocking_outcome.err, "ctx", "worker", NULL, NULL), wanted, "%s", blocking_outcome.err);
}

Test(blocking, rules_made_from_inside_hold_on_a_slow_filesystem)
{
	const char *file = fixture_path("mnt/dir/in");
	const struct job job = { .options = WORDS("-p", "off", "-m", "sandbox/read:on", "-m", "default/read:allow",
					 "-m", "lock:off"),
		.command = WORDS("/bin/sh", "-c",
			text("cat %s && [ -e '/dev/kennel/deny/read+%s' ] && ! cat %s && echo refused", file, file,
				file)),
		.deadline_ms = 20000,
		.prepare = blocking_mount_served };

	blocking_need_fuse();
	fixture_run(&job, &blocking_outcome);
	cr_expect_eq(blocking_outcome.status, 0, "%s", blocking_outcome.err);
	cr_expect(strstr(blocking_outcome.out, "refused"), "%s", blocking_outcome.out);
}

Test(blocking, killed_worker_fails_its_open_with_eio_is_logged_and_others_follow)
{
	const char *script = "mkfifo f; (echo x > f) 2> one; (echo x > f) 2> two; echo y > g; cat g; grep -c / one two";

	fixture_need_root();
	blocking_run_killing(
		&(struct job){ .options = WORDS(WATCH_ALL), .command = WORDS("/bin/sh", "-c", script) }, 2);
	cr_expect_str_eq(blocking_outcome.out, "y\none:1\ntwo:1\n");
}

/* A request that the server has read holds its worker: here nobody serves, so that it can be killed. */
Test(blocking, killed_worker_on_a_slow_filesystem_fails_its_call_with_eio)
{
	const char *server;

	blocking_need_fuse();
	server = fixture_guest("serve_fuse");
	blocking_run_killing(&(struct job){ .options = WORDS(WATCH_ALL, "--keep-fd", "9"),
				     .command = WORDS(fixture_guest("block_calls"), "orphaned", "0", server),
				     .prepare = blocking_mount },
		2);
}

Test(blocking, more_than_the_workers_evict_the_oldest)
{
	blocking_need_fuse();
	blocking_run(WORDS(WATCH_ALL, "-m", "limit/workers:8"), blocking_mount_served, "evict", "20");
	cr_expect(strstr(blocking_outcome.out, "evicted 12\n"), "%s", blocking_outcome.out);
	cr_expect(fixture_all_gone(5000));
}

Test(blocking, descriptors_on_a_slow_filesystem_are_given_once_and_as_natively)
{
	blocking_need_fuse();
	blocking_run(NULL, blocking_mount_served, "limit", "0");
	rmdir("mnt");
	blocking_run(WORDS(WATCH_ALL), blocking_mount_served, "limit", "0");
	rmdir("mnt");
	blocking_run(WORDS(WATCH_ALL), blocking_mount_served, "placed", "0");
}

Test(blocking, descriptor_that_was_given_survives_its_worker)
{
	const struct job job = { .options = WORDS(WATCH_ALL),
		.command = WORDS(fixture_guest("block_calls"), "spoiled", "0"),
		.prepare = blocking_mount_served };
	struct running running;
	char out[64];
	pid_t pid = 0;

	blocking_need_fuse();
	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "pid", 10000));
	file_read(running.out, out, sizeof(out));
	cr_assert_eq(sscanf(out, "pid %d", &pid), 1);
	for (unsigned i = 0; i < 500 * fixture_slower() && !strstr(blocking_link(pid, "3"), "/mnt/sticky"); i++)
		sleep_ms(10);
	sleep_ms(50);
	cr_expect_eq(blocking_each_worker(running.pid, blocking_kill), 1);
	fixture_finish(&running, &blocking_outcome);
	expect_status(&blocking_outcome, 0, "spoiled");
	cr_expect_eq(log_count(blocking_outcome.err, "ctx", "worker", NULL, NULL), 1, "%s", blocking_outcome.err);
}

Test(blocking, descriptor_that_becomes_a_slow_one_while_the_call_waits_is_read)
{
	blocking_need_fuse();
	blocking_run(WORDS(WATCH_ALL, "-m", text("deny/list+%s/**", fixture_path("long")), "-m", "log/refused:off"),
		blocking_mount_served, "swapped", "0");
}

/* Kills the supervisor when the guest is ready and so much more time has passed. */
static void blocking_kill_supervisor(const char *part, const char *count, unsigned after_ms)
{
	const struct job job = { .options = WORDS(WATCH_ALL),
		.command = WORDS(fixture_guest("block_calls"), part, count),
		.prepare = blocking_mount_served };
	struct running running;

	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 10000), "the command did not start");
	sleep_ms(after_ms);
	if (strcmp(part, "hold") == 0)
		cr_expect_geq(blocking_each_worker(running.pid, blocking_has_no_listener), 8);
	cr_assert(kill(running.pid, SIGKILL) == 0);
	fixture_finish(&running, &blocking_outcome);
	cr_assert(fixture_all_gone(5000), "%u processes outlived the supervisor", fixture_descendants());
	rmdir("mnt");
}

static bool blocking_count(pid_t worker)
{
	(void)worker;
	return true;
}

Test(blocking, workers_of_many_callers_that_die_at_once_die_with_them)
{
	const struct job job = { .options = WORDS(WATCH_ALL),
		.command = WORDS(fixture_guest("block_calls"), "dismissed", "230") };
	struct running running;

	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "ready", 20000), "the command did not start");
	for (unsigned i = 0; i < 100 * fixture_slower() && blocking_each_worker(running.pid, blocking_count); i++)
		sleep_ms(50);
	cr_expect_eq(blocking_each_worker(running.pid, blocking_count), 0);
	cr_assert(kill(running.pid, SIGKILL) == 0);
	fixture_finish(&running, &blocking_outcome);
}

/* A request that the server has read holds its worker, dismissed or not: who comes later has to do without. */
Test(blocking, workers_that_will_not_die_are_never_more_than_the_limit)
{
	const struct job job = { .options = WORDS(WATCH_ALL, "-m", "limit/workers:8"),
		.command = WORDS(fixture_guest("block_calls"), "evict", "40"),
		.prepare = blocking_mount_served };
	struct running running;
	unsigned most = 0;

	blocking_need_fuse();
	fixture_start(&job, &running);
	for (unsigned i = 0, looks = 0; looks < 60 && i < 60 * fixture_slower(); i++) {
		unsigned now = blocking_each_worker(running.pid, blocking_count);

		most = now > most ? now : most;
		looks += most >= 8;
		sleep_ms(20);
	}
	fixture_finish(&running, &blocking_outcome);
	expect_status(&blocking_outcome, 0, "held workers");
	cr_expect_eq(most, 8);
	cr_expect(strstr(blocking_outcome.out, "evicted 32\n"), "%s", blocking_outcome.out);
	cr_expect(fixture_all_gone(5000));
}

Test(blocking, workers_hold_no_listener_while_they_wait)
{
	blocking_need_fuse();
	blocking_kill_supervisor("hold", "8", 0);
}

/* A listener that is lent at that moment makes nobody wait for ever. */
Test(blocking, supervisor_that_dies_while_descriptors_are_given_leaves_nobody_waiting)
{
	blocking_need_fuse();
	for (unsigned i = 0; i < 10; i++)
		blocking_kill_supervisor("give", "8", 20 + 7 * i);
}
