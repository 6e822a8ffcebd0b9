/*
 * Deaths at random moments: of the supervisor, after which nothing may be left, and of its targets, whose numbers soon
 * belong to others. KENNEL_SUPERVISOR_KILLS and KENNEL_TARGET_KILLS say how many of each, for each plan.
 */
#include "tests/integration/fixture.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

static long long kills_now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000LL + now.tv_nsec / 1000;
}

static void kills_enter(void)
{
	unsigned seed = (unsigned)kills_now_us();

	fixture_enter();
	srand(seed);
	note("the moments are those of srand(%u)", seed);
}

TestSuite(kills, .init = kills_enter, .fini = fixture_leave, .timeout = 14400);

enum { SUPERVISOR_KILLS = 12, TARGET_KILLS = 100, GONE_MS = 5000, BUSY_MS = 120, STOPS = 500 };

/* So few numbers that each is another process soon; the kernel uses those below 300 only once. */
#define FEW_NUMBERS "360"
/* Everything that can be intercepted, traced calls included; and what needs no ptrace. */
#define TRACED WATCH_ALL
#define UNTRACED \
	"-m", "default/all:allow", "-m", "trace/ptrace:off", "-m", "sandbox/exec,chdir,walk:off", "-m", \
		"deny/read,write,create,delete,stat,mkdir,rmdir,mkfifo+/nonexistent/***"

static struct outcome kills_outcome;

static unsigned kills_wanted(const char *name, unsigned otherwise)
{
	const char *value = getenv(name);

	return value && atol(value) > 0 ? (unsigned)atol(value) : otherwise;
}

/* ---- The supervisor ---- */

static void kills_set_tmpdir(void)
{
	setenv("TMPDIR", text("%s/tmp", fixture_path("")), 1);
}

/* Nothing is in the folder of temporary directories, or soon will be. */
static unsigned kills_left_in_tmp(void)
{
	const struct dirent *entry;
	DIR *directory = opendir("tmp");
	unsigned count = 0;

	cr_assert(directory);
	while ((entry = readdir(directory)))
		count += entry->d_name[0] != '.';
	closedir(directory);
	return count;
}

/*
 * One look at /proc may miss a process that gets another parent meanwhile. On a machine that is not overloaded a tenth
 * of a second is enough; who is killed needs a processor to die.
 */
static void kills_expect_nothing_left(unsigned after_us)
{
	long long end = kills_now_us() + GONE_MS * 1000LL;
	unsigned processes, names, clean = 0;

	do {
		processes = fixture_descendants();
		names = kills_left_in_tmp();
		clean = processes || names ? 0 : clean + 1;
	} while (clean < 3 && kills_now_us() < end);
	cr_assert(!processes && !names, "after %u us: %u processes and %u names are left", after_us, processes, names);
}

/* The time until nothing was left, in ms. */
static unsigned kills_of_supervisor(const struct job *job, unsigned after_us)
{
	struct running running;
	long long killed;

	fixture_start(job, &running);
	sleep_ms(after_us / 1000);
	usleep(after_us % 1000);
	cr_assert(kill(running.pid, SIGKILL) == 0);
	killed = kills_now_us();
	fixture_finish(&running, &kills_outcome);
	cr_assert(kills_outcome.signaled, "it had ended: %d %s", kills_outcome.status, kills_outcome.err);
	kills_expect_nothing_left(after_us);
	return (unsigned)((kills_now_us() - killed) / 1000);
}

static void kills_many_supervisors(const char *const *options, const char *what)
{
	const char *script = text("%s 8 storm stay & %s 1000000 & cat ${KENNEL_TMPDIR:-.}/none fifo & mkdir -p "
				  "$TMPDIR/a/b; echo x >$TMPDIR/a/b/c; wait",
		fixture_guest("fork_storm"), fixture_guest("reuse_pids"));
	const struct job job = {
		.options = options, .command = WORDS("/bin/sh", "-c", script), .prepare = kills_set_tmpdir
	};
	unsigned count = kills_wanted("KENNEL_SUPERVISOR_KILLS", fixture_rounds(SUPERVISOR_KILLS)), slowest = 0;

	cr_assert(mkdir("tmp", 0777) == 0 && mkfifo("fifo", 0666) == 0);
	for (unsigned i = 0; i < count; i++) {
		unsigned took = kills_of_supervisor(&job, (unsigned)rand() % (BUSY_MS * 1000));

		slowest = took > slowest ? took : slowest;
	}
	note("%u supervisors killed: %s, nothing was left after %u ms", count, what, slowest);
}

