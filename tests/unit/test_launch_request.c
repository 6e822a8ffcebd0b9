/*
 * What is packed comes out again, from a memfd that another process may map.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/launch_request.h"
#include "core/util.h"

TestSuite(launch_request, .timeout = 60);

static struct sock_filter instructions[4096];
static const struct inherited nothing_inherited;

static struct launch_request launch_request_round_trip(const struct launch_spec *spec)
{
	struct launch_request request = { 0 };
	int fd = launch_request_write(spec);

	cr_assert_geq(fd, 0, "%d", fd);
	cr_expect_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	cr_assert_eq(launch_request_read(fd, &request), 0);
	close(fd);
	return request;
}

static void launch_request_expect_strings(char *const *found, char *const *expected)
{
	for (; *expected; expected++, found++) {
		cr_assert_not_null(*found);
		cr_expect_str_eq(*found, *expected);
	}
	cr_expect_null(*found);
}

/* A request with nothing but strings and descriptors; both filters are the same. */
#define SPEC(argv_, envp_, filters, kept_, count) \
	{ \
		.argv = (argv_), .envp = (envp_), .guard = (filters), .filter = (filters), .kept = (kept_), \
		.kept_count = (count), .ruleset = -1, .inherited = &nothing_inherited \
	}

Test(launch_request, everything_comes_back)
{
	char *argv[] = { "command", "", "with space", "\xff\x01", NULL };
	char *envp[] = { "A=1", "EMPTY=", "", NULL };
	struct sock_fprog guard = { 3, instructions }, filter = { 4096, instructions };
	struct inherited inherited = { .nofile = { 10, 20 } };
	int kept[] = { 0, 1, 2, 9 };
	struct launch_spec spec = { .argv = argv,
		.envp = envp,
		.guard = &guard,
		.filter = &filter,
		.kept = kept,
		.kept_count = 4,
		.process_group = 77,
		.listens = true,
		.scope_signals = true,
		.ruleset = 5,
		.inherited = &inherited };
	struct launch_request request;

	for (unsigned i = 0; i < ARRAY_SIZE(instructions); i++)
		instructions[i] = (struct sock_filter){ 6, (uint8_t)i, (uint8_t)(i >> 8), i * 3 };
	sigemptyset(&inherited.mask);
	sigaddset(&inherited.mask, SIGUSR2);
	request = launch_request_round_trip(&spec);
	launch_request_expect_strings(request.argv, argv);
	launch_request_expect_strings(request.envp, envp);
	cr_expect(request.guard.len == 3 && request.filter.len == 4096);
	cr_expect_arr_eq(request.guard.filter, instructions, 3 * sizeof(struct sock_filter));
	cr_expect_arr_eq(request.filter.filter, instructions, sizeof(instructions));
	cr_expect_eq(request.header->kept_count, 4);
	cr_expect_arr_eq(request.header->kept, kept, sizeof(kept));
	cr_expect_eq(request.header->process_group, 77);
	cr_expect(request.header->scope_signals && request.header->listens && request.header->ruleset);
	cr_expect_arr_eq(&request.header->inherited, &inherited, sizeof(inherited));
}

Test(launch_request, nothing_but_a_command_comes_back)
{
	char *argv[] = { "a", NULL }, *envp[] = { NULL };
	struct sock_fprog none = { 0, NULL };
	struct launch_spec spec = SPEC(argv, envp, &none, NULL, 0);
	struct launch_request request = launch_request_round_trip(&spec);

	launch_request_expect_strings(request.argv, argv);
	launch_request_expect_strings(request.envp, envp);
	cr_expect(request.guard.len == 0 && request.filter.len == 0);
	cr_expect(!request.header->scope_signals && !request.header->listens && !request.header->ruleset);
}

Test(launch_request, long_arguments_come_back)
{
	char *argv[2002], *envp[] = { NULL };
	struct sock_fprog none = { 0, NULL };
	struct launch_spec spec = SPEC(argv, envp, &none, NULL, 0);
	struct launch_request request;

	for (unsigned i = 0; i < 2000; i++)
		argv[i] = (i % 2) ? "word" : "";
	argv[2000] = calloc(1, 131072);
	memset(argv[2000], 'x', 131071);
	argv[2001] = NULL;
	request = launch_request_round_trip(&spec);
	launch_request_expect_strings(request.argv, argv);
}

Test(launch_request, as_many_descriptors_as_fit_and_no_more)
{
	char *argv[] = { "a", NULL }, *envp[] = { NULL };
	struct sock_fprog none = { 0, NULL };
	int kept[LAUNCH_KEPT_MAX + 1];
	struct launch_spec spec = SPEC(argv, envp, &none, kept, LAUNCH_KEPT_MAX);
	struct launch_request request;

	for (int i = 0; i <= LAUNCH_KEPT_MAX; i++)
		kept[i] = i * 2;
	request = launch_request_round_trip(&spec);
	cr_expect_arr_eq(request.header->kept, kept, LAUNCH_KEPT_MAX * sizeof(int));
	spec.kept_count++;
	cr_expect_eq(launch_request_write(&spec), -EINVAL);
}

Test(launch_request, reader_does_not_change_what_was_written)
{
	char *argv[] = { "before", NULL }, *envp[] = { NULL };
	struct sock_fprog none = { 0, NULL };
	struct launch_spec spec = SPEC(argv, envp, &none, NULL, 0);
	struct launch_request first, second;
	int fd = launch_request_write(&spec);

	cr_assert_eq(launch_request_read(fd, &first), 0);
	first.argv[0][0] = 'X';
	cr_assert_eq(launch_request_read(fd, &second), 0);
	cr_expect_str_eq(second.argv[0], "before");
}

Test(launch_request, unreadable_requests_are_errors)
{
	struct launch_request request;
	int empty = memfd_create("empty", MFD_CLOEXEC);

	cr_expect_eq(launch_request_read(-1, &request), -EBADF);
	cr_expect_lt(launch_request_read(empty, &request), 0);
}
