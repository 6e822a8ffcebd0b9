/*
 * Signals without SA_RESTART, so many a second for each thread, against one call: a call that says EINTR has done
 * nothing, and one that is made again does it once. Arguments: mkdir|open|stat threads rate ms.
 * Prints how often the call was made and interrupted, the signals, the time of all threads in calls and as a whole.
 */
#include "guest.h"

#include <dirent.h>
#include <pthread.h>

enum { STORM_THREADS = 16, STORM_DESCRIPTORS = 200, STORM_CALLS = 100, STORM_SIGNALS = 50, STORM_PATIENCE = 20 };

struct storm {
	long rate, ms;
	bool (*call)(const char *path); /* false and EINTR when it was interrupted */
	void (*undo)(const char *path);
	long calls, interrupted, signals; /* of the threads that have ended */
	int64_t called_ns, lived_ns;
	pthread_mutex_t lock;
};

static __thread volatile sig_atomic_t storm_signals;

static void storm_on_signal(int number)
{
	(void)number;
	storm_signals++;
}

static int64_t storm_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void storm_block(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(pthread_sigmask(how, &set, NULL) == 0);
}

static bool storm_mkdir(const char *path)
{
	return mkdir(path, 0700) == 0;
}

static void storm_rmdir(const char *path)
{
	CHECK(rmdir(path) == 0);
}

static bool storm_open(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	if (fd < 0)
		return false;
	CHECK(close(fd) == 0);
	return true;
}

static void storm_unlink(const char *path)
{
	CHECK(unlink(path) == 0);
}

static bool storm_stat(const char *path)
{
	struct stat status;

	(void)path;
	return stat(".", &status) == 0;
}

static void storm_nothing(const char *path)
{
	(void)path;
}

/* Signals wait while we look, and while what was made is removed: only the call itself is to be hit. */
static void storm_once(struct storm *storm, const char *path, struct storm *mine)
{
	for (;;) {
		int64_t start_ns = storm_now_ns();
		bool done = storm->call(path);
		int error = errno;
		struct stat status;

		mine->called_ns += storm_now_ns() - start_ns;
		mine->calls++;
		storm_block(SIG_BLOCK);
		if (done)
			storm->undo(path);
		else if (error != EINTR)
			guest_fail(__FILE__, __LINE__, path, error);
		else
			CHECK_ERR(ENOENT, lstat(path, &status));
		storm_block(SIG_UNBLOCK);
		if (done)
			return;
		mine->interrupted++;
	}
}

static timer_t storm_timer(long rate)
{
	struct sigevent event = { .sigev_notify = SIGEV_THREAD_ID, .sigev_signo = SIGUSR1 };
	struct timespec period = { rate > 1 ? 0 : 1, rate > 1 ? 1000000000 / rate : 0 };
	timer_t timer;

	event._sigev_un._tid = (pid_t)syscall(SYS_gettid);
	CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0);
	CHECK(timer_settime(timer, 0, &(struct itimerspec){ period, period }, NULL) == 0);
	return timer;
}

/* For as long as was asked, and where the machine gives us little, until something has happened. */
static bool storm_goes_on(const struct storm *storm, const struct storm *mine, int64_t start_ns)
{
	int64_t ms = (storm_now_ns() - start_ns) / 1000000;
	int64_t half = storm->rate * storm->ms / 2000;

	if (mine->calls < STORM_CALLS || storm_signals < (half < STORM_SIGNALS ? half : STORM_SIGNALS))
		return ms < storm->ms * STORM_PATIENCE;
	return ms < storm->ms;
}

static void *storm_thread(void *argument)
{
	struct storm *storm = argument, mine = { .calls = 0 };
	int64_t start_ns = storm_now_ns();
	timer_t timer = storm_timer(storm->rate);
	char path[64];

	for (long i = 0; storm_goes_on(storm, &mine, start_ns); i++) {
		snprintf(path, sizeof(path), "storm/%ld.%ld", (long)syscall(SYS_gettid), i);
		storm_once(storm, path, &mine);
	}
	CHECK(timer_delete(timer) == 0);
	CHECK(pthread_mutex_lock(&storm->lock) == 0);
	storm->calls += mine.calls;
	storm->interrupted += mine.interrupted;
	storm->signals += storm_signals;
	storm->called_ns += mine.called_ns;
	storm->lived_ns += storm_now_ns() - start_ns;
	CHECK(pthread_mutex_unlock(&storm->lock) == 0);
	return NULL;
}

/* What was made after all, and what was opened for nobody, would be left. */
static void storm_check_left(void)
{
	DIR *directory = opendir("storm");
	struct dirent *entry;

	CHECK(directory);
	while ((entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			guest_fail(__FILE__, __LINE__, entry->d_name, EEXIST);
	closedir(directory);
	for (int fd = 3; fd < STORM_DESCRIPTORS; fd++)
		CHECK_ERR(EBADF, fcntl(fd, F_GETFD));
}

int main(int argc, char **argv)
{
	static struct storm storm = { .lock = PTHREAD_MUTEX_INITIALIZER };
	struct sigaction action = { .sa_handler = storm_on_signal };
	long count = argc > 4 ? atol(argv[2]) : 0;
	pthread_t threads[STORM_THREADS];

	if (count < 1 || count > STORM_THREADS)
		return 2;
	storm.call = *argv[1] == 'm' ? storm_mkdir : *argv[1] == 'o' ? storm_open : storm_stat;
	storm.undo = *argv[1] == 'm' ? storm_rmdir : *argv[1] == 'o' ? storm_unlink : storm_nothing;
	storm.rate = atol(argv[3]);
	storm.ms = atol(argv[4]);
	for (int fd = 3; fd < STORM_DESCRIPTORS; fd++)
		close(fd);
	CHECK(mkdir("storm", 0700) == 0 && sigaction(SIGUSR1, &action, NULL) == 0);
	for (long i = 0; i < count; i++)
		CHECK(pthread_create(&threads[i], NULL, storm_thread, &storm) == 0);
	for (long i = 0; i < count; i++)
		CHECK(pthread_join(threads[i], NULL) == 0);
	storm_check_left();
	CHECK(rmdir("storm") == 0);
	printf("calls %ld interrupted %ld signals %ld called_ns %lld lived_ns %lld\n", storm.calls, storm.interrupted,
		storm.signals, (long long)storm.called_ns, (long long)storm.lived_ns);
	return 0;
}