Test(kills, supervisor_killed_at_any_moment_leaves_nothing)
{
	kills_many_supervisors(WORDS(UNTRACED, "-m", "lock:off", "-m", "allow/all+${KENNEL_TMPDIR}/***"), "not traced");
}

Test(kills, supervisor_that_traces_killed_at_any_moment_leaves_nothing)
{
	kills_many_supervisors(WORDS(TRACED, "-m", "lock:off", "-m", "allow/all+${KENNEL_TMPDIR}/***"), "traced");
}

/* The one process of this name below another. */
static pid_t kills_find(pid_t parent, const char *wanted)
{
	char children[4096], comm[64];
	char *rest = children;
	pid_t found = 0;

	file_read(text("/proc/%d/task/%d/children", parent, parent), children, sizeof(children));
	for (char *at = strsep(&rest, " "); !found && at && *at; at = strsep(&rest, " ")) {
		pid_t pid = (pid_t)atoi(at);

		file_read(text("/proc/%d/comm", pid), comm, sizeof(comm));
		comm[strcspn(comm, "\n")] = '\0';
		found = strcmp(comm, wanted) == 0 ? pid : kills_find(pid, wanted);
	}
	return found;
}

/* The supervisor takes over what the launcher leaves. */
static void kills_of_launcher(const struct job *job, unsigned after_us)
{
	struct running running;
	pid_t launcher = 0;

	fixture_start(job, &running);
	usleep(after_us);
	for (unsigned i = 0; !launcher && i < 1000; i++) {
		launcher = kills_find(running.pid, "kennel-launcher");
		sleep_ms(1);
	}
	cr_assert(launcher > 0 && kill(launcher, SIGKILL) == 0);
	fixture_finish(&running, &kills_outcome);
	cr_assert_eq(
		kills_outcome.status, 125, "after %u us: %d %s", after_us, kills_outcome.status, kills_outcome.err);
	kills_expect_nothing_left(after_us);
}

static void kills_many_launchers(const char *const *options, const char *what)
{
	const char *script = text("%s 8 storm stay & cat fifo & sleep 100", fixture_guest("fork_storm"));
	const struct job job = {
		.options = options, .command = WORDS("/bin/sh", "-c", script), .prepare = kills_set_tmpdir
	};

	cr_assert(mkdir("tmp", 0777) == 0 && mkfifo("fifo", 0666) == 0);
	for (unsigned i = 0; i < fixture_rounds(SUPERVISOR_KILLS); i++)
		kills_of_launcher(&job, (unsigned)rand() % (BUSY_MS * 1000));
	note("%u launchers killed: %s", fixture_rounds(SUPERVISOR_KILLS), what);
}

Test(kills, launcher_killed_at_any_moment_leaves_nothing)
{
	kills_many_launchers(WORDS(UNTRACED, "-m", "allow/all+${KENNEL_TMPDIR}/***"), "not traced");
}

Test(kills, launcher_of_traced_targets_killed_at_any_moment_leaves_nothing)
{
	kills_many_launchers(WORDS(TRACED, "-m", "allow/all+${KENNEL_TMPDIR}/***"), "traced");
}

/* The kernel forgets half of an answer that was interrupted; also when the whole system is suspended. */
Test(kills, supervisor_stopped_at_any_moment_answers_right)
{
	struct job job = { .options = WORDS(UNTRACED), .command = WORDS(fixture_guest("open_always")) };
	struct running running;
	int pidfd;

	fixture_start(&job, &running);
	pidfd = (int)syscall(SYS_pidfd_open, running.pid, 0);
	cr_assert(pidfd >= 0 && wait_for_text(running.out, "ready", 10000));
	for (unsigned i = 0; i < fixture_rounds(STOPS); i++) {
		cr_assert(syscall(SYS_pidfd_send_signal, pidfd, SIGSTOP, NULL, 0) == 0, "it has ended");
		usleep((unsigned)rand() % 300);
		cr_assert(syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0) == 0, "it has ended");
		usleep((unsigned)rand() % 1000);
	}
	close(pidfd);
	file_write("end", "");
	fixture_finish(&running, &kills_outcome);
	expect_status(&kills_outcome, 0, "opens");
	cr_expect(strstr(kills_outcome.out, " opens\n") && !strstr(kills_outcome.err, "mistake"), "%s",
		kills_outcome.err);
}

