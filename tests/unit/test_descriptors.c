/*
 * Closing all but a list, in children: the test's own descriptors are Criterion's.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "core/descriptors.h"
#include "core/util.h"
#include "tests/unit/forked.h"

TestSuite(descriptors, .timeout = 60);

#define OPEN_MAX_HERE 64

struct keep_list {
	int numbers[8];
	unsigned count;
};

static void descriptors_keep(void *context)
{
	const struct keep_list *keep = context;

	for (int fd = 0; fd < OPEN_MAX_HERE; fd++)
		if (fd != 2 && dup2(2, fd) < 0)
			_exit(1);
	if (descriptors_close_others(keep->numbers, keep->count) != 0)
		_exit(2);
	for (int fd = 0; fd < 4096; fd++) {
		bool kept = false;

		for (unsigned i = 0; i < keep->count; i++)
			kept |= keep->numbers[i] == fd;
		if (kept != (fcntl(fd, F_GETFD) >= 0))
			_exit(3);
	}
}

Test(descriptors, only_those_listed_stay)
{
	static struct keep_list lists[] = {
		{ { 0 }, 0 },
		{ { 0 }, 1 },
		{ { 5 }, 1 },
		{ { 0, 1, 2 }, 3 },
		{ { 1, 2, 3, 63 }, 4 },
		{ { 0, 2, 4, 6, 62 }, 5 },
		{ { 3, 3, 9 }, 3 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(lists); i++)
		cr_expect_eq(forked_run(descriptors_keep, &lists[i]), 0, "list %zu", i);
}

/* A limit that was lowered after the descriptor was made leaves it open above the limit. */
static void descriptors_beyond_the_limit(void *context)
{
	struct rlimit limit;

	(void)context;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max < 4096 ? limit.rlim_max : 4096;
	setrlimit(RLIMIT_NOFILE, &limit);
	FORKED_EXPECT(dup2(2, (int)limit.rlim_cur - 1) >= 0);
	limit.rlim_cur = 16;
	FORKED_EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
	FORKED_EXPECT(fcntl((int)(limit.rlim_max < 4096 ? limit.rlim_max : 4096) - 1, F_GETFD) >= 0);
	FORKED_EXPECT(descriptors_close_others((const int[]){ 2 }, 1) == 0);
	FORKED_EXPECT(fcntl((int)(limit.rlim_max < 4096 ? limit.rlim_max : 4096) - 1, F_GETFD) < 0);
	FORKED_EXPECT(fcntl(2, F_GETFD) >= 0);
}

Test(descriptors, numbers_above_the_limit_are_closed_too)
{
	cr_expect_eq(forked_run(descriptors_beyond_the_limit, NULL), 0);
}
