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

TestSuite(blocking, .init = fixture_enter, .fini = fixture_leave, .timeout = 120);

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

/* "stat A ns alone, B ns beside": nobody else may notice. What exactly it costs, bench/ says. */
static void blocking_expect_undisturbed(const char *out)
{
	long alone, beside;
	unsigned lines = 0;

	for (const char *at = strstr(out, "stat "); at; at = strstr(at + 1, "stat "), lines++) {
		cr_assert_eq(sscanf(at, "stat %ld ns alone, %ld ns beside", &alone, &beside), 2, "%s", at);
		cr_expect_lt(beside, 2 * alone + 20000, "%s", at);
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
	const char *script = "cat mnt/file; cat into; (: > mnt/x); cat mnt/dir/in; true";
	struct job job = { .command = WORDS("/bin/sh", "-c", script), .prepare = blocking_mount_served };

	blocking_need_fuse();
	cr_assert(symlink("mnt/file", "into") == 0);
	job.options = WORDS(WATCH_ALL, "-m", text("deny/read+%s", fixture_path("mnt/file")), "-m",
		text("deny/create+%s", fixture_path("mnt/x")));
	fixture_run(&job, &blocking_outcome);
	expect_status(&blocking_outcome, 0, "rules");
	cr_expect_str_eq(blocking_outcome.out, "in");
	cr_expect_eq(log_count(blocking_outcome.err, "cap", "read", "path", fixture_path("mnt/file")), 2, "%s",
		blocking_outcome.err);
	cr_expect_eq(log_count(blocking_outcome.err, "cap", "create", "path", fixture_path("mnt/x")), 1);
}

/* Kills the workers of this test's job by their name; how many. */
static unsigned blocking_kill_workers(pid_t supervisor)
{
	char children[4096], name[64];
	unsigned killed = 0;
	long launcher;

	file_read(text("/proc/%d/task/%d/children", supervisor, supervisor), children, sizeof(children));
	launcher = strtol(children, NULL, 10);
	file_read(text("/proc/%ld/task/%ld/children", launcher, launcher), children, sizeof(children));
	for (char *at = strtok(children, " "); at; at = strtok(NULL, " ")) {
		file_read(text("/proc/%s/comm", at), name, sizeof(name));
		if (strncmp(name, "kennel-worker", 13) == 0 && kill((pid_t)atoi(at), SIGKILL) == 0)
			killed++;
	}
	return killed;
}

/* Runs the job and kills its workers until there were so many. */
static void blocking_run_killing(const struct job *job, unsigned wanted)
{
	struct running running;
	unsigned killed = 0;

	fixture_start(job, &running);
	for (unsigned i = 0; i < 200 && killed < wanted; i++) {
		sleep_ms(50);
		killed += blocking_kill_workers(running.pid);
	}
	fixture_finish(&running, &blocking_outcome);
	expect_status(&blocking_outcome, 0, "with killed workers");
	cr_expect_eq(killed, wanted);
	cr_expect_eq(log_count(blocking_outcome.err, "ctx", "worker", NULL, NULL), wanted, "%s", blocking_outcome.err);
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