/* ---- Its targets ---- */

/* Who sets the limit inside of a namespace sets everybody's on an older kernel. */
static void kills_need_few_numbers(void)
{
	struct utsname name;
	int major = 0, minor = 0;

	fixture_need_root();
	cr_assert(uname(&name) == 0 && sscanf(name.release, "%d.%d", &major, &minor) == 2);
	if (major < 6 || (major == 6 && minor < 14))
		cr_skip_test("pid_max is the whole system's before 6.14");
	fixture_need_program("unshare");
}

static unsigned kills_descriptors(pid_t pid)
{
	DIR *directory = opendir(text("/proc/%d/fd", pid));
	unsigned count = 0;

	cr_assert(directory, "cannot look into the supervisor");
	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

/* Somebody always looks whether it may go on: what is there at rest is the least of many looks. */
static unsigned kills_descriptors_at_rest(pid_t pid)
{
	unsigned least = kills_descriptors(pid);

	for (unsigned i = 0; i < 30; i++) {
		unsigned now = kills_descriptors(pid);

		least = now < least ? now : least;
		sleep_ms(7);
	}
	return least;
}

/* What the supervisor is just about to do for somebody it does much later. */
static bool kills_stop_until_done(const struct running *running, pid_t supervisor)
{
	int pidfd = (int)syscall(SYS_pidfd_open, supervisor, 0);
	long long end = kills_now_us() + running->deadline_ms * 1000LL;
	bool done = false;

	while (!done && syscall(SYS_pidfd_send_signal, pidfd, SIGSTOP, NULL, 0) == 0 && kills_now_us() < end) {
		sleep_ms((unsigned)rand() % 20);
		syscall(SYS_pidfd_send_signal, pidfd, SIGCONT, NULL, 0);
		done = wait_for_text(running->out, "done", 10 + (unsigned)rand() % 10);
	}
	close(pidfd);
	return done;
}

static void kills_many_targets(const char *options, const char *what)
{
	unsigned count = kills_wanted("KENNEL_TARGET_KILLS", fixture_rounds(TARGET_KILLS));
	const char *program = getenv("KENNEL");
	const char *script =
		text("echo " FEW_NUMBERS " > /proc/sys/kernel/pid_max && exec %s run %s -m lock:off -- %s %u", program,
			options, fixture_guest("reuse_pids"), count);
	struct job job = { .command = WORDS("/usr/bin/unshare", "-p", "-f", "--mount-proc", "--kill-child", "/bin/sh",
				   "-c", script),
		.deadline_ms = 60000 + 200 * count };
	struct running running;
	unsigned before, after;
	unsigned long reused, same;
	const char *done;
	pid_t supervisor;

	kills_need_few_numbers();
	fixture_start(&job, &running);
	cr_assert(wait_for_text(running.out, "warm", 60000), "no warm-up");
	supervisor = kills_find(running.pid, "kennel");
	cr_assert(supervisor > 0);
	before = kills_descriptors_at_rest(supervisor);
	file_write("go", "");
	if (kills_stop_until_done(&running, supervisor)) {
		after = kills_descriptors_at_rest(supervisor);
		cr_expect_eq(after, before, "descriptors: %u, then %u", before, after);
	}
	file_write("end", "");
	fixture_finish(&running, &kills_outcome);
	expect_status(&kills_outcome, 0, what);
	done = strstr(kills_outcome.out, "done: ");
	cr_assert(done && sscanf(done, "done: %*u killed, %lu numbers used again, %lu", &reused, &same) == 2, "%s",
		kills_outcome.out);
	cr_expect(reused > count / 4 && same > 0, "%s", kills_outcome.out);
	note("%u targets killed: %s, %lu numbers used again, %lu at once", count, what, reused, same);
}

Test(kills, calls_of_targets_killed_at_any_moment_are_made_for_nobody_else)
{
	kills_many_targets("-m default/all:allow -m trace/ptrace:off -m sandbox/exec,chdir,walk:off "
			   "-m deny/read,write,create,delete,stat,mkdir,rmdir,mkfifo+/nonexistent/***",
		"not traced");
}

Test(kills, calls_of_traced_targets_killed_at_any_moment_are_made_for_nobody_else)
{
	kills_many_targets("-m default/all:allow -m deny/all+/nonexistent/***", "traced");
}
