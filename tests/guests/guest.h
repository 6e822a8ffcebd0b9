/*
 * What every guest shares. A guest is a tiny static program that the tests run
 * natively and under Kennel, in every ABI of the machine; its exit code is the verdict:
 * 0 as expected, 1 not, 77 cannot be judged here. Header only, included first.
 */
#ifndef KENNEL_TESTS_GUEST_H
#define KENNEL_TESTS_GUEST_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#define _FILE_OFFSET_BITS 64

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define GUEST_SKIP 77
#define GUEST_PAGE 65536 /* whole pages of every machine: they have 4, 16 or 64 KiB */

static inline _Noreturn void guest_fail(const char *file, int line, const char *what, int error)
{
	fprintf(stderr, "%s:%d: not as expected: %s (errno %d, %s)\n", file, line, what, error, strerror(error));
	fflush(stderr);
	_exit(1);
}

static inline _Noreturn void guest_skip(const char *reason)
{
	fprintf(stderr, "skipped: %s\n", reason);
	fflush(stderr);
	_exit(GUEST_SKIP);
}

#define CHECK(condition) \
	do { \
		errno = 0; \
		if (!(condition)) \
			guest_fail(__FILE__, __LINE__, #condition, errno); \
	} while (0)

/* The call must fail with exactly this errno. */
#define CHECK_ERR(error, call) \
	do { \
		errno = 0; \
		if ((long)(call) != -1 || errno != (error)) \
			guest_fail(__FILE__, __LINE__, #call " is " #error, errno); \
	} while (0)

static inline void guest_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) || close(fd))
		guest_fail(__FILE__, __LINE__, path, errno);
}

/* The file's beginning as a string; -1 and errno when it cannot be opened. */
static inline ssize_t guest_read(const char *path, char *buffer, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t got;
	int saved;

	if (fd < 0)
		return -1;
	got = read(fd, buffer, size - 1);
	saved = errno;
	close(fd);
	errno = saved;
	if (got >= 0)
		buffer[got] = '\0';
	return got;
}

/* Waits for one child; its exit code, or 128 + the signal. */
static inline int guest_wait(pid_t child)
{
	int status;

	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			guest_fail(__FILE__, __LINE__, "waitpid", errno);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#include "guest_time.h"
#include "old_calls.h"

#endif
