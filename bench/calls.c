/*
 * The guest whose calls are counted: nanoseconds per call, one line per call and one number per
 * batch. FILE is what is looked at, entered, mapped or started, and "made" next to it is what is
 * made; -t gives the guest a second thread, asleep. It is run natively, under Kennel and under the
 * references; it knows nothing of them and checks every result.
 */
#include "bench/numbers.h"

#include <errno.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CALLS_MAX_ITERATIONS (1L << 24)

struct subject {
	const char *file;
	char made[PATH_MAX]; /* a name next to it that is free */
	int zero_fd, file_fd, dir_fd, socket_fd;
	struct sockaddr_in address; /* of a socket that nobody reads from */
};

struct measure {
	const char *name;
	bool (*call)(const struct subject *subject);
};

static bool calls_getppid(const struct subject *subject)
{
	(void)subject;
	return syscall(SYS_getppid) >= 0;
}

static bool calls_read(const struct subject *subject)
{
	char byte;

	return syscall(SYS_read, subject->zero_fd, &byte, 1) == 1;
}

static bool calls_stat(const struct subject *subject)
{
	struct stat result;

	return syscall(SYS_newfstatat, AT_FDCWD, subject->file, &result, 0) == 0 && S_ISREG(result.st_mode);
}

static bool calls_open(const struct subject *subject)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, subject->file, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && syscall(SYS_close, fd) == 0;
}

static bool calls_mkdir(const struct subject *subject)
{
	return syscall(SYS_mkdirat, AT_FDCWD, subject->made, 0700) == 0 &&
	       syscall(SYS_unlinkat, AT_FDCWD, subject->made, AT_REMOVEDIR) == 0;
}

static bool calls_create(const struct subject *subject)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, subject->made, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	return fd >= 0 && syscall(SYS_close, fd) == 0 && syscall(SYS_unlinkat, AT_FDCWD, subject->made, 0) == 0;
}

/* The folder of the file, from its start to its end. */
static bool calls_getdents(const struct subject *subject)
{
	char entries[4096];
	long got;

	if (lseek(subject->dir_fd, 0, SEEK_SET) != 0)
		return false;
	while ((got = syscall(SYS_getdents64, subject->dir_fd, entries, sizeof(entries))) > 0)
		continue;
	return got == 0;
}

static bool calls_chdir(const struct subject *subject)
{
	return syscall(SYS_chdir, subject->file) == 0;
}

static bool calls_mmap(const struct subject *subject)
{
	void *mapped = mmap(NULL, 1, PROT_READ | PROT_EXEC, MAP_PRIVATE, subject->file_fd, 0);

	return mapped != MAP_FAILED && munmap(mapped, 1) == 0;
}

static bool calls_connect(const struct subject *subject)
{
	return connect(subject->socket_fd, (const struct sockaddr *)&subject->address, sizeof(subject->address)) == 0;
}

/* What does not fit into the receiver's queue is dropped there. */
static bool calls_sendto(const struct subject *subject)
{
	return sendto(subject->socket_fd, "some words to send", 18, 0, (const struct sockaddr *)&subject->address,
		       sizeof(subject->address)) == 18;
}

/* The program ends with 0; a child that could not start it with the errno. */
static bool calls_fork(const struct subject *subject)
{
	char *argv[] = { (char *)subject->file, NULL }, *environment[] = { NULL };
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execve(subject->file, argv, environment);
		_exit(errno);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return false;
	errno = WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
	return status == 0;
}

static const struct measure calls_table[] = {
	{ "getppid", calls_getppid },
	{ "read", calls_read },
	{ "stat", calls_stat },
	{ "open+close", calls_open },
	{ "mkdir+rmdir", calls_mkdir },
	{ "create+unlink", calls_create },
	{ "getdents", calls_getdents },
	{ "connect", calls_connect },
	{ "sendto", calls_sendto },
	{ "chdir", calls_chdir },
	{ "mmap", calls_mmap },
	{ "fork+exec", calls_fork },
};

