/*
 * Many processes that make the same call at once, for so many milliseconds: prints how many calls a second they
 * made together, and in nanoseconds the median call and the one that waited longest. It is run natively
 * and under whatever intercepts; it knows nothing of them and checks every result.
 */
#include "bench/numbers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CROWD_MAX 4096
/* Sixteen steps for each power of two: a median is right to a sixteenth. */
#define CROWD_STEPS 16
#define CROWD_BUCKETS ((size_t)64 * CROWD_STEPS)

/* One process's; in memory that all share. */
struct member {
	uint64_t calls, worst_ns, ended_ns;
	uint32_t took[CROWD_BUCKETS];
};

struct crowd {
	uint64_t started_ns, ends_ns;
	struct member members[];
};

typedef bool call_fn(const char *file);

static bool crowd_stat(const char *file)
{
	struct stat result;

	return syscall(SYS_newfstatat, AT_FDCWD, file, &result, 0) == 0;
}

static bool crowd_open(const char *file)
{
	int fd = (int)syscall(SYS_openat, AT_FDCWD, file, O_RDONLY | O_CLOEXEC);

	return fd >= 0 && close(fd) == 0;
}

static uint64_t crowd_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static size_t crowd_bucket(uint64_t ns)
{
	unsigned power = ns < CROWD_STEPS ? 0 : 63u - (unsigned)__builtin_clzll(ns) - 3;

	return ns < CROWD_STEPS ? ns : (size_t)power * CROWD_STEPS + (ns >> (power - 1)) % CROWD_STEPS;
}

/* The middle of what falls into a bucket. */
static double crowd_value(size_t bucket)
{
	size_t power = bucket / CROWD_STEPS, step = bucket % CROWD_STEPS;

	return power == 0 ? (double)step : ((double)(CROWD_STEPS + step) + 0.5) * (double)(UINT64_C(1) << (power - 1));
}

/* What a first call costs is not counted. Afterwards at least one is, however late its turn comes. */
static int crowd_member(struct crowd *crowd, struct member *member, const char *file, call_fn *call, const int gates[2])
{
	uint64_t before, after;
	char byte;

	member->took[0] = 0;
	byte = call(file) ? 'y' : 'n';
	if (write(gates[1], &byte, 1) != 1 || byte == 'n' || read(gates[0], &byte, 1) != 0)
		return 1;
	after = crowd_now_ns();
	do {
		before = after;
		if (!call(file))
			return 1;
		after = crowd_now_ns();
		member->calls++;
		member->took[crowd_bucket(after - before)]++;
		if (after - before > member->worst_ns)
			member->worst_ns = after - before;
	} while (after < crowd->ends_ns);
	member->ended_ns = after;
	return 0;
}

static double crowd_median(const struct crowd *crowd, size_t count, uint64_t calls)
{
	uint64_t seen = 0;

	for (size_t bucket = 0; bucket < CROWD_BUCKETS; bucket++) {
		for (size_t i = 0; i < count; i++)
			seen += crowd->members[i].took[bucket];
		if (seen * 2 >= calls)
			return crowd_value(bucket);
	}
	return 0;
}

static void crowd_print(const struct crowd *crowd, size_t count)
{
	uint64_t calls = 0, worst_ns = 0, ended_ns = 0;

	for (size_t i = 0; i < count; i++) {
		const struct member *member = &crowd->members[i];

		calls += member->calls;
		worst_ns = member->worst_ns > worst_ns ? member->worst_ns : worst_ns;
		ended_ns = member->ended_ns > ended_ns ? member->ended_ns : ended_ns;
	}
	printf("rate %.0f median_ns %.0f worst_ns %llu\n", (double)calls * 1e9 / (double)(ended_ns - crowd->started_ns),
		crowd_median(crowd, count, calls), (unsigned long long)worst_ns);
}

/* Waits for so many at the gate; whether all of them could make the call. */
static bool crowd_gather(size_t count, int arrivals)
{
	bool all = true;
	char byte;

	for (; count > 0 && read(arrivals, &byte, 1) == 1; count--)
		all = all && byte == 'y';
	return all && count == 0;
}

/* Opens the gate by closing its only other end, once all are there. */
static int crowd_run(struct crowd *crowd, size_t count, uint64_t ms, const char *file, call_fn *call)
{
	int gate[2], arrivals[2], status, failed = 0;
	size_t started = 0;

	if (pipe(gate) < 0 || pipe(arrivals) < 0)
		return -errno;
	for (; started < count && !failed; started += !failed) {
		pid_t pid = fork();

		if (pid == 0) {
			close(gate[1]);
			_exit(crowd_member(
				crowd, &crowd->members[started], file, call, (int[2]){ gate[0], arrivals[1] }));
		}
		if (pid < 0)
			failed = -errno;
	}
	close(arrivals[1]);
	if (!crowd_gather(started, arrivals[0]) && !failed)
		failed = -EIO;
	crowd->started_ns = crowd_now_ns();
	crowd->ends_ns = crowd->started_ns + ms * 1000000;
	close(gate[1]);
	while (wait(&status) > 0)
		if (status != 0)
			failed = failed ? failed : -EIO;
	return failed;
}

int main(int argc, char **argv)
{
	size_t count = argc == 5 ? strtoul(argv[1], NULL, 10) : 0, size = sizeof(struct crowd);
	call_fn *call = NULL;
	struct crowd *crowd;
	int result;

	if (argc == 5)
		call = !strcmp(argv[4], "stat") ? crowd_stat : !strcmp(argv[4], "open") ? crowd_open : NULL;
	if (count == 0 || count > CROWD_MAX || !call) {
		fprintf(stderr, "usage: crowd PROCESSES MS FILE stat|open\n");
		return 2;
	}
	size += count * sizeof(struct member);
	crowd = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	result = crowd == MAP_FAILED ? -errno : crowd_run(crowd, count, strtoul(argv[2], NULL, 10), argv[3], call);
	if (result < 0) {
		fprintf(stderr, "crowd: %s\n", strerror(-result));
		return 1;
	}
	crowd_print(crowd, count);
	return 0;
}
