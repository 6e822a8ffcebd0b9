/*
 * Loaded into kennel by LD_PRELOAD, never part of it: stands between it (with the libraries it uses) and libc,
 * counts the calls that can fail, and makes one of them fail. What it counts is in a shared file, so that
 * it makes no system call of its own once main() runs. tests/faults/test_faults.py starts it, and reads the file.
 *
 * KENNEL_FAULT is FILE:PLACE:CALLER:FUNCTION:CALL:NUMBER:CHOICE:KIND. PLACE 0 is the process that was started, 1
 * whatever it forks. The call with that NUMBER from there, in the service of that system CALL, fails with that choice
 * of the errnos that are fitting; with KIND "on" all later ones do that could fail with this errno.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FAULT_CALLS 65536
#define FAULT_ERRORS 4
#define FAULT_FORKED 1

struct fault_record {
	uint64_t caller;
	uint16_t function, call; /* the system call that was received last, in whose service this one probably is */
	uint32_t argument;
};

/* The file. */
struct fault_log {
	uint32_t counts[2];
	int32_t failed_with;
	uint32_t failed_count, hits, unused;
	struct fault_record failed;
	struct fault_record records[2][FAULT_CALLS];
};

typedef long fault_function(long a, long b, long c, long d, long e, long f, long g);

enum fault_way { FAULT_MINUS_ONE, FAULT_NULL, FAULT_AFTER, FAULT_UNCHANGED, FAULT_FORK };

struct fault_point {
	const char *name;
	enum fault_way way;
	int errors[FAULT_ERRORS];
};

/*
 * Errnos that fit. None says of a process that lives that it is gone: then nobody could help it. Of what waits without
 * hanging (waitid, waitpid) only that would be left.
 */
#define MEMORY ENOMEM
#define NUMBERS EMFILE, ENOMEM, ENFILE
#define OPENS EMFILE, ENOMEM, EIO, EINTR
#define TALKS EAGAIN, EINTR, ENOMEM
#define WORKS ENOMEM, EIO, ENOSPC
#define LOOKS ENOMEM, EIO
#define SETS ENOMEM, EPERM

