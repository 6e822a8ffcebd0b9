/*
 * Opens that wait: a FIFO holds up only its own caller, is ended by signals as the
 * kernel does it (EINTR, or a restart with SA_RESTART), and a held lease is honoured.
 * Argument: the part to run.
 */
#include "guest.h"

enum { FIFO_CROWD = 40 };

static volatile sig_atomic_t fifo_own_signals;
static volatile sig_atomic_t *fifo_signals_seen = &fifo_own_signals; /* shared with whoever sends more than one */
#define fifo_signals (*fifo_signals_seen)

static void fifo_on_signal(int number)
{
	(void)number;
	fifo_signals++;
}

static void fifo_handle(int number, int flags)
{
	struct sigaction action = { .sa_handler = fifo_on_signal, .sa_flags = flags };

	CHECK(sigaction(number, &action, NULL) == 0);
}

/* A child that does one thing after a while. */
static pid_t fifo_later(long ms, void (*deed)(pid_t parent))
{
	pid_t parent = getpid();
	pid_t child = fork();

	CHECK(child >= 0);
	if (child == 0) {
		guest_sleep_ms(ms);
		deed(parent);
		_exit(0);
	}
	return child;
}

static void fifo_write_text(pid_t parent)
{
	int fd = open("fifo", O_WRONLY);

	(void)parent;
	CHECK(fd >= 0 && write(fd, "through", 7) == 7);
}

static void fifo_send_signal(pid_t parent)
{
	kill(parent, SIGUSR1);
}

static void fifo_signal_then_write(pid_t parent)
{
	int64_t late = guest_now_ms() + guest_limit_ms(1000);

	for (int i = 0; i < 3; i++) {
		kill(parent, SIGUSR1);
		guest_sleep_ms(120);
		/* Two that nobody has taken are one. */
		while (fifo_signals_seen != &fifo_own_signals && fifo_signals <= i && guest_now_ms() < late)
			guest_sleep_ms(20);
	}
	fifo_write_text(parent);
}

/* A reader waits for its writer; both get what they asked for. */
static void fifo_meet(void)
{
	char text[16];
	int64_t start = guest_now_ms();
	pid_t child = fifo_later(200, fifo_write_text);
	int fd = open("fifo", O_RDONLY | O_CLOEXEC);

	CHECK(fd == 3 && fcntl(fd, F_GETFD) == FD_CLOEXEC && !(fcntl(fd, F_GETFL) & O_NONBLOCK));
	CHECK(guest_now_ms() - start >= 150);
	CHECK(read(fd, text, sizeof(text)) == 7 && memcmp(text, "through", 7) == 0);
	CHECK(read(fd, text, sizeof(text)) == 0 && guest_wait(child) == 0);
}

static void fifo_no_wait(void)
{
	int reader, both, error;

	CHECK_ERR(ENXIO, open("fifo", O_WRONLY | O_NONBLOCK));
	CHECK((both = open("fifo", O_RDWR)) >= 0 && close(both) == 0);
	CHECK((reader = open("fifo", O_RDONLY | O_NONBLOCK)) >= 0);
	CHECK((both = open("fifo", O_WRONLY)) >= 0 && write(both, "x", 1) == 1);
	CHECK(close(both) == 0 && close(reader) == 0);
	/* Under a stat rule O_PATH of a FIFO is refused (doc/BOUNDARY.md): it must not be opened instead. */
	both = open("fifo", O_PATH);
	error = errno;
	CHECK(both >= 0 ? close(both) == 0 : error == EACCES);
	CHECK_ERR(EEXIST, open("fifo", O_RDONLY | O_CREAT | O_EXCL, 0600));
}

static void fifo_interrupted(void)
{
	pid_t child;

	fifo_handle(SIGUSR1, 0);
	child = fifo_later(200, fifo_send_signal);
	CHECK_ERR(EINTR, open("fifo", O_RDONLY));
	CHECK(fifo_signals == 1 && guest_wait(child) == 0);
	CHECK(fcntl(3, F_GETFD) == -1 && errno == EBADF);
}

