/*
 * Single numbers of /proc/TID/stat, behind a name that may hold anything; and lists of children.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/status.h"

/* More than fit into any buffer of ours, and into a page of the kernel's. */
#define CHILDREN_COUNT 900

TestSuite(status, .timeout = 120);

static int open_proc(void)
{
	int fd = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);

	cr_assert_geq(fd, 0);
	return fd;
}

Test(status, a_field_is_found_behind_a_name_that_looks_like_fields)
{
	int proc = open_proc();
	int value;

	cr_assert_eq(prctl(PR_SET_NAME, "a) b 7 (8 9"), 0);
	cr_assert_eq(status_field(proc, getpid(), 4, &value), 0);
	cr_expect_eq(value, getppid());
	cr_assert_eq(status_field(proc, getpid(), 5, &value), 0);
	cr_expect_eq(value, getpgrp());
	cr_assert_eq(status_field(proc, getpid(), 6, &value), 0);
	cr_expect_eq(value, getsid(0));
	close(proc);
}

Test(status, a_state_is_a_letter_behind_the_name)
{
	pid_t child = fork();
	char state;

	if (child == 0) {
		prctl(PR_SET_NAME, ") R");
		raise(SIGSTOP);
		_exit(0);
	}
	cr_assert_eq(waitpid(child, NULL, WUNTRACED), child);
	cr_assert_eq(status_state(child, &state), 0);
	cr_expect_eq(state, 'T');
	kill(child, SIGKILL);
	cr_assert_eq(waitpid(child, NULL, 0), child);
	cr_expect_eq(status_state(child, &state), -ESRCH);
}

Test(status, a_field_that_is_not_there_or_no_number_is_nobodys)
{
	int proc = open_proc();
	int value;

	cr_expect_eq(status_field(proc, getpid(), 3, &value), -ESRCH); /* a letter */
	cr_expect_eq(status_field(proc, getpid(), 400, &value), -ESRCH);
	close(proc);
}

Test(status, a_process_that_is_gone_has_no_fields)
{
	int proc = open_proc();
	pid_t child = fork();
	int value;

	if (child == 0)
		_exit(0);
	cr_assert_eq(waitpid(child, NULL, 0), child);
	cr_expect_eq(status_field(proc, child, 4, &value), -ESRCH);
	close(proc);
}

static pid_t children[CHILDREN_COUNT], told[CHILDREN_COUNT + 1];

Test(status, all_children_are_told_when_their_list_needs_many_reads)
{
	for (unsigned i = 0; i < CHILDREN_COUNT; i++) {
		children[i] = fork();
		if (children[i] == 0) {
			pause();
			_exit(0);
		}
		cr_assert_gt(children[i], 0);
	}
	cr_expect_eq(status_children("/proc/thread-self/children", told, CHILDREN_COUNT + 1), CHILDREN_COUNT);
	for (unsigned i = 0; i < CHILDREN_COUNT; i++)
		cr_expect_eq(told[i], children[i]);
	cr_expect_eq(status_children("/proc/thread-self/children", told, 3), 3);
	for (unsigned i = 0; i < CHILDREN_COUNT; i++) {
		kill(children[i], SIGKILL);
		waitpid(children[i], NULL, 0);
	}
	cr_expect_eq(status_children("/proc/thread-self/children", told, 3), 0);
	cr_expect_eq(status_children("/proc/nobody/children", told, 3), 0);
}