/* By the name that the linker sees. */
#define FAULT_POINTS(POINT) \
	POINT(malloc, FAULT_NULL, MEMORY) \
	POINT(calloc, FAULT_NULL, MEMORY) \
	POINT(realloc, FAULT_NULL, MEMORY) \
	POINT(reallocarray, FAULT_NULL, MEMORY) \
	POINT(strdup, FAULT_NULL, MEMORY) \
	POINT(strndup, FAULT_NULL, MEMORY) \
	POINT(realpath, FAULT_NULL, LOOKS) \
	POINT(__realpath_chk, FAULT_NULL, LOOKS) \
	POINT(getcwd, FAULT_NULL, MEMORY) \
	POINT(fopen, FAULT_NULL, OPENS) \
	POINT(fdopen, FAULT_NULL, MEMORY) \
	POINT(open_memstream, FAULT_NULL, MEMORY) \
	POINT(opendir, FAULT_NULL, OPENS) \
	POINT(fdopendir, FAULT_NULL, MEMORY) \
	POINT(readdir, FAULT_NULL, LOOKS) \
	POINT(__getdelim, FAULT_MINUS_ONE, LOOKS) \
	POINT(fgets, FAULT_NULL, LOOKS) \
	POINT(fputs, FAULT_MINUS_ONE, WORKS) \
	POINT(fflush, FAULT_AFTER, WORKS) \
	POINT(fclose, FAULT_AFTER, WORKS) \
	POINT(closedir, FAULT_AFTER, LOOKS) \
	POINT(tsearch, FAULT_NULL, MEMORY) \
	POINT(seccomp_init, FAULT_NULL, MEMORY) \
	POINT(open, FAULT_MINUS_ONE, OPENS) \
	POINT(__open_2, FAULT_MINUS_ONE, OPENS) \
	POINT(openat, FAULT_MINUS_ONE, OPENS) \
	POINT(__openat_2, FAULT_MINUS_ONE, OPENS) \
	POINT(memfd_create, FAULT_MINUS_ONE, NUMBERS) \
	POINT(socket, FAULT_MINUS_ONE, NUMBERS) \
	POINT(socketpair, FAULT_MINUS_ONE, NUMBERS) \
	POINT(accept4, FAULT_MINUS_ONE, NUMBERS) \
	POINT(dup2, FAULT_MINUS_ONE, EMFILE, EINTR) \
	POINT(dup3, FAULT_MINUS_ONE, EMFILE, EINTR) \
	POINT(epoll_create1, FAULT_MINUS_ONE, NUMBERS) \
	POINT(signalfd, FAULT_MINUS_ONE, NUMBERS) \
	POINT(pipe2, FAULT_MINUS_ONE, NUMBERS) \
	POINT(epoll_ctl, FAULT_MINUS_ONE, ENOMEM, ENOSPC) \
	POINT(epoll_wait, FAULT_MINUS_ONE, EINTR, EIO) \
	POINT(poll, FAULT_MINUS_ONE, EINTR, ENOMEM) \
	POINT(nanosleep, FAULT_MINUS_ONE, EINTR) \
	POINT(read, FAULT_MINUS_ONE, EIO, EINTR, EAGAIN) \
	POINT(pread, FAULT_MINUS_ONE, EIO, EINTR) \
	POINT(pread64, FAULT_MINUS_ONE, EIO, EINTR) \
	POINT(write, FAULT_MINUS_ONE, EIO, EINTR, EAGAIN, ENOSPC) \
	POINT(pwritev2, FAULT_MINUS_ONE, EIO, EINTR) \
	POINT(lseek, FAULT_MINUS_ONE, EIO) \
	POINT(close, FAULT_AFTER, EINTR, EIO) \
	POINT(close_range, FAULT_MINUS_ONE, EMFILE, ENOMEM) \
	POINT(fcntl, FAULT_MINUS_ONE, EMFILE, EAGAIN) \
	POINT(ioctl, FAULT_MINUS_ONE, EINTR, ENOMEM, EIO) \
	POINT(mmap, FAULT_MINUS_ONE, ENOMEM, EAGAIN) \
	POINT(munmap, FAULT_MINUS_ONE, MEMORY) \
	POINT(madvise, FAULT_MINUS_ONE, ENOMEM, EAGAIN) \
	POINT(process_vm_readv, FAULT_MINUS_ONE, ENOMEM, EFAULT) \
	POINT(process_vm_writev, FAULT_MINUS_ONE, ENOMEM, EFAULT) \
	POINT(prlimit, FAULT_MINUS_ONE, EPERM, EINVAL) \
	POINT(prlimit64, FAULT_MINUS_ONE, EPERM, EINVAL) \
	POINT(getrlimit, FAULT_MINUS_ONE, EINVAL) \
	POINT(setrlimit, FAULT_MINUS_ONE, SETS) \
	POINT(prctl, FAULT_MINUS_ONE, SETS) \
	POINT(fork, FAULT_FORK, EAGAIN, ENOMEM) \
	POINT(kill, FAULT_MINUS_ONE, EPERM) \
	POINT(setpgid, FAULT_MINUS_ONE, EPERM) \
	POINT(sigaction, FAULT_MINUS_ONE, EINVAL) \
	POINT(sigprocmask, FAULT_MINUS_ONE, EINVAL) \
	POINT(setfsuid, FAULT_UNCHANGED, EPERM) \
	POINT(setfsgid, FAULT_UNCHANGED, EPERM) \
	POINT(setresuid, FAULT_MINUS_ONE, EAGAIN, EPERM) \
	POINT(setresgid, FAULT_MINUS_ONE, EAGAIN, EPERM) \
	POINT(setgroups, FAULT_MINUS_ONE, SETS) \
	POINT(getgroups, FAULT_MINUS_ONE, EINVAL) \
	POINT(capset, FAULT_MINUS_ONE, EPERM) \
	POINT(capget, FAULT_MINUS_ONE, EPERM) \
	POINT(cap_set_proc, FAULT_MINUS_ONE, EPERM) \
	POINT(cap_get_proc, FAULT_NULL, MEMORY) \
	POINT(syscall, FAULT_MINUS_ONE, ENOMEM, EMFILE, EINTR, EAGAIN) \
	POINT(getrandom, FAULT_MINUS_ONE, EINTR) \
	POINT(execve, FAULT_MINUS_ONE, ENOMEM, EIO) \
	POINT(execvp, FAULT_MINUS_ONE, ENOMEM, EIO) \
	POINT(chdir, FAULT_MINUS_ONE, LOOKS) \
	POINT(fchdir, FAULT_MINUS_ONE, LOOKS) \
	POINT(access, FAULT_MINUS_ONE, LOOKS) \
	POINT(fstat, FAULT_MINUS_ONE, LOOKS) \
	POINT(fstatat, FAULT_MINUS_ONE, LOOKS) \
	POINT(statx, FAULT_MINUS_ONE, LOOKS) \
	POINT(fstatfs, FAULT_MINUS_ONE, LOOKS) \
	POINT(fstatvfs, FAULT_MINUS_ONE, LOOKS) \
	POINT(readlink, FAULT_MINUS_ONE, LOOKS) \
	POINT(readlinkat, FAULT_MINUS_ONE, LOOKS) \
	POINT(getxattr, FAULT_MINUS_ONE, LOOKS) \
	POINT(fgetxattr, FAULT_MINUS_ONE, LOOKS) \
	POINT(listxattr, FAULT_MINUS_ONE, LOOKS) \
	POINT(flistxattr, FAULT_MINUS_ONE, LOOKS) \
	POINT(setxattr, FAULT_MINUS_ONE, WORKS) \
	POINT(fsetxattr, FAULT_MINUS_ONE, WORKS) \
	POINT(removexattr, FAULT_MINUS_ONE, WORKS) \
	POINT(fremovexattr, FAULT_MINUS_ONE, WORKS) \
	POINT(mkdir, FAULT_MINUS_ONE, WORKS) \
	POINT(mkdirat, FAULT_MINUS_ONE, WORKS) \
	POINT(rmdir, FAULT_MINUS_ONE, WORKS) \
	POINT(unlinkat, FAULT_MINUS_ONE, WORKS) \
	POINT(renameat, FAULT_MINUS_ONE, WORKS) \
	POINT(linkat, FAULT_MINUS_ONE, WORKS) \
	POINT(symlinkat, FAULT_MINUS_ONE, WORKS) \
	POINT(chmod, FAULT_MINUS_ONE, WORKS) \
	POINT(fchmod, FAULT_MINUS_ONE, WORKS) \
	POINT(fchmodat, FAULT_MINUS_ONE, WORKS) \
	POINT(fchown, FAULT_MINUS_ONE, WORKS) \
	POINT(fchownat, FAULT_MINUS_ONE, WORKS) \
	POINT(ftruncate, FAULT_MINUS_ONE, WORKS) \
	POINT(fallocate, FAULT_MINUS_ONE, WORKS) \
	POINT(futimens, FAULT_MINUS_ONE, WORKS) \
	POINT(utimensat, FAULT_MINUS_ONE, WORKS) \
	POINT(inotify_add_watch, FAULT_MINUS_ONE, WORKS) \
	POINT(fanotify_mark, FAULT_MINUS_ONE, WORKS) \
	POINT(bind, FAULT_MINUS_ONE, WORKS) \
	POINT(connect, FAULT_MINUS_ONE, TALKS) \
	POINT(listen, FAULT_MINUS_ONE, LOOKS) \
	POINT(shutdown, FAULT_MINUS_ONE, ENOTCONN) \
	POINT(getsockname, FAULT_MINUS_ONE, ENOBUFS) \
	POINT(getpeername, FAULT_MINUS_ONE, ENOBUFS) \
	POINT(getsockopt, FAULT_MINUS_ONE, ENOMEM) \
	POINT(setsockopt, FAULT_MINUS_ONE, ENOMEM) \
	POINT(recvmsg, FAULT_MINUS_ONE, TALKS) \
	POINT(sendmsg, FAULT_MINUS_ONE, TALKS) \
	POINT(send, FAULT_MINUS_ONE, TALKS) \
	POINT(sendto, FAULT_MINUS_ONE, TALKS)

