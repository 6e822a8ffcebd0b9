/* What tests/vm/test_runner.py runs: tests that end in every way there is. It owns nothing. */
#include <criterion/criterion.h>
#include <signal.h>
#include <unistd.h>

static void sample_enter(void)
{
	dprintf(1, "entered\n");
}

TestSuite(sample, .init = sample_enter, .timeout = 120);

Test(sample, passes)
{
	cr_assert_eq(1 + 1, 2);
	cr_expect_str_eq("one", "one");
	printf("note: 7 things: told\nnot told\n");
}

Test(sample, fails_at_once)
{
	cr_assert_eq(1 + 1, 3, "said %d", 5);
	cr_expect(false, "beyond the end");
}

Test(sample, fails_and_goes_on)
{
	cr_expect_str_eq("one", "two");
	cr_expect(false, "reached");
}

Test(sample, is_skipped)
{
	cr_skip_test("no %s here", "moon");
}

Test(sample, crashes)
{
	raise(SIGSEGV);
}

Test(sample, exits)
{
	_exit(3);
}

Test(sample, exits_as_it_should, .exit_code = 3)
{
	_exit(3);
}

/* So does its child, which has the output too. */
Test(sample, hangs, .timeout = 0.2)
{
	fork();
	for (;;)
		pause();
}

Test(sample, fails_in_a_child)
{
	if (fork() == 0)
		cr_assert_fail("in the child");
	sleep(1);
}