static int64_t calls_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The time of so many calls in nanoseconds, -1 when one of them failed. */
static int64_t calls_batch(const struct measure *measure, const struct subject *subject, long iterations)
{
	int64_t start_ns = calls_now_ns();

	for (long i = 0; i < iterations; i++)
		if (!measure->call(subject))
			return -1;
	return calls_now_ns() - start_ns;
}

/* How many calls fill a batch: found by doubling, which also warms everything up. */
static long calls_calibrate(const struct measure *measure, const struct subject *subject, int64_t batch_ns)
{
	long iterations = 64;

	while (iterations < CALLS_MAX_ITERATIONS) {
		int64_t took_ns = calls_batch(measure, subject, iterations);

		if (took_ns < 0)
			return -1;
		if (took_ns >= batch_ns)
			return iterations;
		iterations *= 2;
	}
	return iterations;
}

static int calls_measure(
	const struct measure *measure, const struct subject *subject, long iterations, int batches, int64_t batch_ns)
{
	if (iterations == 0)
		iterations = calls_calibrate(measure, subject, batch_ns);
	printf("%s", measure->name);
	for (int i = 0; i < batches; i++) {
		int64_t took_ns = iterations < 0 ? -1 : calls_batch(measure, subject, iterations);

		if (took_ns < 0) {
			printf("\n");
			fprintf(stderr, "calls: %s: %s\n", measure->name, strerror(errno));
			return -1;
		}
		printf(" %.1f", (double)took_ns / (double)iterations);
	}
	printf("\n");
	return 0;
}

static bool calls_wanted(const char *name, char **names)
{
	for (; *names; names++)
		if (!strcmp(name, *names))
			return true;
	return false;
}

static void *calls_sleep(void *unused)
{
	for (;;)
		pause();
	return unused;
}

static bool calls_sockets(struct subject *subject)
{
	int receiver = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(subject->address);

	subject->address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	subject->socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return bind(receiver, (struct sockaddr *)&subject->address, size) == 0 &&
	       getsockname(receiver, (struct sockaddr *)&subject->address, &size) == 0;
}

static bool calls_subject(struct subject *subject, const char *file)
{
	const char *slash = strrchr(file, '/');
	int length = slash ? (int)(slash - file) + 1 : 0;
	char folder[PATH_MAX];

	*subject = (struct subject){ file, .zero_fd = open("/dev/zero", O_RDONLY | O_CLOEXEC),
		.file_fd = open(file, O_RDONLY | O_CLOEXEC) };
	if (snprintf(subject->made, PATH_MAX, "%.*smade", length, file) >= PATH_MAX ||
		snprintf(folder, PATH_MAX, "%.*s.", length, file) >= PATH_MAX)
		return false;
	subject->dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return calls_sockets(subject);
}

int main(int argc, char **argv)
{
	long iterations = 0, batch_us = 2000;
	int batches = 5, option, status = 0;
	struct subject subject;
	pthread_t thread;

	while ((option = getopt(argc, argv, "n:b:u:t")) != -1) {
		if (option == 'n')
			iterations = atol(optarg);
		else if (option == 'b')
			batches = atoi(optarg);
		else if (option == 'u')
			batch_us = atol(optarg);
		else if (option == 't' && pthread_create(&thread, NULL, calls_sleep, NULL) == 0)
			continue;
		else
			return 2;
	}
	if (optind + 1 >= argc || !calls_subject(&subject, argv[optind])) {
		fprintf(stderr, "usage: calls [-n ITERATIONS | -u BATCH_US] [-b BATCHES] [-t] FILE CALL...\n");
		return 2;
	}
	for (size_t i = 0; i < sizeof(calls_table) / sizeof(calls_table[0]); i++)
		if (calls_wanted(calls_table[i].name, argv + optind + 1) &&
			calls_measure(&calls_table[i], &subject, iterations, batches, batch_us * 1000))
			status = 1;
	return status;
}