static void fifo_restarted(void)
{
	char text[16];
	pid_t child;
	int fd;

	fifo_signals_seen =
		mmap(NULL, sizeof(*fifo_signals_seen), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CHECK(fifo_signals_seen != MAP_FAILED);
	fifo_handle(SIGUSR1, SA_RESTART);
	child = fifo_later(200, fifo_signal_then_write);
	CHECK((fd = open("fifo", O_RDONLY)) >= 0 && fifo_signals == 3);
	CHECK(read(fd, text, sizeof(text)) == 7 && guest_wait(child) == 0);
}

/* Blocked and ignored signals must not end the wait. */
static void fifo_undisturbed(void)
{
	char text[16];
	sigset_t set;
	pid_t child;
	int fd;

	CHECK(signal(SIGUSR1, SIG_IGN) != SIG_ERR);
	child = fifo_later(100, fifo_signal_then_write);
	CHECK((fd = open("fifo", O_RDONLY)) >= 0 && read(fd, text, sizeof(text)) == 7 && close(fd) == 0);
	CHECK(guest_wait(child) == 0);
	fifo_handle(SIGUSR1, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	CHECK(sigprocmask(SIG_BLOCK, &set, NULL) == 0);
	child = fifo_later(100, fifo_signal_then_write);
	CHECK((fd = open("fifo", O_RDONLY)) >= 0 && read(fd, text, sizeof(text)) == 7 && close(fd) == 0);
	CHECK(guest_wait(child) == 0 && fifo_signals == 0);
	CHECK(sigprocmask(SIG_UNBLOCK, &set, NULL) == 0 && fifo_signals == 1);
}

/* While many wait, others are served at once; the waiting ones can be killed. */
static void fifo_crowd(void)
{
	/* Where everything is much slower, each of several that run at once has a smaller one. */
	const size_t crowd = guest_is_much_slower() ? FIFO_CROWD / 4 : FIFO_CROWD;
	pid_t waiting[FIFO_CROWD];
	struct stat status;
	int64_t start;

	for (size_t i = 0; i < crowd; i++) {
		CHECK((waiting[i] = fork()) >= 0);
		if (waiting[i] == 0) {
			open("fifo", O_RDONLY);
			_exit(9);
		}
	}
	guest_sleep_ms(guest_limit_ms(200));
	start = guest_now_ms();
	for (unsigned i = 0; i < guest_rounds(200); i++) {
		int fd = open("file", O_RDONLY);

		CHECK(fd >= 0 && fstat(fd, &status) == 0 && stat("file", &status) == 0 && close(fd) == 0);
	}
	CHECK(guest_now_ms() - start < guest_limit_ms(2000));
	for (size_t i = 0; i < crowd; i++) {
		CHECK(kill(waiting[i], i % 2 ? SIGKILL : SIGTERM) == 0);
		CHECK(guest_wait(waiting[i]) == 128 + (i % 2 ? SIGKILL : SIGTERM));
	}
	CHECK(guest_now_ms() - start < guest_limit_ms(10000));
}

static void fifo_on_lease(int number)
{
	(void)number;
	fcntl(5, F_SETLEASE, F_UNLCK);
}

/* A lease holds up a plain open until its owner lets go, and fails one that may not wait. */
static void fifo_lease(void)
{
	struct sigaction action = { .sa_handler = fifo_on_lease, .sa_flags = SA_RESTART };
	pid_t child;

	CHECK(open("file", O_RDONLY) == 3 && dup2(3, 5) == 5 && close(3) == 0);
	CHECK(signal(SIGIO, SIG_IGN) != SIG_ERR && fcntl(5, F_SETLEASE, F_RDLCK) == 0);
	CHECK((child = fork()) >= 0);
	if (child == 0) {
		CHECK_ERR(EAGAIN, open("file", O_WRONLY | O_NONBLOCK));
		_exit(0);
	}
	CHECK(guest_wait(child) == 0);
	fcntl(5, F_SETLEASE, F_UNLCK);
	CHECK(sigaction(SIGIO, &action, NULL) == 0 && fcntl(5, F_SETLEASE, F_RDLCK) == 0);
	CHECK((child = fork()) >= 0);
	if (child == 0) {
		int64_t start = guest_now_ms();

		CHECK(close(5) == 0 && open("file", O_WRONLY) >= 0 && guest_now_ms() - start < 5000);
		_exit(0);
	}
	CHECK(guest_wait(child) == 0);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} parts[] = {
		{ "meet", fifo_meet },
		{ "no-wait", fifo_no_wait },
		{ "interrupted", fifo_interrupted },
		{ "restarted", fifo_restarted },
		{ "undisturbed", fifo_undisturbed },
		{ "crowd", fifo_crowd },
		{ "lease", fifo_lease },
	};

	CHECK(mkfifo("fifo", 0600) == 0);
	guest_write("file", "text");
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (argc == 2 && strcmp(argv[1], parts[i].name) == 0)
			return parts[i].run(), 0;
	return 2;
}
