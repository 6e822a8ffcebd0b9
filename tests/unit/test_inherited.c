/*
 * Mask, dispositions and limits: saved, changed as Kennel changes them, given back.
 */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "core/inherited.h"
#include "tests/unit/forked.h"

TestSuite(inherited, .timeout = 60);

static void inherited_handler(int number)
{
	(void)number;
}

static void (*inherited_disposition(int number))(int)
{
	struct sigaction action;

	FORKED_EXPECT(sigaction(number, NULL, &action) == 0);
	return action.sa_handler;
}

/* What Kennel does to itself: everything blocked, SIGPIPE ignored, handlers, a raised limit. */
static void inherited_change(void)
{
	struct rlimit limit;
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGTERM, inherited_handler);
	signal(SIGHUP, SIG_DFL);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	FORKED_EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);
}

static void inherited_round_trip(void *context)
{
	struct inherited inherited;
	struct rlimit limit;
	sigset_t mask;

	(void)context;
	signal(SIGHUP, SIG_IGN);
	signal(SIGRTMAX, SIG_IGN);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGTERM, SIG_DFL);
	sigemptyset(&mask);
	sigaddset(&mask, SIGUSR1);
	sigprocmask(SIG_SETMASK, &mask, NULL);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = 100;
	FORKED_EXPECT(setrlimit(RLIMIT_NOFILE, &limit) == 0);

	inherited_save(&inherited);
	inherited_change();
	inherited_restore(&inherited);

	FORKED_EXPECT(inherited_disposition(SIGHUP) == SIG_IGN);
	FORKED_EXPECT(inherited_disposition(SIGRTMAX) == SIG_IGN);
	FORKED_EXPECT(inherited_disposition(SIGPIPE) == SIG_DFL);
	FORKED_EXPECT(inherited_disposition(SIGTERM) == SIG_DFL);
	sigprocmask(SIG_SETMASK, NULL, &mask);
	for (int number = 1; number < NSIG; number++)
		FORKED_EXPECT((sigismember(&mask, number) == 1) == (number == SIGUSR1));
	FORKED_EXPECT(getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == 100);
}

Test(inherited, all_of_it_is_given_back)
{
	int status = forked_run(inherited_round_trip, NULL);

	cr_expect_eq(status, 0, "%x", status);
}

static void inherited_only_reads(void *context)
{
	struct inherited first, second;

	(void)context;
	signal(SIGUSR2, inherited_handler);
	inherited_save(&first);
	inherited_save(&second);
	FORKED_EXPECT(sigismember(&first.ignored, SIGUSR2) == 0);
	FORKED_EXPECT(inherited_disposition(SIGUSR2) == inherited_handler);
	FORKED_EXPECT(first.nofile.rlim_cur == second.nofile.rlim_cur);
}

Test(inherited, saving_changes_nothing)
{
	cr_expect_eq(forked_run(inherited_only_reads, NULL), 0);
}

/* A signal that waited while everything was blocked must meet the default, not a handler of ours. */
static void inherited_pending_signal(void *context)
{
	struct inherited inherited;

	(void)context;
	inherited_save(&inherited);
	inherited_change();
	raise(SIGTERM);
	inherited_restore(&inherited);
}

Test(inherited, signal_that_waited_acts_when_the_mask_is_given_back)
{
	cr_expect_eq(forked_run(inherited_pending_signal, NULL), SIGTERM);
}