#define FAULT_NUMBER(name, ...) FAULT_##name,
enum fault_number { FAULT_POINTS(FAULT_NUMBER) FAULT_COUNT };

#define FAULT_ROW(name, way, ...) { #name, way, { __VA_ARGS__ } },
static const struct fault_point fault_points[FAULT_COUNT] = { FAULT_POINTS(FAULT_ROW) };

static fault_function *fault_real[FAULT_COUNT];
static struct fault_log *fault_log;
static unsigned fault_place, fault_chosen, fault_choice, fault_number;
static struct fault_record fault_wanted;
static bool fault_goes_on;
static uint16_t fault_served;
/* What libc calls on its own behalf is part of the call that we saw. */
static __thread unsigned fault_depth;

static fault_function *fault_find(unsigned number)
{
	if (!fault_real[number])
		fault_real[number] = (fault_function *)dlsym(RTLD_NEXT, fault_points[number].name);
	return fault_real[number];
}

static int fault_error(const struct fault_point *point)
{
	unsigned count = 0;

	while (count < FAULT_ERRORS && point->errors[count])
		count++;
	return point->errors[fault_choice % count];
}

static bool fault_is_wanted(const struct fault_record *record)
{
	const struct fault_record *wanted = &fault_wanted;

	if (fault_place != fault_chosen)
		return false;
	if (fault_goes_on && fault_log->failed_count)
		return true;
	return record->caller == wanted->caller && record->function == wanted->function &&
	       record->call == wanted->call &&
	       __atomic_fetch_add(&fault_log->hits, 1, __ATOMIC_RELAXED) == fault_number;
}

