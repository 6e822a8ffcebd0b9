/* What a test writes, compared as a whole. */
#ifndef KENNEL_TESTS_VM_CRITERION_REDIRECT_H
#define KENNEL_TESTS_VM_CRITERION_REDIRECT_H
#pragma GCC system_header

#define cr_redirect_stdout() runner_redirect(1)
#define cr_redirect_stderr() runner_redirect(2)
#define cr_assert_stdout_eq_str(expected, ...) \
	RUNNER_CHECK(RUNNER_END, runner_same_output(1, expected), "stdout is " #expected, __VA_ARGS__)
#define cr_assert_stderr_eq_str(expected, ...) \
	RUNNER_CHECK(RUNNER_END, runner_same_output(2, expected), "stderr is " #expected, __VA_ARGS__)

#endif
