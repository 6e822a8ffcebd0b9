/*
 * Descriptors and terminals of other processes and threads, with and without
 * PIDFD_THREAD. Ids are ours throughout; what fds.c asks of the call is faked.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/call.h"
#include "core/cleanup.h"
#include "core/fds.h"
#include "core/identity_state.h"
#include "core/log.h"
#include "core/sandbox.h"
#include "core/supervisor.h"

static struct supervisor supervisor;
static struct sandbox sandbox = { .supervisor = &supervisor };
static struct call call = { .sandbox = &sandbox };
static int gone;
static unsigned logged;

pid_t call_tid(const struct call *asked)
{
	return asked->tid;
}

int call_revalidate(struct call *asked)
{
	(void)asked;
	return gone;
}

void log_event(struct log *log, const char *context, const char *format, ...)
{
	(void)log;
	(void)context;
	(void)format;
	logged++;
}

static void fds_setup(void)
{
	int AUTO_CLOSE fd = (int)syscall(SYS_pidfd_open, getpid(), O_EXCL /* PIDFD_THREAD, 6.9 */);

	supervisor.proc_fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	supervisor.identity = identity_new();
	supervisor.features.pidfd_thread = fd >= 0;
	supervisor.pid = getpid();
	call.tid = getpid();
}

static void fds_end(void)
{
	identity_free(supervisor.identity);
}

TestSuite(fds, .init = fds_setup, .fini = fds_end, .timeout = 60);

static void fds_expect_same_file(int number)
{
	struct stat theirs, ours;
	int fd = fds_get(&call, number);

	cr_assert_geq(fd, 0, "%d", fd);
	cr_assert(fstat(number, &theirs) == 0 && fstat(fd, &ours) == 0);
	cr_expect(theirs.st_ino == ours.st_ino && theirs.st_dev == ours.st_dev);
	cr_expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
}

Test(fds, descriptor_is_duplicated)
{
	int pipes[2];

	cr_assert_eq(pipe(pipes), 0);
	supervisor.features.pidfd_thread = false;
	fds_expect_same_file(pipes[0]);
}

Test(fds, number_without_a_file_is_a_bad_descriptor)
{
	supervisor.features.pidfd_thread = false;
	cr_expect_eq(fds_get(&call, -1), -EBADF);
	cr_expect_eq(fds_get(&call, -100), -EBADF);
	cr_expect_eq(fds_get(&call, 1000), -EBADF);
}

Test(fds, call_that_is_gone_gets_nothing)
{
	gone = -ESRCH;
	supervisor.features.pidfd_thread = false;
	cr_expect_eq(fds_get(&call, 0), -ESRCH);
}

struct own_table {
	int number; /* open in the thread only */
	pid_t tid;
	bool unshare;
	pthread_barrier_t ready, done;
};

static void *fds_thread(void *argument)
{
	struct own_table *own = argument;

	own->tid = gettid();
	if (own->unshare && unshare(CLONE_FILES) < 0)
		abort();
	own->number = open("/dev/null", O_RDONLY);
	pthread_barrier_wait(&own->ready);
	pthread_barrier_wait(&own->done);
	return NULL;
}

static void fds_start_thread(struct own_table *own, pthread_t *thread)
{
	pthread_barrier_init(&own->ready, NULL, 2);
	pthread_barrier_init(&own->done, NULL, 2);
	cr_assert_eq(pthread_create(thread, NULL, fds_thread, own), 0);
	pthread_barrier_wait(&own->ready);
	call.tid = own->tid;
}

static void fds_stop_thread(struct own_table *own, pthread_t thread)
{
	pthread_barrier_wait(&own->done);
	pthread_join(thread, NULL);
}

Test(fds, table_of_a_thread_is_its_own)
{
	struct own_table own = { .unshare = true };
	pthread_t thread;

	if (!supervisor.features.pidfd_thread)
		cr_skip_test("the kernel lacks PIDFD_THREAD (Linux 6.9)");
	fds_start_thread(&own, &thread);
	cr_expect_geq(fds_get(&call, own.number), 0);
	cr_expect_eq(fds_get(&call, own.number + 100), -EBADF);
	fds_stop_thread(&own, thread);
}

Test(fds, table_of_a_thread_is_refused_when_only_leaders_can_be_asked)
{
	struct own_table own = { .unshare = true };
	pthread_t thread;

	supervisor.features.pidfd_thread = false;
	fds_start_thread(&own, &thread);
	cr_expect_eq(fds_get(&call, own.number), -EACCES);
	cr_expect_eq(fds_get(&call, own.number), -EACCES);
	cr_expect_eq(logged, 1);
	fds_stop_thread(&own, thread);
}

Test(fds, shared_table_of_a_thread_is_reached_through_the_leader)
{
	struct own_table own = { 0 };
	pthread_t thread;

	supervisor.features.pidfd_thread = false;
	fds_start_thread(&own, &thread);
	fds_expect_same_file(own.number);
	fds_stop_thread(&own, thread);
}

Test(fds, thread_that_ended_is_told_apart)
{
	pid_t child = fork();

	if (!child)
		_exit(0);
	cr_assert_gt(child, 0);
	waitpid(child, NULL, 0);
	call = (struct call){ .sandbox = &sandbox, .tid = child };
	cr_expect_eq(fds_get(&call, 0), -ESRCH);
	supervisor.features.pidfd_thread = false;
	cr_expect_eq(fds_get(&call, 0), -ESRCH);
}

/* A child in a session of its own, whose controlling terminal is name (NULL: none). */
static pid_t fds_session(const char *name)
{
	int ready[2];
	pid_t child;
	char byte = 0;

	cr_assert_eq(pipe(ready), 0);
	child = fork();
	if (!child) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setsid() < 0 || (name && open(name, O_RDWR) < 0) || write(ready[1], &byte, 1) != 1)
			_exit(1);
		pause();
		_exit(0);
	}
	cr_assert_gt(child, 0);
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	call = (struct call){ .sandbox = &sandbox, .tid = child };
	return child;
}

static void fds_end_session(pid_t child)
{
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

Test(fds, target_without_a_terminal_has_none)
{
	pid_t child = fds_session(NULL);

	cr_expect_eq(fds_open_terminal(&call, O_RDWR), -ENXIO);
	fds_end_session(child);
}

Test(fds, terminal_of_another_session_is_found)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY);
	struct stat theirs, found;
	const char *name;
	pid_t child;
	int fd;

	if (master < 0)
		cr_skip_test("no pseudo terminals here");
	cr_assert(grantpt(master) == 0 && unlockpt(master) == 0);
	name = ptsname(master);
	child = fds_session(name);
	fd = fds_open_terminal(&call, O_RDWR);
	cr_assert_geq(fd, 0, "%d", fd);
	cr_assert(stat(name, &theirs) == 0 && fstat(fd, &found) == 0);
	cr_expect_eq(found.st_rdev, theirs.st_rdev);
	fds_end_session(child);
}