/* The errno with which this call is to fail, or 0. */
static int fault_count(unsigned number, const struct fault_record *record)
{
	uint32_t index = __atomic_fetch_add(&fault_log->counts[fault_place], 1, __ATOMIC_RELAXED);
	int error = fault_error(&fault_points[number]);

	if (index < FAULT_CALLS)
		fault_log->records[fault_place][index] = *record;
	if (!fault_is_wanted(record) || (fault_log->failed_count && error != fault_log->failed_with))
		return 0;
	if (!fault_log->failed_count++) {
		fault_log->failed = *record;
		fault_log->failed_with = error;
	}
	return error;
}

static long fault_forward(unsigned number, const long args[7])
{
	fault_function *real = fault_find(number);
	long result;

	fault_depth++;
	result = real(args[0], args[1], args[2], args[3], args[4], args[5], args[6]);
	fault_depth--;
	if (fault_points[number].way == FAULT_FORK && (int)result == 0)
		fault_place = FAULT_FORKED;
	if (number == FAULT_ioctl && (uint32_t)args[1] == SECCOMP_IOCTL_NOTIF_RECV && (int)result == 0)
		fault_served = (uint16_t)((const struct seccomp_notif *)args[2])->data.nr;
	return result;
}

static long fault_call(unsigned number, const void *caller, const long args[7])
{
	struct fault_record record = { (uintptr_t)caller, (uint16_t)number, fault_served, (uint32_t)args[1] };
	int error;

	if (number == FAULT_syscall || number == FAULT_prctl)
		record.argument = (uint32_t)args[0];
	error = fault_log && !fault_depth ? fault_count(number, &record) : 0;
	if (!error)
		return fault_forward(number, args);
	if (fault_points[number].way == FAULT_UNCHANGED)
		return fault_forward(number, (const long[7]){ -1 });
	if (fault_points[number].way == FAULT_AFTER)
		fault_forward(number, args);
	errno = error;
	return fault_points[number].way == FAULT_NULL ? 0 : -1;
}

#define FAULT_WRAP(name, ...) \
	long faults_##name(long a, long b, long c, long d, long e, long f, long g) __asm__(#name); \
	__attribute__((visibility("default"))) long faults_##name( \
		long a, long b, long c, long d, long e, long f, long g) \
	{ \
		return fault_call(FAULT_##name, __builtin_return_address(0), (const long[7]){ a, b, c, d, e, f, g }); \
	}
FAULT_POINTS(FAULT_WRAP)

/* Where everything lies, for the reader of the records: the names of the functions, then the map. */
static void fault_describe(const char *file)
{
	char name[4096 + 8], line[4096];
	FILE *from, *to;

	snprintf(name, sizeof(name), "%s.map", file);
	from = fopen("/proc/self/maps", "re");
	to = fopen(name, "we");
	if (!from || !to)
		abort();
	for (unsigned i = 0; i < FAULT_COUNT; i++)
		fprintf(to, "%s ", fault_points[i].name);
	fputc('\n', to);
	while (fgets(line, sizeof(line), from))
		fputs(line, to);
	fclose(from);
	fclose(to);
}

__attribute__((constructor)) static void fault_begin(void)
{
	char *text = getenv("KENNEL_FAULT");
	char file[4096], kind[8];
	void *mapped;
	unsigned long caller;
	int fd;

	if (!text)
		return;
	if (sscanf(text, "%4095[^:]:%u:%lu:%hu:%hu:%u:%u:%7s", file, &fault_chosen, &caller, &fault_wanted.function,
		    &fault_wanted.call, &fault_number, &fault_choice, kind) != 8)
		abort();
	fault_wanted.caller = caller;
	fault_goes_on = strcmp(kind, "on") == 0;
	fault_describe(file);
	fd = open(file, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(struct fault_log)) < 0)
		abort();
	mapped = mmap(NULL, sizeof(struct fault_log), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (mapped == MAP_FAILED)
		abort();
	close(fd);
	for (unsigned i = 0; i < FAULT_COUNT; i++)
		fault_find(i);
	/* Neither is for the payload. */
	unsetenv("KENNEL_FAULT");
	unsetenv("LD_PRELOAD");
	fault_log = mapped;
}
